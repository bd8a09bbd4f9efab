//! Setting a second factor up, and off.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tenantry::testkit::TestTenant;

use super::{Enrolled, code_of, codes, login};

const TOTP: &str = "/users/me/mfa/totp";

#[tokio::test]
async fn a_second_factor_is_in_force_once_a_code_confirmed_it() {
    let acme = TestTenant::new().await;
    let ada = acme.member("ada").await;
    assert_eq!(ada.get(TOTP).await.expect(200)["enabled"], false);
    let made = ada.post(TOTP, &Value::Null).await;
    let setup = made.expect(201);
    assert_eq!(made.header("location"), "/api/v1/users/me/mfa/totp");
    assert_eq!(made.header("cache-control"), "no-store");
    let url = setup["otpauth_url"].as_str().unwrap();
    assert!(url.contains("ada%40example.com"), "{url}");
    // Not yet.
    assert!(login(&acme).await.expect(200)["access_token"].is_string());

    let body = json!({ "code": code_of(&setup) });
    let confirmed = ada.post("/users/me/mfa/totp/verify", &body).await;
    assert_eq!(confirmed.header("cache-control"), "no-store");
    assert_eq!(codes(&confirmed).len(), 10);
    let state = ada.get(TOTP).await.expect(200);
    assert_eq!(state["enabled"], true);
    assert!(state["confirmed_at"].is_string());
    assert_eq!(state["recovery_codes_left"], 10);
    assert_eq!(login(&acme).await.expect(200)["mfa_required"], true);
}

#[tokio::test]
async fn what_was_never_confirmed_is_replaced_and_what_was_is_not() {
    let acme = TestTenant::new().await;
    let ada = acme.member("ada").await;
    let verify = "/users/me/mfa/totp/verify";
    let early = ada.post(verify, &json!({ "code": "123456" })).await;
    early.expect_problem(409, "mfa_not_set_up");

    let first = ada.post(TOTP, &Value::Null).await.expect(201);
    let second = ada.post(TOTP, &Value::Null).await.expect(201);
    assert_ne!(first["secret"], second["secret"]);
    let body = json!({ "code": code_of(&first) });
    let answer = ada.post(verify, &body).await;
    answer.expect_problem(422, "invalid_code");
    let body = json!({ "code": code_of(&second) });
    ada.post(verify, &body).await.expect(200);

    let answer = ada.post(TOTP, &Value::Null).await;
    answer.expect_problem(409, "mfa_enabled");
    let answer = ada.post(verify, &body).await;
    answer.expect_problem(409, "mfa_enabled");
}

#[tokio::test]
async fn turned_off_the_password_is_enough_again() {
    let enrolled = Enrolled::new().await;
    enrolled.ada.delete(TOTP).await.expect(204);
    let answer = enrolled.ada.delete(TOTP).await;
    answer.expect_problem(409, "mfa_not_set_up");
    let pair = login(&enrolled.own.tenant).await.expect(200);
    assert!(pair["access_token"].is_string());
    let state = enrolled.ada.get(TOTP).await.expect(200);
    assert_eq!(state["recovery_codes_left"], 0);
}

#[tokio::test]
async fn all_of_it_asks_for_a_sign_in_of_the_last_ten_minutes() {
    let enrolled = Enrolled::new().await;
    let clock = &enrolled.own.server.deps().clock;
    clock.advance(TimeDelta::minutes(10));
    let (ada, body) = (&enrolled.ada, json!({ "code": "123456" }));
    let refused = [
        ada.get(TOTP).await,
        ada.post(TOTP, &Value::Null).await,
        ada.post("/users/me/mfa/totp/verify", &body).await,
        ada.post("/users/me/mfa/totp/recovery-codes", &Value::Null)
            .await,
        ada.delete(TOTP).await,
    ];
    for answer in refused {
        answer.expect_problem(403, "fresh_sign_in_required");
    }
    // The token itself still holds.
    ada.get("/users/me").await.expect(200);
}

#[tokio::test]
async fn new_recovery_codes_are_the_only_ones() {
    let enrolled = Enrolled::new().await;
    let renewed = enrolled
        .ada
        .post("/users/me/mfa/totp/recovery-codes", &Value::Null)
        .await;
    let renewed = codes(&renewed);
    let old = &enrolled.recovery_codes[0];
    let token = enrolled.mfa_token().await;
    let answer = enrolled.recover(&token, old).await;
    answer.expect_problem(401, "invalid_mfa");
    enrolled.recover(&token, &renewed[0]).await.expect(200);
}
