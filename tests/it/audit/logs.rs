//! Admins read their own tenant's log, page by page and by what they look for.

use serde_json::{Value, json};
use tenantry::testkit::TestTenant;

use super::{entries, make_projects};

fn texts(entries: &[Value], field: &str) -> Vec<String> {
    let text = |entry: &Value| entry[field].as_str().unwrap_or_default().to_owned();
    entries.iter().map(text).collect()
}

#[tokio::test]
async fn pages_are_newest_first_and_stable_while_the_log_grows() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    make_projects(&admin, &["a", "b", "c", "d"]).await;
    let mut seen = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let page = admin.get(&format!("/audit/logs{query}")).await.expect(200);
        let places = page["data"].as_array().unwrap().iter();
        seen.extend(places.map(|entry| entry["seq"].as_i64().unwrap()));
        make_projects(&admin, &[&format!("later{}", seen.len())]).await;
        match page["next_cursor"].as_str() {
            Some(cursor) => query = format!("?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn every_filter_holds_and_all_of_them_together() {
    let acme = TestTenant::new().await;
    let (admin, bob) = (acme.admin("ada").await, acme.member("bob").await);
    make_projects(&admin, &["a"]).await;
    make_projects(&bob, &["b", "c"]).await;
    let projects = entries(&admin, "?resource=project").await;
    assert_eq!(projects.len(), 3);
    assert_eq!(entries(&admin, "?action=user.created").await.len(), 2);
    let by_bob = format!("?actor={}", bob.id());
    let of_bob = entries(&admin, &by_bob).await;
    assert_eq!(
        texts(&of_bob, "action"),
        ["project.created", "project.created"]
    );
    let one = projects[0]["resource_id"].as_str().unwrap();
    let found = entries(&admin, &format!("?resource_id={one}")).await;
    assert_eq!(texts(&found, "id"), texts(&projects[..1], "id"));
    let at = projects[1]["at"].as_str().unwrap().replace('+', "%2B");
    let later = entries(&admin, &format!("?from={at}")).await;
    assert_eq!(texts(&later, "id"), texts(&projects[..2], "id"));
    let earlier = entries(&admin, &format!("?resource=project&to={at}")).await;
    assert_eq!(texts(&earlier, "id"), texts(&projects[2..], "id"));
    let all = format!("{by_bob}&resource=project&action=project.created&to={at}");
    assert!(entries(&admin, &all).await.is_empty());
}

#[tokio::test]
async fn an_entry_says_who_did_what_and_what_changed() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let made = admin.post("/projects", &json!({ "name": "moon" })).await;
    let id = made.expect(201)["id"].clone();
    let body = json!({ "name": "mars" });
    let path = format!("/projects/{}", id.as_str().unwrap());
    let changed = admin.patch(&path, &body).await;
    changed.expect(200);

    let newest = &entries(&admin, "?limit=1").await[0];
    let path = format!("/audit/logs/{}", newest["id"].as_str().unwrap());
    let entry = admin.get(&path).await.expect(200);
    assert_eq!(&entry, newest);
    assert_eq!(entry["actor_kind"], "user");
    assert_eq!(entry["actor_id"], json!(admin.id()));
    assert_eq!(entry["action"], "project.updated");
    assert_eq!(entry["resource_id"], id);
    assert_eq!(entry["before"]["name"], "moon");
    assert_eq!(entry["after"]["name"], "mars");
    assert_eq!(entry["request_id"], changed.header("x-request-id"));
    assert_eq!(entry["hash"].as_str().unwrap().len(), 64);
}

#[tokio::test]
async fn nobody_reads_another_tenants_log_by_cursor_or_id() {
    let (acme, globex) = (TestTenant::new().await, TestTenant::new().await);
    let (ada, hank) = (acme.admin("ada").await, globex.admin("hank").await);
    make_projects(&ada, &["a", "b"]).await;
    let page = ada.get("/audit/logs?limit=1").await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let foreign = format!("?cursor={cursor}");
    assert!(entries(&hank, &foreign).await.is_empty());
    let path = format!("/audit/logs/{}", page["data"][0]["id"].as_str().unwrap());
    hank.get(&path).await.expect_problem(404, "not_found");
    assert_eq!(texts(&entries(&hank, "").await, "action"), ["user.created"]);
}
