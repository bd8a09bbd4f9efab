//! What an operator gets, and what the user sees of it.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use tenantry::tenancy::{Slug, Sql, TenantKey};
use tenantry::testkit::Answer;

use super::{Acting, PATH, begin, operator, whom};
use crate::auth::Own;

const KEPT: Sql = Sql::new(
    "test.kept",
    "SELECT coalesce(string_agg(body::text, ' '), '') AS text FROM idempotency_keys",
);

fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

#[tokio::test]
async fn an_operator_acts_as_a_user_for_a_quarter_of_an_hour() {
    let own = Own::new().await;
    let ada = own.tenant.member("ada").await;
    let (operator, _) = operator(&own.server).await;
    let answer = begin(&own, &operator, ada.id()).await;
    let begun = answer.expect(201);
    let path = format!("/api/v1{PATH}/{}", begun["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), path);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(begun["token_type"], "Bearer");
    assert_eq!(begun["expires_in"], 900);
    assert_eq!(begun["user_id"], ada.id().to_string());
    assert_eq!(begun["tenant_id"], own.tenant.id().to_string());
    assert!(begun.get("refresh_token").is_none(), "{begun}");

    let claims = claims(begun["access_token"].as_str().unwrap());
    assert_eq!(claims["act"], json!({ "sub": operator.id() }));
    assert_eq!(claims["sub"], ada.id().to_string());
    assert_eq!(claims["tid"], own.tenant.id().to_string());
    assert_eq!(claims["role"], "member");
    let (from, to) = (claims["iat"].as_i64(), claims["exp"].as_i64());
    assert_eq!(to.unwrap() - from.unwrap(), 900);
    // Nobody has proved who they are.
    assert_eq!(claims["auth_time"], 0);

    let acting = ada.clone().with_token(begun["access_token"].as_str());
    let me = acting.get("/users/me").await.expect(200);
    assert_eq!(me["id"], ada.id().to_string());
    own.server.deps().clock.advance(TimeDelta::minutes(15));
    let late = acting.get("/users/me").await;
    late.expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn it_is_shorter_where_access_tokens_are() {
    let database = tenantry::testkit::TestDatabase::new().await;
    let mut config = database.config.clone();
    config.auth.access_token_ttl = std::time::Duration::from_mins(1);
    let server = tenantry::testkit::TestServer::start_with(&config).await;
    let tenant = tenantry::testkit::TestTenant::on(&server).await;
    let body = json!({ "tenant": tenant.id().0, "user_id": tenant.member("ada").await.id(), "reason": "a test" });
    let operator = server.operator().await;
    let begun = operator.post(PATH, &body).await.expect(201);
    assert_eq!(begun["expires_in"], 60);
}

#[tokio::test]
async fn the_user_sees_the_session_and_who_it_is() {
    let it = Acting::new().await;
    let seen = it.ada.get("/auth/sessions").await.expect(200);
    let sessions = seen["data"].as_array().unwrap();
    assert_eq!(sessions.len(), 1, "the kit's own sign-in is not stored");
    assert_eq!(sessions[0]["impersonator_id"], it.operator.id().to_string());
    assert_eq!(it.newest().await["session_id"], sessions[0]["id"]);
    let (own, _) = it.own.tenant.anonymous().sign_in("ada@example.com").await;
    let seen = own.get("/auth/sessions").await.expect(200);
    assert_eq!(seen["data"][1]["impersonator_id"], Value::Null);
    it.own.server.deps().clock.advance(TimeDelta::minutes(15));
    let (own, _) = it.own.tenant.anonymous().sign_in("ada@example.com").await;
    let seen = own.get("/auth/sessions").await.expect(200);
    assert_eq!(seen["data"][0]["impersonator_id"], Value::Null);
}

#[tokio::test]
async fn they_are_listed_newest_first() {
    let own = Own::new().await;
    let (one, two) = (
        own.tenant.member("one").await,
        own.tenant.member("two").await,
    );
    let (operator, _) = operator(&own.server).await;
    begin(&own, &operator, one.id()).await.expect(201);
    begin(&own, &operator, two.id()).await.expect(201);
    let page = operator.get(&format!("{PATH}?limit=1")).await.expect(200);
    let first = &page["data"][0];
    assert_eq!(first["user_id"], two.id().to_string());
    assert_eq!(first["operator_id"], operator.id().to_string());
    assert_eq!(first["reason"], "ticket 4711");
    assert_eq!(first["running"], true);
    assert_eq!(first["ended_at"], Value::Null);
    let cursor = page["next_cursor"].as_str().unwrap();
    let path = format!("{PATH}?limit=1&cursor={cursor}");
    let page = operator.get(&path).await.expect(200);
    assert_eq!(page["data"][0]["user_id"], one.id().to_string());
    assert_eq!(page["has_more"], false);
}

#[tokio::test]
async fn the_same_request_again_gives_the_same_token_which_no_table_holds() {
    let own = Own::new().await;
    let ada = own.tenant.member("ada").await;
    let (operator, _) = operator(&own.server).await;
    let body = whom(&own, ada.id());
    let ask = || {
        let request = operator.request(Method::POST, PATH).json(&body);
        Answer::of(request.header("Idempotency-Key", "once"))
    };
    let (first, second) = (ask().await, ask().await);
    assert_eq!(first.expect(201), second.expect(201));
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(second.header("cache-control"), "no-store");
    let list = operator.get(PATH).await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);

    let tenancy = own.database.foundation().tenancy.clone();
    let platform = tenancy.serve(&TenantKey::Slug(Slug::platform())).await;
    let mut db = tenancy.session(&platform.unwrap()).await.unwrap();
    let row = db.query_one(&KEPT, &[]).await.unwrap();
    let kept: String = row.get("text").unwrap();
    assert!(kept.contains("ticket 4711"));
    for part in first.json()["access_token"].as_str().unwrap().split('.') {
        assert!(!kept.contains(part));
    }
}
