//! What stands in the platform's log and in the tenant's.

use serde_json::{Value, json};

use super::{Acting, lines};

#[tokio::test]
async fn both_logs_tell_of_beginning_and_end_with_both_people_and_the_reason() {
    let it = Acting::new().await;
    it.operator.delete(&it.path).await.expect(204);
    // A second time changes nothing.
    it.operator.delete(&it.path).await.expect(204);
    for (log, name) in [(&it.operator, "platform"), (&it.ada, "tenant")] {
        for (action, side) in [
            ("impersonation.started", "after"),
            ("impersonation.ended", "before"),
        ] {
            let found = lines(log, action).await;
            assert_eq!(found.len(), 1, "{action} in the {name}'s log");
            let line = &found[0];
            assert_eq!(line["actor_kind"], "operator", "{line}");
            assert_eq!(line["actor_id"], it.operator.id().to_string());
            assert_eq!(line[side]["operator_id"], it.operator.id().to_string());
            assert_eq!(line[side]["user_id"], it.ada.id().to_string());
            assert_eq!(line[side]["tenant_id"], it.own.tenant.id().to_string());
            assert_eq!(line[side]["reason"], "ticket 4711");
        }
        let verdict = log.get("/audit/verify").await.expect(200);
        assert_eq!(verdict["valid"], true, "{name}");
    }
}

#[tokio::test]
async fn everything_done_as_the_user_names_the_operator_too() {
    let it = Acting::new().await;
    let project = json!({ "name": "moon" });
    it.as_ada.post("/projects", &project).await.expect(201);
    let refused = it.as_ada.delete("/users/me").await;
    refused.expect_problem(403, "impersonated");
    it.as_ada
        .post("/auth/logout", &Value::Null)
        .await
        .expect(204);
    let log = it.ada.get("/audit/logs?limit=100").await.expect(200);
    let log = log["data"].as_array().unwrap();
    let of_ada = log
        .iter()
        .filter(|line| line["actor_id"] == it.ada.id().to_string());
    let actions: Vec<_> = of_ada
        .map(|line| {
            assert_eq!(
                line["impersonator_id"],
                it.operator.id().to_string(),
                "{line}"
            );
            line["action"].as_str().unwrap()
        })
        .collect();
    for action in ["project.created", "session.ended"] {
        assert!(actions.contains(&action), "{actions:?}");
    }
}

#[tokio::test]
async fn what_the_user_does_meanwhile_names_nobody_else() {
    let it = Acting::new().await;
    let project = json!({ "name": "mars" });
    it.ada.post("/projects", &project).await.expect(201);
    let line = &lines(&it.ada, "project.created").await[0];
    assert_eq!(line["impersonator_id"], Value::Null);
}
