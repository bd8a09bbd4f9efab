//! Where keys do not get, and who does not get at keys.

use reqwest::Method;
use serde_json::{Value, json};
use tenantry::testkit::{Actor, Answer, TestTenant};
use uuid::Uuid;

use super::{issued, key, path, program};
use crate::contract::document::operations;
use crate::mfa::impersonated;

#[tokio::test]
async fn the_key_of_another_tenant_is_refused_whatever_else_is_right() {
    let (acme, globex) = (TestTenant::new().await, TestTenant::new().await);
    let made = issued(&globex.admin("eve").await, &["projects:read"]).await;
    let stranger = program(&acme, &made);
    let answer = stranger.get("/projects").await;
    answer.expect_problem(403, "tenant_mismatch");
    // Its own tenant's id in a key helps nobody who has another tenant's.
    let forged = key(&made).replace(
        &globex.id().0.simple().to_string(),
        &acme.id().0.simple().to_string(),
    );
    let answer = acme.anonymous().with_key(Some(&forged));
    let answer = answer.get("/projects").await;
    answer.expect_problem(401, "invalid_api_key");
}

#[tokio::test]
async fn what_is_no_key_gets_nobody_in() {
    let acme = TestTenant::new().await;
    let made = issued(&acme.member("ada").await, &["projects:read"]).await;
    let mut changed = key(&made).to_owned();
    let last = if changed.pop() == Some('A') { 'B' } else { 'A' };
    changed.push(last);
    for wrong in ["", "secret", "tnt_", &changed, &key(&made).to_uppercase()] {
        let answer = acme.anonymous().with_key(Some(wrong));
        let answer = answer.get("/projects").await;
        answer.expect_problem(401, "invalid_api_key");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let bearer = acme.anonymous().with_token(Some(key(&made)));
    let answer = bearer.get("/projects").await;
    answer.expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn two_credentials_are_one_too_many() {
    let acme = TestTenant::new().await;
    let ada = acme.member("ada").await;
    let made = issued(&ada, &["projects:read"]).await;
    let ci = program(&acme, &made);
    // A token and a key; a key twice.
    for both in [ada, ci] {
        let request = both.request(Method::GET, "/projects");
        let answer = Answer::of(request.header("X-API-Key", key(&made))).await;
        answer.expect_problem(400, "credential_conflict");
    }
}

#[tokio::test]
async fn a_key_opens_only_what_the_document_says() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("root").await;
    let made = issued(&admin, &["users:read", "users:create", "api_keys:manage"]).await;
    let ci = program(&acme, &made);
    let mut shut = 0;
    for operation in operations().iter().filter(|o| o.needs_credential()) {
        let security = operation.about["security"].as_array().unwrap();
        if security.iter().any(|s| s.get("api_key").is_some()) {
            continue;
        }
        let path = operation.path_of(&Uuid::now_v7().to_string());
        let request = ci.request_root(operation.method.clone(), &path);
        let answer = Answer::of(request.json(&json!({}))).await;
        assert_eq!(answer.status, 401, "{}: {}", operation.name, answer.text);
        shut += 1;
    }
    assert!(shut > 10, "{shut}");
}

#[tokio::test]
async fn somebody_elses_key_is_not_there_but_for_admins() {
    let acme = TestTenant::new().await;
    let (ada, bob) = (acme.member("ada").await, acme.member("bob").await);
    let made = issued(&ada, &["projects:read"]).await;
    let rotate = format!("{}/rotate", path(&made));
    for answer in [
        bob.get(&path(&made)).await,
        bob.delete(&path(&made)).await,
        bob.post(&rotate, &Value::Null).await,
    ] {
        answer.expect_problem(404, "not_found");
    }
    assert_eq!(bob.get("/api-keys").await.expect(200)["data"], json!([]));
    program(&acme, &made).get("/projects").await.expect(200);

    let admin = acme.admin("root").await;
    let list = admin.get("/api-keys").await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    assert_eq!(list["data"][0]["id"], made["api_key"]["id"]);
    admin.delete(&path(&made)).await.expect(204);
}

#[tokio::test]
async fn an_admin_does_not_touch_the_key_of_an_equal() {
    let acme = TestTenant::new().await;
    let (ada, eve) = (acme.admin("ada").await, acme.admin("eve").await);
    let made = issued(&ada, &["users:read"]).await;
    let rotate = format!("{}/rotate", path(&made));
    for answer in [
        eve.delete(&path(&made)).await,
        eve.post(&rotate, &Value::Null).await,
    ] {
        answer.expect_problem(403, "role_hierarchy");
    }
    program(&acme, &made).get("/users").await.expect(200);
}

#[tokio::test]
async fn a_key_of_a_tenant_that_must_be_named_names_none_itself() {
    let acme = TestTenant::new().await;
    let made = issued(&acme.member("ada").await, &["projects:read"]).await;
    let nowhere: Actor = program(&acme, &made).naming(None);
    let answer = nowhere.get("/projects").await;
    answer.expect_problem(400, "tenant_required");
}

#[tokio::test]
async fn who_acts_as_a_user_leaves_no_key_behind() {
    let acme = TestTenant::new().await;
    let ada = acme.member("ada").await;
    let made = issued(&ada, &["projects:read"]).await;
    let operator = impersonated(&acme, &ada);
    let body = json!({ "name": "later", "scopes": ["projects:read"] });
    let answer = operator.post("/api-keys", &body).await;
    answer.expect_problem(403, "impersonated");
    let rotate = format!("{}/rotate", path(&made));
    let answer = operator.post(&rotate, &Value::Null).await;
    answer.expect_problem(403, "impersonated");
    program(&acme, &made).get("/projects").await.expect(200);
}
