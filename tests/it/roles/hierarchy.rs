//! Nobody makes or changes a role that does not stand below them, or leaves one that holds what they do not.

use serde_json::json;
use tenantry::testkit::TestTenant;

use super::{bearer, grant, make};

#[tokio::test]
async fn a_rank_is_below_the_callers_own() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    make(
        &admin,
        "chief",
        29,
        &[grant("permissions:manage", "tenant")],
    )
    .await;
    for rank in [0, 30, -1, 40] {
        let answer = admin
            .post("/roles", &json!({ "name": "x", "rank": rank }))
            .await;
        let problem = answer.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/rank");
    }
    let chief = bearer(&admin, &acme, "chi", "chief").await;
    let body = json!({ "name": "equal", "rank": 29 });
    let answer = chief.post("/roles", &body).await;
    answer.expect_problem(403, "role_hierarchy");
    make(&chief, "below", 28, &[]).await;
}

#[tokio::test]
async fn a_role_that_does_not_stand_below_the_caller_is_not_changed_by_them() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let manage = [
        grant("permissions:manage", "tenant"),
        grant("projects:read", "tenant"),
    ];
    make(&admin, "chief", 25, &manage).await;
    make(&admin, "peer", 25, &[]).await;
    let chief = bearer(&admin, &acme, "chi", "chief").await;
    for role in ["chief", "peer"] {
        let path = format!("/permissions/roles/{role}");
        for answer in [
            chief.put(&path, &json!({ "permissions": [] })).await,
            chief.delete(&format!("/roles/{role}")).await,
        ] {
            answer.expect_problem(403, "role_hierarchy");
        }
    }
}

#[tokio::test]
async fn nobody_leaves_a_role_with_what_they_do_not_hold() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let manage = [
        grant("permissions:manage", "tenant"),
        grant("projects:write", "own"),
    ];
    make(&admin, "chief", 25, &manage).await;
    let audits = [
        grant("audit:view", "tenant"),
        grant("projects:write", "own"),
    ];
    make(&admin, "below", 5, &audits).await;
    let chief = bearer(&admin, &acme, "chi", "chief").await;

    let beyond = [
        json!([grant("audit:view", "tenant")]),
        json!([grant("projects:write", "tenant")]),
    ];
    for grants in beyond {
        let body = json!({ "name": "mine", "rank": 5, "permissions": grants });
        let answer = chief.post("/roles", &body).await;
        answer.expect_problem(403, "beyond_own_grants");
        let body = json!({ "permissions": grants });
        make(&admin, "scratch", 5, &[]).await;
        let answer = chief.put("/permissions/roles/scratch", &body).await;
        answer.expect_problem(403, "beyond_own_grants");
        admin.delete("/roles/scratch").await.expect(204);
    }
    // Nor adds to one that holds more than they do.
    let one = grant("permissions:manage", "tenant");
    let answer = chief.post("/permissions/roles/below/permissions", &one);
    let answer = answer.await;
    answer.expect_problem(403, "beyond_own_grants");
    // To take away is to grant nothing.
    let path = "/permissions/roles/below/permissions/projects:write";
    chief.delete(path).await.expect(204);
}

#[tokio::test]
async fn who_only_views_permissions_changes_none() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    make(&admin, "viewer", 25, &[grant("permissions:view", "tenant")]).await;
    let viewer = bearer(&admin, &acme, "vi", "viewer").await;
    viewer.get("/roles").await.expect(200);
    viewer.get("/permissions").await.expect(200);
    let answer = viewer
        .post("/roles", &json!({ "name": "mine", "rank": 1 }))
        .await;
    answer.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn nobody_takes_over_who_may_do_what_they_may_not() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let takes_over = ["users:read", "passwords:change", "emails:change"];
    let takes_over = takes_over.map(|permission| grant(permission, "tenant"));
    make(&admin, "helpdesk", 25, &takes_over).await;
    make(&admin, "auditor", 15, &[grant("audit:view", "tenant")]).await;
    make(&admin, "reader", 15, &[grant("users:read", "tenant")]).await;
    let helpdesk = bearer(&admin, &acme, "helen", "helpdesk").await;
    for (name, role, status) in [("audrey", "auditor", 403), ("rita", "reader", 204)] {
        let user = bearer(&admin, &acme, name, role).await;
        let me = user.get("/users/me").await.expect(200);
        let path = format!("/users/{}", me["id"].as_str().unwrap());
        let new = json!({ "new_password": "eight green submarines" });
        let answer = helpdesk.post(&format!("{path}/password"), &new).await;
        assert_eq!(answer.status, status, "{role}: {}", answer.text);
        if status == 403 {
            answer.expect_problem(403, "role_hierarchy");
            let new = json!({ "email": "helen@elsewhere.example.com" });
            let answer = helpdesk.patch(&format!("{path}/email"), &new).await;
            answer.expect_problem(403, "role_hierarchy");
        }
    }
}
