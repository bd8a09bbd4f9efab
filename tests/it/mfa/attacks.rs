//! What does not get past a second factor.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tenantry::testkit::TestTenant;

use super::{Enrolled, enable, impersonated, login};

#[tokio::test]
async fn a_code_that_was_used_is_worth_nothing() {
    let enrolled = Enrolled::new().await;
    let code = enrolled.code();
    let first = enrolled.mfa_token().await;
    enrolled.verify(&first, &code).await.expect(200);
    let second = enrolled.mfa_token().await;
    let answer = enrolled.verify(&second, &code).await;
    answer.expect_problem(401, "invalid_mfa");
    // Nor is the token that it was used with.
    enrolled.next_step();
    let answer = enrolled.verify(&first, &enrolled.code()).await;
    answer.expect_problem(401, "invalid_mfa");
    enrolled.verify(&second, &enrolled.code()).await.expect(200);
}

#[tokio::test]
async fn of_many_who_come_with_one_code_at_once_one_gets_in() {
    let enrolled = Enrolled::new().await;
    let mut tokens = Vec::new();
    for _ in 0..4 {
        tokens.push(enrolled.mfa_token().await);
    }
    let code = enrolled.code();
    let tries = tokens.iter().map(|token| enrolled.verify(token, &code));
    let answers = futures_util::future::join_all(tries).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401, 401, 401]);
}

#[tokio::test]
async fn of_many_who_come_with_one_recovery_code_at_once_one_gets_in() {
    let enrolled = Enrolled::new().await;
    let mut tokens = Vec::new();
    for _ in 0..4 {
        tokens.push(enrolled.mfa_token().await);
    }
    let code = &enrolled.recovery_codes[0];
    let tries = tokens.iter().map(|token| enrolled.recover(token, code));
    let answers = futures_util::future::join_all(tries).await;
    let won = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(won.count(), 1);
}

#[tokio::test]
async fn after_five_wrong_codes_neither_this_token_nor_a_new_one_takes_the_right_one() {
    let enrolled = Enrolled::new().await;
    let token = enrolled.mfa_token().await;
    let wrong = enrolled.wrong_code();
    for _ in 0..5 {
        let answer = enrolled.verify(&token, &wrong).await;
        answer.expect_problem(401, "invalid_mfa");
    }
    let answer = enrolled.verify(&token, &enrolled.code()).await;
    answer.expect_problem(401, "invalid_mfa");
    let another = enrolled.mfa_token().await;
    let answer = enrolled.verify(&another, &enrolled.code()).await;
    answer.expect_problem(401, "invalid_mfa");

    let clock = &enrolled.own.server.deps().clock;
    clock.advance(TimeDelta::minutes(5));
    let later = enrolled.mfa_token().await;
    enrolled.verify(&later, &enrolled.code()).await.expect(200);
}

#[tokio::test]
async fn many_wrong_codes_at_once_are_counted_one_by_one() {
    let enrolled = Enrolled::new().await;
    let (token, wrong) = (enrolled.mfa_token().await, enrolled.wrong_code());
    let tries = (0..5).map(|_| enrolled.verify(&token, &wrong));
    for answer in futures_util::future::join_all(tries).await {
        answer.expect_problem(401, "invalid_mfa");
    }
    let answer = enrolled.verify(&token, &enrolled.code()).await;
    answer.expect_problem(401, "invalid_mfa");
}

#[tokio::test]
async fn four_wrong_codes_are_forgiven() {
    let enrolled = Enrolled::new().await;
    let (token, wrong) = (enrolled.mfa_token().await, enrolled.wrong_code());
    for _ in 0..4 {
        let answer = enrolled.verify(&token, &wrong).await;
        answer.expect_problem(401, "invalid_mfa");
    }
    enrolled.verify(&token, &enrolled.code()).await.expect(200);
}

#[tokio::test]
async fn a_token_lives_for_five_minutes() {
    let enrolled = Enrolled::new().await;
    let token = enrolled.mfa_token().await;
    let clock = &enrolled.own.server.deps().clock;
    clock.advance(TimeDelta::minutes(5));
    let answer = enrolled.verify(&token, &enrolled.code()).await;
    answer.expect_problem(401, "invalid_mfa");
}

#[tokio::test]
async fn the_token_of_another_tenant_is_unknown_here() {
    let enrolled = Enrolled::new().await;
    let globex = TestTenant::on(&enrolled.own.server).await;
    let token = enrolled.mfa_token().await;
    let body = json!({ "mfa_token": token, "code": enrolled.code() });
    let answer = globex.anonymous().post("/auth/mfa/verify", &body).await;
    answer.expect_problem(401, "invalid_mfa");
    // It was not spent on that.
    enrolled.verify(&token, &enrolled.code()).await.expect(200);
}

#[tokio::test]
async fn the_token_of_a_sign_in_that_is_half_done_opens_nothing() {
    let enrolled = Enrolled::new().await;
    let token = enrolled.mfa_token().await;
    let half = enrolled.own.tenant.anonymous().with_token(Some(&token));
    let answer = half.get("/users/me").await;
    answer.expect_problem(401, "invalid_token");
    let body = json!({ "refresh_token": token });
    let anonymous = enrolled.own.tenant.anonymous();
    let answer = anonymous.post("/auth/refresh", &body).await;
    answer.expect_problem(401, "invalid_grant");
}

#[tokio::test]
async fn a_wrong_password_is_not_told_of_a_second_factor() {
    let acme = TestTenant::new().await;
    enable(&acme.member("ada").await).await;
    let body = json!({ "email": "ada@example.com", "password": "not the password at all" });
    let answer = acme.anonymous().post("/auth/login", &body).await;
    answer.expect_problem(401, "invalid_credentials");
    assert_eq!(login(&acme).await.expect(200)["mfa_required"], true);
}

#[tokio::test]
async fn who_acts_as_a_user_does_not_reach_their_second_factor() {
    let acme = TestTenant::new().await;
    let ada = acme.member("ada").await;
    let operator = impersonated(&acme, &ada);
    operator.get("/users/me").await.expect(200);
    let answer = operator.post("/users/me/mfa/totp", &Value::Null).await;
    answer.expect_problem(403, "impersonated");
    enable(&ada).await;
    for answer in [
        operator.get("/users/me/mfa/totp").await,
        operator.delete("/users/me/mfa/totp").await,
    ] {
        answer.expect_problem(403, "impersonated");
    }
}

#[tokio::test]
async fn a_new_password_takes_the_first_step_with_the_old_one_away() {
    let enrolled = Enrolled::new().await;
    let token = enrolled.mfa_token().await;
    let admin = enrolled.own.tenant.admin("root").await;
    let path = format!("/users/{}/password", enrolled.ada.id());
    let body = json!({ "new_password": "eight green submarines" });
    admin.post(&path, &body).await.expect(204);
    let answer = enrolled.verify(&token, &enrolled.code()).await;
    answer.expect_problem(401, "invalid_mfa");
}

#[tokio::test]
async fn a_new_password_gives_no_new_tries_of_codes() {
    let enrolled = Enrolled::new().await;
    let token = enrolled.mfa_token().await;
    for _ in 0..5 {
        enrolled.verify(&token, &enrolled.wrong_code()).await;
    }
    let admin = enrolled.own.tenant.admin("root").await;
    let path = format!("/users/{}/password", enrolled.ada.id());
    let body = json!({ "new_password": TestTenant::PASSWORD });
    admin.post(&path, &body).await.expect(204);
    let another = enrolled.mfa_token().await;
    let answer = enrolled.verify(&another, &enrolled.code()).await;
    answer.expect_problem(401, "invalid_mfa");
}
