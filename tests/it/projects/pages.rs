//! A list read page by page shows each project once, whatever is written meanwhile.

use serde_json::Value;
use tenantry::testkit::{Actor, TestTenant};

use super::{made, path};

async fn page(actor: &Actor, limit: u32, cursor: &Value) -> Value {
    let cursor = cursor.as_str().map(|cursor| format!("&cursor={cursor}"));
    let query = format!("/projects?limit={limit}{}", cursor.unwrap_or_default());
    actor.get(&query).await.expect(200)
}

fn names(page: &Value) -> Vec<String> {
    let entries = page["data"].as_array().unwrap().iter();
    let name = |entry: &Value| entry["name"].as_str().unwrap().to_owned();
    entries.map(name).collect()
}

#[tokio::test]
async fn pages_show_each_project_once_while_others_come_and_go() {
    let acme = TestTenant::new().await;
    let ada = acme.member("ada").await;
    let mut paths = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        paths.push(made(&ada, name).await);
    }
    let first = page(&ada, 2, &Value::Null).await;
    assert_eq!(names(&first), ["a", "b"]);
    assert_eq!(first["has_more"], true);

    // What was shown goes, the cursor's own entry too; what is ahead changes; something new comes.
    ada.delete(&paths[0]).await.expect(204);
    ada.delete(&paths[1]).await.expect(204);
    let renamed = serde_json::json!({ "name": "0" });
    ada.patch(&paths[3], &renamed).await.expect(200);
    made(&ada, "f").await;

    let second = page(&ada, 2, &first["next_cursor"]).await;
    assert_eq!(names(&second), ["c", "0"]);
    let third = page(&ada, 2, &second["next_cursor"]).await;
    assert_eq!(names(&third), ["e", "f"]);
    assert_eq!(third["has_more"], false);
    assert_eq!(third["next_cursor"], Value::Null);
}

#[tokio::test]
async fn a_list_shows_twenty_entries_unless_it_is_asked_for_more() {
    let acme = TestTenant::new().await;
    let ada = acme.member("ada").await;
    for n in 0..21 {
        made(&ada, &format!("project {n}")).await;
    }
    let list = ada.get("/projects").await.expect(200);
    assert_eq!(names(&list).len(), 20);
    assert_eq!(names(&page(&ada, 100, &Value::Null).await).len(), 21);
    for limit in ["0", "101", "-1", "many", ""] {
        let answer = ada.get(&format!("/projects?limit={limit}")).await;
        answer.expect_problem(422, "validation_failed");
    }
}

#[tokio::test]
async fn a_cursor_of_one_tenant_shows_nothing_of_another() {
    let (acme, globex) = (TestTenant::new().await, TestTenant::new().await);
    let (ada, eve) = (acme.member("ada").await, globex.member("eve").await);
    let first = made(&ada, "a").await;
    made(&ada, "b").await;
    let secret = made(&eve, "secret").await;
    let cursor = &page(&ada, 1, &Value::Null).await["next_cursor"];
    assert_eq!(names(&page(&eve, 100, cursor).await), ["secret"]);
    let list = page(&ada, 100, &Value::Null).await;
    assert_eq!(path(&list["data"][0]), first);
    ada.get(&secret).await.expect_problem(404, "not_found");
}
