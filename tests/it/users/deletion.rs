//! What goes with a user, and what stays.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tenantry::testkit::TestTenant;

use super::{path, signed_in};
use crate::auth::{Own, at, refresh, soon};

#[tokio::test]
async fn a_deleted_user_is_out_on_every_server_and_their_projects_stay() {
    let own = Own::new().await;
    let second = own.second_server().await;
    let ada = own.tenant.admin("ada").await;
    let mel = own.tenant.member("mel").await;
    let (here, token) = signed_in(&own.tenant, "mel").await;
    let made = here.post("/projects", &json!({ "name": "moon" })).await;
    let project = format!("/projects/{}", made.expect(201)["id"].as_str().unwrap());
    let there = at(&second, &here, &own.tenant);
    there.get("/users/me").await.expect(200);

    ada.delete(&path(&mel)).await.expect(204);
    let answer = here.get("/users/me").await;
    answer.expect_problem(401, "invalid_token");
    soon(&there, "/users/me", 401).await;
    refresh(&here, &token)
        .await
        .expect_problem(401, "invalid_grant");
    let answer = ada.get(&path(&mel)).await;
    answer.expect_problem(404, "not_found");
    let answer = ada.delete(&path(&mel)).await;
    answer.expect_problem(404, "not_found");
    let project = ada.get(&project).await.expect(200);
    assert_eq!(project["owner_id"], Value::Null);
}

#[tokio::test]
async fn an_admin_deletes_neither_another_admin_nor_themselves_by_id() {
    let acme = TestTenant::new().await;
    let (ada, bob) = (acme.admin("ada").await, acme.admin("bob").await);
    let answer = ada.delete(&path(&bob)).await;
    answer.expect_problem(403, "role_hierarchy");
    let answer = ada.delete(&path(&ada)).await;
    answer.expect_problem(403, "not_self");
    let list = ada.get("/users").await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn everybody_deletes_themselves_while_their_sign_in_is_fresh() {
    let own = Own::new().await;
    own.tenant.member("mel").await;
    let (mel, _) = signed_in(&own.tenant, "mel").await;
    own.server.deps().clock.advance(TimeDelta::minutes(11));
    let answer = mel.delete("/users/me").await;
    answer.expect_problem(403, "fresh_sign_in_required");

    let (mel, _) = signed_in(&own.tenant, "mel").await;
    mel.delete("/users/me").await.expect(204);
    let answer = mel.get("/users/me").await;
    answer.expect_problem(401, "invalid_token");
    let body = json!({ "email": "mel@example.com", "password": TestTenant::PASSWORD });
    let answer = own.tenant.anonymous().post("/auth/login", &body).await;
    answer.expect_problem(401, "invalid_credentials");
}

#[tokio::test]
async fn a_refresh_makes_no_sign_in_fresh_again() {
    let own = Own::new().await;
    own.tenant.member("mel").await;
    let (mel, token) = signed_in(&own.tenant, "mel").await;
    own.server.deps().clock.advance(TimeDelta::minutes(11));
    let pair = refresh(&mel, &token).await.expect(200);
    let mel = mel.with_token(pair["access_token"].as_str());
    let answer = mel.delete("/users/me").await;
    answer.expect_problem(403, "fresh_sign_in_required");
}
