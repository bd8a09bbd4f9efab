//! A forgotten password: the token of the mail sets a new one, once, within an hour, in its own tenant.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tenantry::testkit::{TestServer, TestTenant};

use super::{Post, sending_to};
use crate::mfa::code_at;
use crate::program::owner;

const NEW: &str = "ninety nine red balloons";

fn new_password(token: &str) -> Value {
    json!({ "token": token, "password": NEW })
}

/// A member with two sessions has asked for a new password; the token that came.
async fn asked(post: &Post) -> String {
    post.tenant.member("ada").await;
    let anonymous = post.tenant.anonymous();
    let ask = json!({ "email": "ADA@example.com" });
    anonymous
        .post("/auth/forgot-password", &ask)
        .await
        .expect(202);
    post.catcher.mail_to("ada@example.com").await.token()
}

#[tokio::test]
async fn the_token_sets_a_new_password_once_and_ends_every_session_on_every_node() {
    let post = Post::new().await;
    let second = TestServer::start_with(&sending_to(&post.database, &post.catcher)).await;
    let token = asked(&post).await;
    let anonymous = post.tenant.anonymous();
    let (laptop, refresh) = anonymous.sign_in("ada@example.com").await;
    let (phone, _) = anonymous.sign_in("ada@example.com").await;
    let there = second.anonymous().naming(Some(post.tenant.slug().as_str()));
    let there = there.with_token(phone.token());
    there.get("/users/me").await.expect(200);

    // A password that is refused uses nothing up.
    let weak = json!({ "token": token, "password": "password1234" });
    let answer = anonymous.post("/auth/reset-password", &weak).await;
    answer.expect_problem(422, "validation_failed");
    let answer = anonymous
        .post("/auth/reset-password", &new_password(&token))
        .await;
    answer.expect(204);
    laptop
        .get("/users/me")
        .await
        .expect_problem(401, "invalid_token");
    crate::auth::soon(&there, "/users/me", 401).await;
    let answer = anonymous
        .post("/auth/refresh", &json!({ "refresh_token": refresh }))
        .await;
    answer.expect_problem(401, "invalid_grant");

    let login = |password| json!({ "email": "ada@example.com", "password": password });
    let old = anonymous
        .post("/auth/login", &login(TestTenant::PASSWORD))
        .await;
    old.expect_problem(401, "invalid_credentials");
    anonymous.post("/auth/login", &login(NEW)).await.expect(200);
    let again = anonymous
        .post("/auth/reset-password", &new_password(&token))
        .await;
    again.expect_problem(400, "token_invalid");
}

#[tokio::test]
async fn a_token_holds_for_an_hour_and_only_the_last_one_holds() {
    let post = Post::new().await;
    let first = asked(&post).await;
    let anonymous = post.tenant.anonymous();
    let ask = json!({ "email": "ada@example.com" });
    anonymous
        .post("/auth/forgot-password", &ask)
        .await
        .expect(202);
    let second = post.catcher.mails_to("ada@example.com", 2).await[1].token();
    let answer = anonymous
        .post("/auth/reset-password", &new_password(&first))
        .await;
    answer.expect_problem(400, "token_invalid");
    post.server.deps().clock.advance(TimeDelta::hours(1));
    let answer = anonymous
        .post("/auth/reset-password", &new_password(&second))
        .await;
    answer.expect_problem(400, "token_invalid");
}

#[tokio::test]
async fn a_token_is_for_one_thing_in_one_tenant() {
    let post = Post::new().await;
    let other = TestTenant::on(&post.server).await;
    other.member("ada").await;
    let token = asked(&post).await;
    let stranger = other.anonymous();
    let answer = stranger
        .post("/auth/reset-password", &new_password(&token))
        .await;
    answer.expect_problem(400, "token_invalid");
    let anonymous = post.tenant.anonymous();
    for path in ["/auth/verify-email", "/auth/confirm-email-update"] {
        let answer = anonymous.post(path, &json!({ "token": token })).await;
        answer.expect_problem(400, "token_invalid");
    }
    let answer = anonymous
        .post("/auth/reset-password", &new_password(&token))
        .await;
    answer.expect(204);
}

#[tokio::test]
async fn two_who_use_a_token_at_once_are_one_too_many() {
    let post = Post::new().await;
    let token = asked(&post).await;
    let anonymous = post.tenant.anonymous();
    let body = new_password(&token);
    let both = futures_util::future::join(
        anonymous.post("/auth/reset-password", &body),
        anonymous.post("/auth/reset-password", &body),
    );
    let (one, other) = both.await;
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 400]);
}

