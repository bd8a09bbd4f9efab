//! Whatever ends the user's sessions ends it, on every node; so does what ends the operator's own, and any operator.

use serde_json::{Value, json};
use tenantry::testkit::{Actor, TestTenant};

use super::{Acting, PATH, begin, operator};
use crate::auth::{at, soon};

const NEW: &str = "eight green submarines";

/// By `end`, the token is dead here at once, on a second server within a second, the list says that it is over, and the user no longer
/// sees the session.
async fn ends(end: impl AsyncFnOnce(&Acting)) {
    let it = Acting::new().await;
    let second = it.own.second_server().await;
    let there = at(&second, &it.as_ada, &it.own.tenant);
    there.get("/users/me").await.expect(200);
    end(&it).await;
    let here = it.as_ada.get("/users/me").await;
    here.expect_problem(401, "invalid_token");
    soon(&there, "/users/me", 401).await;
    let newest = it.newest().await;
    assert_eq!(newest["running"], false, "{newest}");
    assert!(newest["ended_at"].is_string(), "{newest}");
    let sessions = it.ada.get("/auth/sessions").await;
    if sessions.status == 200 {
        let sessions = sessions.json();
        let mut sessions = sessions["data"].as_array().unwrap().iter();
        assert!(sessions.all(|session| session["impersonator_id"].is_null()));
    }
}

/// Another admin of the tenant.
async fn bob(it: &Acting) -> Actor {
    it.own.tenant.admin("bob").await
}

fn user(it: &Acting) -> String {
    format!("/users/{}", it.ada.id())
}

#[tokio::test]
async fn the_operator_ends_it() {
    ends(async |it| {
        it.operator.delete(&it.path).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn another_operator_ends_it() {
    ends(async |it| {
        let other = it.own.server.operator().await;
        other.delete(&it.path).await.expect(204);
        let unknown = format!("{PATH}/{}", uuid::Uuid::now_v7());
        let answer = other.delete(&unknown).await;
        answer.expect_problem(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn it_signs_itself_out() {
    ends(async |it| {
        let out = it.as_ada.post("/auth/logout", &Value::Null);
        out.await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn the_operators_own_sign_out_ends_it() {
    ends(async |it| {
        let out = it.operator.post("/auth/logout", &Value::Null);
        out.await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn the_operators_new_password_ends_it() {
    ends(async |it| {
        let me = it.operator.get("/users/me").await.expect(200);
        let anonymous = it.operator.clone().with_token(None);
        let (elsewhere, _) = anonymous.sign_in(me["email"].as_str().unwrap()).await;
        let body = json!({ "current_password": TestTenant::PASSWORD, "new_password": NEW });
        let path = format!("/users/{}/password", it.operator.id());
        elsewhere.post(&path, &body).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn the_end_of_the_operators_account_ends_it() {
    ends(async |it| {
        // The last operator could not go.
        it.own.server.operator().await;
        it.operator.delete("/users/me").await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn the_operators_step_down_ends_it() {
    ends(async |it| {
        it.own.server.operator().await;
        let path = format!("/users/{}/role", it.operator.id());
        let body = json!({ "role": "member" });
        it.operator.put(&path, &body).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn the_user_ends_it_as_one_of_their_sessions() {
    ends(async |it| {
        let session = it.newest().await["session_id"].clone();
        let path = format!("/auth/sessions/{}", session.as_str().unwrap());
        it.ada.delete(&path).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn the_users_new_password_ends_it() {
    ends(async |it| {
        let body = json!({ "current_password": TestTenant::PASSWORD, "new_password": NEW });
        let path = format!("{}/password", user(it));
        it.ada.post(&path, &body).await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn the_users_new_role_ends_it() {
    ends(async |it| {
        bob(it).await;
        let path = format!("{}/role", user(it));
        let body = json!({ "role": "member" });
        it.ada.put(&path, &body).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn the_end_of_the_users_account_ends_it() {
    ends(async |it| {
        bob(it).await;
        it.ada.delete("/users/me").await.expect(204);
    })
    .await;
}

#[tokio::test]
async fn a_suspended_tenant_serves_it_no_longer() {
    let it = Acting::new().await;
    let path = format!("/tenants/{}/suspend", it.own.tenant.id());
    it.operator.post(&path, &Value::Null).await.expect(200);
    let answer = it.as_ada.get("/users/me").await;
    answer.expect_problem(403, "tenant_suspended");
    // And it can still be ended.
    it.operator.delete(&it.path).await.expect(204);
    assert_eq!(it.newest().await["running"], false);
}

#[tokio::test]
async fn the_end_of_one_leaves_another_operators_alone() {
    let it = Acting::new().await;
    let (other, _) = operator(&it.own.server).await;
    let begun = begin(&it.own, &other, it.ada.id()).await.expect(201);
    let theirs = it.ada.clone().with_token(begun["access_token"].as_str());
    let out = it.operator.post("/auth/logout", &Value::Null);
    out.await.expect(204);
    it.as_ada.get("/users/me").await.expect(401);
    theirs.get("/users/me").await.expect(200);
    it.ada.get("/users/me").await.expect(200);
}
