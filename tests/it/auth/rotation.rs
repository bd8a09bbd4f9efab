//! Refresh tokens work once, with ten seconds of grace; a second use after that ends the session.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use serde_json::Value;
use tenantry::testkit::TestTenant;

use super::{Own, refresh, refresh_token, signed_in};

#[tokio::test]
async fn a_sign_in_gives_tokens_that_nobody_may_keep() {
    let acme = TestTenant::new().await;
    acme.member("ada").await;
    let body = serde_json::json!({ "email": "ADA@example.com ", "password": TestTenant::PASSWORD });
    let answer = acme.anonymous().post("/auth/login", &body).await;
    let pair = answer.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(pair["token_type"], "Bearer");
    assert_eq!(pair["expires_in"], 900);
}

#[tokio::test]
async fn each_refresh_gives_a_pair_that_works_and_another_refresh_token() {
    let acme = TestTenant::new().await;
    let (ada, first) = signed_in(&acme, "ada").await;
    let pair = refresh(&ada, &first).await.expect(200);
    let second = refresh_token(&pair);
    assert_ne!(first, second);
    let ada = ada.with_token(pair["access_token"].as_str());
    let me = ada.get("/users/me").await.expect(200);
    assert_eq!(me["email"], "ada@example.com");
    refresh(&ada, &second).await.expect(200);
}

#[tokio::test]
async fn a_refresh_is_no_new_sign_in() {
    let own = Own::new().await;
    let (ada, first) = signed_in(&own.tenant, "ada").await;
    let signed_in_at = claim(ada.token().unwrap(), "auth_time");
    own.server.deps().clock.advance(TimeDelta::minutes(5));
    let pair = refresh(&ada, &first).await.expect(200);
    let token = pair["access_token"].as_str().unwrap();
    assert_eq!(claim(token, "auth_time"), signed_in_at);
    assert!(claim(token, "iat") >= signed_in_at + 300);
}

fn claim(token: &str, name: &str) -> i64 {
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap());
    let claims: Value = serde_json::from_slice(&claims.unwrap()).unwrap();
    claims[name].as_i64().unwrap()
}

#[tokio::test]
async fn a_used_token_still_works_within_the_grace() {
    let own = Own::new().await;
    let (ada, first) = signed_in(&own.tenant, "ada").await;
    refresh(&ada, &first).await.expect(200);
    own.server.deps().clock.advance(TimeDelta::seconds(5));
    refresh(&ada, &first).await.expect(200);
    ada.get("/users/me").await.expect(200);
}

#[tokio::test]
async fn reuse_after_the_grace_ends_the_session_for_thief_and_owner() {
    let own = Own::new().await;
    let (ada, stolen) = signed_in(&own.tenant, "ada").await;
    let (elsewhere, other) = own.tenant.anonymous().sign_in("ada@example.com").await;
    let second = refresh_token(&refresh(&ada, &stolen).await.expect(200));
    own.server.deps().clock.advance(TimeDelta::seconds(11));

    let answer = refresh(&ada, &stolen).await;
    answer.expect_problem(401, "invalid_grant");
    let newest = refresh(&ada, &second).await;
    newest.expect_problem(401, "invalid_grant");
    let access = ada.get("/users/me").await;
    access.expect_problem(401, "invalid_token");

    // Another sign-in of the same person is another session.
    elsewhere.get("/users/me").await.expect(200);
    refresh(&elsewhere, &other).await.expect(200);
}

#[tokio::test]
async fn parallel_refreshes_with_one_token_all_get_a_pair_that_works() {
    let acme = TestTenant::new().await;
    let (ada, token) = signed_in(&acme, "ada").await;
    let tabs = (0..8).map(|_| refresh(&ada, &token));
    let mut pairs = Vec::new();
    for answer in futures_util::future::join_all(tabs).await {
        pairs.push(answer.expect(200));
    }
    let mut tokens: Vec<_> = pairs.iter().map(refresh_token).collect();
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 8, "every tab has a refresh token of its own");
    for token in tokens {
        refresh(&ada, &token).await.expect(200);
    }
}

#[tokio::test]
async fn a_refresh_token_that_is_not_used_for_a_week_is_nothing() {
    let own = Own::new().await;
    let (ada, token) = signed_in(&own.tenant, "ada").await;
    own.server.deps().clock.advance(TimeDelta::days(7));
    let answer = refresh(&ada, &token).await;
    answer.expect_problem(401, "invalid_grant");
}

#[tokio::test]
async fn a_session_ends_for_good_however_often_it_is_refreshed() {
    let own = Own::new().await;
    let (ada, mut token) = signed_in(&own.tenant, "ada").await;
    // 30 days at most, by steps that each refresh token lives to see.
    for _ in 0..5 {
        own.server.deps().clock.advance(TimeDelta::hours(143));
        token = refresh_token(&refresh(&ada, &token).await.expect(200));
    }
    own.server.deps().clock.advance(TimeDelta::hours(6));
    let answer = refresh(&ada, &token).await;
    answer.expect_problem(401, "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_is_nothing_in_another_tenant() {
    let (acme, globex) = (TestTenant::new().await, TestTenant::new().await);
    let (ada, token) = signed_in(&acme, "ada").await;
    let answer = refresh(&globex.anonymous(), &token).await;
    answer.expect_problem(401, "invalid_grant");
    // At home it was not used up.
    refresh(&ada, &token).await.expect(200);
}

#[tokio::test]
async fn one_token_gives_ten_pairs_within_the_grace_and_no_more() {
    let acme = TestTenant::new().await;
    let (ada, token) = signed_in(&acme, "ada").await;
    let tabs = (0..16).map(|_| refresh(&ada, &token));
    let answers = futures_util::future::join_all(tabs).await;
    let given = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(given.count(), 10);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.expect_problem(401, "invalid_grant");
    }
    // That was too much, but no theft: those who got a pair go on.
    ada.get("/users/me").await.expect(200);
    let newest = answers.iter().find(|answer| answer.status == 200).unwrap();
    let newest = refresh_token(&newest.expect(200));
    refresh(&ada, &newest).await.expect(200);
}
