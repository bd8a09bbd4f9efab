//! Sessions as their owners and their admins see and end them.

use serde_json::{Value, json};
use tenantry::testkit::{Actor, TestTenant};

use super::{Own, at, refresh, signed_in, soon};

async fn listed(actor: &Actor, path: &str) -> Vec<Value> {
    let list = actor.get(path).await.expect(200);
    list["data"].as_array().unwrap().clone()
}

fn id(session: &Value) -> &str {
    session["id"].as_str().unwrap()
}

#[tokio::test]
async fn everybody_sees_their_own_sessions_and_which_one_asks() {
    let acme = TestTenant::new().await;
    let (ada, _) = signed_in(&acme, "ada").await;
    let (phone, _) = acme.anonymous().sign_in("ada@example.com").await;
    signed_in(&acme, "bob").await;
    let marks = |list: &[Value]| -> Vec<Value> {
        list.iter()
            .map(|session| session["current"].clone())
            .collect()
    };
    let sessions = listed(&ada, "/auth/sessions").await;
    assert_eq!(marks(&sessions), [json!(true), json!(false)]);
    let sessions = listed(&phone, "/auth/sessions").await;
    assert_eq!(marks(&sessions), [json!(false), json!(true)]);
}

#[tokio::test]
async fn all_but_the_current_session_end() {
    let own = Own::new().await;
    let second = own.second_server().await;
    let (ada, _) = signed_in(&own.tenant, "ada").await;
    let anonymous = own.tenant.anonymous();
    let (phone, token) = anonymous.sign_in("ada@example.com").await;
    let there = at(&second, &phone, &own.tenant);
    there.get("/users/me").await.expect(200);

    ada.delete("/auth/sessions").await.expect(204);
    ada.get("/users/me").await.expect(200);
    let answer = phone.get("/users/me").await;
    answer.expect_problem(401, "invalid_token");
    soon(&there, "/users/me", 401).await;
    let answer = refresh(&phone, &token).await;
    answer.expect_problem(401, "invalid_grant");
    assert_eq!(listed(&ada, "/auth/sessions").await.len(), 1);
}

#[tokio::test]
async fn one_session_ends_once_and_only_for_its_owner() {
    let acme = TestTenant::new().await;
    let (ada, _) = signed_in(&acme, "ada").await;
    let (phone, _) = acme.anonymous().sign_in("ada@example.com").await;
    let (bob, _) = signed_in(&acme, "bob").await;
    let sessions = listed(&ada, "/auth/sessions").await;
    let path = format!("/auth/sessions/{}", id(&sessions[1]));

    let answer = bob.delete(&path).await;
    answer.expect_problem(404, "not_found");
    // Nor under one's own name.
    let own_id = bob.get("/users/me").await.expect(200)["id"].clone();
    let smuggled = format!(
        "/users/{}/sessions/{}",
        own_id.as_str().unwrap(),
        id(&sessions[1])
    );
    let answer = bob.delete(&smuggled).await;
    answer.expect_problem(404, "not_found");
    phone.get("/users/me").await.expect(200);

    ada.delete(&path).await.expect(204);
    let answer = phone.get("/users/me").await;
    answer.expect_problem(401, "invalid_token");
    let answer = ada.delete(&path).await;
    answer.expect_problem(404, "not_found");
}

#[tokio::test]
async fn an_admin_sees_and_ends_the_sessions_of_those_below() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("eve").await;
    let (ada, _) = signed_in(&acme, "ada").await;
    let (phone, _) = acme.anonymous().sign_in("ada@example.com").await;
    let me = ada.get("/users/me").await.expect(200);
    let path = format!("/users/{}/sessions", me["id"].as_str().unwrap());
    let sessions = listed(&admin, &path).await;
    assert_eq!(sessions.len(), 2);

    let one = format!("{path}/{}", id(&sessions[1]));
    admin.delete(&one).await.expect(204);
    phone
        .get("/users/me")
        .await
        .expect_problem(401, "invalid_token");
    ada.get("/users/me").await.expect(200);
    admin.delete(&path).await.expect(204);
    ada.get("/users/me")
        .await
        .expect_problem(401, "invalid_token");
    assert!(listed(&admin, &path).await.is_empty());
}

#[tokio::test]
async fn an_admin_does_not_end_the_sessions_of_another() {
    let acme = TestTenant::new().await;
    let (eve, bob) = (acme.admin("eve").await, acme.admin("bob").await);
    let (here, _) = acme.anonymous().sign_in("bob@example.com").await;
    let path = format!("/users/{}/sessions", bob.id());
    let answer = eve.delete(&path).await;
    answer.expect_problem(403, "role_hierarchy");
    here.get("/users/me").await.expect(200);
    here.delete(&path).await.expect(204);
    here.get("/users/me")
        .await
        .expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn many_sessions_end_at_once_on_every_server() {
    let own = Own::new().await;
    let second = own.second_server().await;
    let (ada, _) = signed_in(&own.tenant, "ada").await;
    let tenant = own.database.foundation().tenancy;
    let key = tenantry::tenancy::TenantKey::Id(own.tenant.id());
    let there = tenant.serve(&key).await.unwrap();
    let me = ada.get("/users/me").await.expect(200);
    let user: uuid::Uuid = me["id"].as_str().unwrap().parse().unwrap();
    // More than one announcement carries.
    let mut db = tenant.session(&there).await.unwrap();
    db.execute(&MANY, &[&user]).await.unwrap();
    drop(db);
    let (phone, _) = own.tenant.anonymous().sign_in("ada@example.com").await;
    let phone = at(&second, &phone, &own.tenant);
    phone.get("/users/me").await.expect(200);

    ada.delete("/auth/sessions").await.expect(204);
    soon(&phone, "/users/me", 401).await;
}

const MANY: tenantry::tenancy::Sql = tenantry::tenancy::Sql::new(
    "test.many_sessions",
    "INSERT INTO sessions (id, user_id, created_at, last_used_at, ends_at) \
     SELECT gen_random_uuid(), $1, now(), now(), now() + interval '1 day' FROM generate_series(1, 250)",
);

#[tokio::test]
async fn signing_out_works_while_the_tenant_is_suspended() {
    let own = Own::new().await;
    let (ada, token) = signed_in(&own.tenant, "ada").await;
    let operator = own.server.operator().await;
    let lead = |verb: &str| format!("/tenants/{}/{verb}", own.tenant.id());
    operator
        .post(&lead("suspend"), &Value::Null)
        .await
        .expect(200);
    let answer = ada.get("/users/me").await;
    answer.expect_problem(403, "tenant_suspended");
    ada.post("/auth/logout", &Value::Null).await.expect(204);

    operator
        .post(&lead("activate"), &Value::Null)
        .await
        .expect(200);
    ada.get("/users/me")
        .await
        .expect_problem(401, "invalid_token");
    refresh(&ada, &token)
        .await
        .expect_problem(401, "invalid_grant");
}
