//! A new address: asked for by oneself or an admin, in force once it has confirmed, and never two of one.

use reqwest::Method;
use serde_json::{Value, json};
use tenantry::testkit::{Actor, Answer, TestTenant};

use super::Post;

async fn ask(actor: &Actor, of: &Actor, email: &str) -> Answer {
    let path = format!("/users/{}/email", of.id());
    actor.patch(&path, &json!({ "email": email })).await
}

fn token(token: &str) -> Value {
    json!({ "token": token })
}

#[tokio::test]
async fn a_new_address_takes_effect_when_it_confirms_and_the_old_one_is_told() {
    let post = Post::new().await;
    let ada = post.tenant.member("ada").await;
    let anonymous = post.tenant.anonymous();
    ask(&ada, &ada, "Ada@New.example.com").await.expect(202);
    let mail = post.catcher.mail_to("ada@new.example.com").await;
    let told = post.catcher.mail_to("ada@example.com").await;
    assert!(
        told.text().contains("ada@new.example.com"),
        "{}",
        told.text()
    );
    assert!(
        !told.raw.contains(&mail.token()),
        "the old address could confirm"
    );
    assert_eq!(
        ada.get("/users/me").await.expect(200)["email"],
        "ada@example.com"
    );

    // A password that was asked for at the old address is not to be set from there afterwards.
    let forgot = json!({ "email": "ada@example.com" });
    anonymous
        .post("/auth/forgot-password", &forgot)
        .await
        .expect(202);
    let reset = post.catcher.mails_to("ada@example.com", 2).await[1].token();

    let confirm = token(&mail.token());
    let answer = anonymous.post("/auth/confirm-email-update", &confirm).await;
    assert_eq!(answer.expect(200)["email"], "ada@new.example.com");
    assert_eq!(
        ada.get("/users/me").await.expect(200)["email"],
        "ada@new.example.com"
    );
    anonymous.sign_in("ada@new.example.com").await;
    let again = anonymous.post("/auth/confirm-email-update", &confirm).await;
    again.expect_problem(400, "token_invalid");
    let reset = json!({ "token": reset, "password": "ninety nine red balloons" });
    let answer = anonymous.post("/auth/reset-password", &reset).await;
    answer.expect_problem(400, "token_invalid");
}

#[tokio::test]
async fn an_address_that_is_taken_is_refused_when_asked_for_and_when_confirmed() {
    let post = Post::new().await;
    let (ada, _) = (
        post.tenant.member("ada").await,
        post.tenant.member("bob").await,
    );
    let answer = ask(&ada, &ada, "BOB@example.com").await;
    answer.expect_problem(409, "email_taken");
    ask(&ada, &ada, "carl@example.com").await.expect(202);
    let mail = post.catcher.mail_to("carl@example.com").await;
    post.tenant.member("carl").await;
    let confirm = token(&mail.token());
    let answer = post
        .tenant
        .anonymous()
        .post("/auth/confirm-email-update", &confirm)
        .await;
    answer.expect_problem(409, "email_taken");
    assert_eq!(
        ada.get("/users/me").await.expect(200)["email"],
        "ada@example.com"
    );
}

#[tokio::test]
async fn an_admin_changes_the_address_of_those_below_and_nobody_elses() {
    let post = Post::new().await;
    let (ann, ben) = (
        post.tenant.admin("ann").await,
        post.tenant.admin("ben").await,
    );
    let (ada, eve) = (
        post.tenant.member("ada").await,
        post.tenant.member("eve").await,
    );
    ask(&ann, &ada, "ada@new.example.com").await.expect(202);
    ask(&ann, &ann, "ann@new.example.com").await.expect(202);
    ask(&ann, &ben, "ben@new.example.com")
        .await
        .expect_problem(403, "role_hierarchy");
    ask(&eve, &ada, "mine@example.com")
        .await
        .expect_problem(404, "not_found");
    let answer = ask(&ada, &ada, "no address").await;
    answer.expect_problem(422, "validation_failed");
}

#[tokio::test]
async fn a_new_password_takes_back_what_was_asked_with_the_old_one() {
    let post = Post::new().await;
    let ada = post.tenant.member("ada").await;
    ask(&ada, &ada, "eve@example.com").await.expect(202);
    let mail = post.catcher.mail_to("eve@example.com").await;
    let path = format!("/users/{}/password", ada.id());
    let new = json!({ "current_password": TestTenant::PASSWORD, "new_password": "eight green submarines" });
    ada.post(&path, &new).await.expect(204);
    let confirm = token(&mail.token());
    let anonymous = post.tenant.anonymous();
    let answer = anonymous.post("/auth/confirm-email-update", &confirm).await;
    answer.expect_problem(400, "token_invalid");
}

#[tokio::test]
async fn who_only_looks_whether_a_link_is_alive_changes_nothing() {
    let post = Post::new().await;
    let ada = post.tenant.member("ada").await;
    ask(&ada, &ada, "ada@new.example.com").await.expect(202);
    let mail = post.catcher.mail_to("ada@new.example.com").await;
    let path = format!("/api/v1/auth/confirm-email-update?token={}", mail.token());
    let anonymous = post.tenant.anonymous();
    let looked = Answer::of(anonymous.request_root(Method::HEAD, &path)).await;
    assert_eq!(looked.status, 200);
    let me = ada.get("/users/me").await.expect(200);
    assert_eq!(me["email"], "ada@example.com");
    Answer::of(anonymous.request_root(Method::GET, &path)).await;
    let me = ada.get("/users/me").await.expect(200);
    assert_eq!(me["email"], "ada@new.example.com");
}
