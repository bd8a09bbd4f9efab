//! Signing in with a second factor.

use serde_json::json;

use super::Enrolled;

#[tokio::test]
async fn password_and_code_sign_in_and_the_session_begins_with_the_code() {
    let enrolled = Enrolled::new().await;
    let token = enrolled.mfa_token().await;
    let answer = enrolled.verify(&token, &enrolled.code()).await;
    let pair = answer.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let access = pair["access_token"].as_str().unwrap();
    let ada = enrolled.own.tenant.anonymous().with_token(Some(access));
    let me = ada.get("/users/me").await.expect(200);
    assert_eq!(me["id"], enrolled.ada.id().to_string());
    // Fresh, so it may look at the second factor.
    ada.get("/users/me/mfa/totp").await.expect(200);
    let again = json!({ "refresh_token": pair["refresh_token"] });
    let anonymous = enrolled.own.tenant.anonymous();
    anonymous.post("/auth/refresh", &again).await.expect(200);
}

#[tokio::test]
async fn a_recovery_code_signs_in_once() {
    let enrolled = Enrolled::new().await;
    let code = &enrolled.recovery_codes[3];
    let token = enrolled.mfa_token().await;
    enrolled.recover(&token, code).await.expect(200);
    let state = enrolled.ada.get("/users/me/mfa/totp").await.expect(200);
    assert_eq!(state["recovery_codes_left"], 9);
    let token = enrolled.mfa_token().await;
    let answer = enrolled.recover(&token, code).await;
    answer.expect_problem(401, "invalid_mfa");
}

#[tokio::test]
async fn one_proof_is_asked_for_not_none_and_not_two() {
    let enrolled = Enrolled::new().await;
    let anonymous = enrolled.own.tenant.anonymous();
    for body in [
        json!({ "mfa_token": "a" }),
        json!({ "mfa_token": "a", "code": "123456", "recovery_code": "b" }),
    ] {
        let answer = anonymous.post("/auth/mfa/verify", &body).await;
        answer.expect_problem(422, "validation_failed");
    }
}