#[tokio::test]
async fn who_is_unknown_gets_the_same_answer_and_no_mail() {
    let post = Post::new().await;
    let anonymous = post.tenant.anonymous();
    for email in ["nobody@example.com", "no address", ""] {
        for path in ["/auth/forgot-password", "/auth/resend-verification"] {
            let answer = anonymous.post(path, &json!({ "email": email })).await;
            assert_eq!(
                (answer.status, answer.text.as_str()),
                (202, ""),
                "{path} {email}"
            );
        }
    }
    // Somebody who is known comes last, so the others have been looked at.
    asked(&post).await;
    assert!(post.catcher.all_to("nobody@example.com").is_empty());
    let admin = post.tenant.admin("ann").await;
    assert!(admin.get("/users").await.expect(200)["data"].is_array());
}

#[tokio::test]
async fn the_answer_waits_for_nothing_that_could_tell_who_is_known() {
    let post = Post::new().await;
    post.tenant.member("ada").await;
    let sql = owner(&post.database).await;
    let users = format!("BEGIN; LOCK {}.users", post.tenant.schema());
    sql.batch_execute(&users).await.unwrap();
    let anonymous = post.tenant.anonymous();
    for email in ["ada@example.com", "nobody@example.com"] {
        for path in ["/auth/forgot-password", "/auth/resend-verification"] {
            let body = json!({ "email": email });
            let answer = anonymous.post(path, &body);
            let answer = tokio::time::timeout(std::time::Duration::from_secs(5), answer).await;
            answer.expect("it waits for the users").expect(202);
        }
    }
    sql.batch_execute("ROLLBACK").await.unwrap();
    post.catcher.mail_to("ada@example.com").await;
}

#[tokio::test]
async fn asking_refusing_and_resetting_are_written_down_and_the_token_is_not() {
    let post = Post::new().await;
    let token = asked(&post).await;
    let anonymous = post.tenant.anonymous();
    anonymous.sign_in("ada@example.com").await;
    anonymous
        .post("/auth/reset-password", &new_password(&token))
        .await
        .expect(204);
    anonymous
        .post("/auth/reset-password", &new_password(&token))
        .await
        .expect_problem(400, "token_invalid");
    let sql = owner(&post.database).await;
    let log = format!(
        "SELECT action, row_to_json(l)::text FROM {}.audit_log l WHERE action ~ 'password|token|sessions' ORDER BY seq",
        post.tenant.schema()
    );
    let rows = sql.query(&log, &[]).await.unwrap();
    let actions: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let expected = [
        "password_reset.asked",
        "sessions.ended",
        "password.reset",
        "email_token.refused",
    ];
    assert_eq!(actions, expected);
    let lines: Vec<String> = rows.iter().map(|row| row.get(1)).collect();
    let why = "\"why\": \"a new password by mail\"";
    assert!(lines[1].contains(why), "{}", lines[1]);
    assert!(!lines.concat().contains(&token));
}

#[tokio::test]
async fn a_new_password_takes_the_first_step_of_a_sign_in_with_the_old_one_away() {
    let post = Post::new().await;
    let token = asked(&post).await;
    let (ada, _) = post.tenant.anonymous().sign_in("ada@example.com").await;
    let setup = ada
        .post("/users/me/mfa/totp", &Value::Null)
        .await
        .expect(201);
    let secret = setup["secret"].as_str().unwrap();
    let clock = &post.server.deps().clock;
    let body = json!({ "code": code_at(secret, clock) });
    ada.post("/users/me/mfa/totp/verify", &body)
        .await
        .expect(200);

    let anonymous = post.tenant.anonymous();
    let login = json!({ "email": "ada@example.com", "password": TestTenant::PASSWORD });
    let asked = anonymous.post("/auth/login", &login).await.expect(200);
    let answer = anonymous
        .post("/auth/reset-password", &new_password(&token))
        .await;
    answer.expect(204);
    // A code that was not used yet.
    clock.advance(TimeDelta::seconds(30));
    let body = json!({ "mfa_token": asked["mfa_token"], "code": code_at(secret, clock) });
    let answer = anonymous.post("/auth/mfa/verify", &body).await;
    answer.expect_problem(401, "invalid_mfa");
}
