//! A key from its making to its use.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use tenantry::tenancy::{Sql, TenantKey};
use tenantry::testkit::{Answer, TestTenant};

use super::{issued, key, path, program};
use crate::auth::{Own, soon};

const KEPT: Sql = Sql::new(
    "test.kept",
    "SELECT coalesce(string_agg(to_jsonb(k)::text || to_jsonb(i)::text, ' '), '') AS text \
     FROM api_keys k, idempotency_keys i",
);
const ACTORS: Sql = Sql::new(
    "test.actors",
    "SELECT actor_kind, actor_id FROM audit_log WHERE action = 'project.created'",
);

#[tokio::test]
async fn a_key_is_shown_once_and_its_description_always() {
    let acme = TestTenant::new().await;
    let ada = acme.member("ada").await;
    let body = json!({ "name": "ci", "scopes": ["projects:read"] });
    let answer = ada.post("/api-keys", &body).await;
    let made = answer.expect(201);
    assert_eq!(answer.header("location"), format!("/api/v1{}", path(&made)));
    assert_eq!(answer.header("cache-control"), "no-store");
    let (text, prefix) = (key(&made), made["api_key"]["prefix"].as_str().unwrap());
    assert!(text.starts_with(&format!("tnt_{}_", acme.id().0.simple())));
    assert!(text.starts_with(prefix) && text.len() > prefix.len() + 30);

    let found = ada.get(&path(&made)).await;
    assert_eq!(found.expect(200), made["api_key"]);
    assert!(!found.text.contains(text));
    let list = ada.get("/api-keys").await;
    assert_eq!(list.expect(200)["data"], json!([made["api_key"]]));
    assert!(!list.text.contains(text));
}

#[tokio::test]
async fn a_key_acts_as_its_owner_and_the_audit_says_that_it_was_the_key() {
    let own = Own::new().await;
    let ada = own.tenant.member("ada").await;
    let made = issued(&ada, &["projects:read", "projects:write"]).await;
    let ci = program(&own.tenant, &made);
    let project = ci.post("/projects", &json!({ "name": "moon" })).await;
    assert_eq!(project.expect(201)["owner_id"], ada.id().to_string());
    ci.get("/projects").await.expect(200);

    let tenancy = own.database.foundation().tenancy.clone();
    let tenant = tenancy.serve(&TenantKey::Id(own.tenant.id())).await;
    let mut db = tenancy.session(&tenant.unwrap()).await.unwrap();
    let row = db.query_one(&ACTORS, &[]).await.unwrap();
    assert_eq!(row.get::<String>("actor_kind").unwrap(), "key");
    let actor: uuid::Uuid = row.get("actor_id").unwrap();
    assert_eq!(made["api_key"]["id"], actor.to_string());
}

#[tokio::test]
async fn a_use_is_noted_and_for_a_minute_no_other() {
    let own = Own::new().await;
    let ada = own.tenant.member("ada").await;
    let made = issued(&ada, &["projects:read"]).await;
    let ci = program(&own.tenant, &made);
    assert_eq!(made["api_key"]["last_used_at"], Value::Null);
    ci.get("/projects").await.expect(200);
    let first = noted(&ada, &made, &Value::Null).await;

    let clock = &own.server.deps().clock;
    clock.advance(TimeDelta::seconds(50));
    ci.get("/projects").await.expect(200);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let key = ada.get(&path(&made)).await.expect(200);
    assert_eq!(key["last_used_at"], first);
    clock.advance(TimeDelta::seconds(11));
    ci.get("/projects").await.expect(200);
    noted(&ada, &made, &first).await;
}

/// The moment of the last use, once it is another than `before`.
async fn noted(ada: &tenantry::testkit::Actor, made: &Value, before: &Value) -> Value {
    for _ in 0..2000 {
        let key = soon(ada, &path(made), 200).await.json();
        if key["last_used_at"] != *before {
            return key["last_used_at"].clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the use was not noted");
}

#[tokio::test]
async fn the_same_request_again_gives_the_same_key_which_no_table_holds() {
    let own = Own::new().await;
    let ada = own.tenant.member("ada").await;
    let body = json!({ "name": "ci", "scopes": ["projects:read"] });
    let ask = || {
        let request = ada.request(Method::POST, "/api-keys").json(&body);
        Answer::of(request.header("Idempotency-Key", "once"))
    };
    let (first, second) = (ask().await, ask().await);
    assert_eq!(first.expect(201), second.expect(201));
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(second.header("cache-control"), "no-store");
    let list = ada.get("/api-keys").await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);

    let tenancy = own.database.foundation().tenancy.clone();
    let tenant = tenancy.serve(&TenantKey::Id(own.tenant.id())).await;
    let mut db = tenancy.session(&tenant.unwrap()).await.unwrap();
    let row = db.query_one(&KEPT, &[]).await.unwrap();
    let kept: String = row.get("text").unwrap();
    let (made, prefix) = (first.json(), first.json()["api_key"]["prefix"].clone());
    let hidden = key(&made).strip_prefix(prefix.as_str().unwrap()).unwrap();
    assert!(kept.contains(prefix.as_str().unwrap()));
    assert!(!kept.contains(hidden));
}
