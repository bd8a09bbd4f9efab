//! Sending an invitation again, and withdrawing it.

use serde_json::{Value, json};
use tenantry::testkit::{TestServer, TestTenant};
use uuid::Uuid;

use super::{accept, invite, path_of};
use crate::mails::Post;

#[tokio::test]
async fn another_mail_has_another_token_and_the_last_one_is_dead() {
    let post = Post::new().await;
    let ann = post.tenant.admin("ann").await;
    let made = invite(&ann, "bob@example.com", "member").await.expect(201);
    let first = post.catcher.mail_to("bob@example.com").await.token();
    post.server.deps().clock.advance(chrono::TimeDelta::days(8));
    let ben = post.tenant.admin("ben").await;
    let resend = format!("{}/resend", path_of(&made));
    let mailed = ben.post(&resend, &Value::Null).await.expect(202);
    assert_eq!(
        (&mailed["id"], &mailed["role"]),
        (&made["id"], &made["role"])
    );
    assert!(mailed["expires_at"].as_str() > made["expires_at"].as_str());
    let second = post.catcher.mails_to("bob@example.com", 2).await[1].token();

    let anonymous = post.tenant.anonymous();
    let old = accept(&anonymous, &first).await;
    old.expect_problem(400, "token_invalid");
    accept(&anonymous, &second).await.expect(201);
    let gone = ben.post(&resend, &Value::Null).await;
    gone.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_withdrawn_invitation_makes_nobody() {
    let post = Post::new().await;
    let ann = post.tenant.admin("ann").await;
    let made = invite(&ann, "bob@example.com", "member").await.expect(201);
    let token = post.catcher.mail_to("bob@example.com").await.token();
    ann.delete(&path_of(&made)).await.expect(204);
    let answer = accept(&post.tenant.anonymous(), &token).await;
    answer.expect_problem(400, "token_invalid");
}

#[tokio::test]
async fn who_could_not_make_an_invitation_neither_sends_it_again_nor_withdraws_it() {
    let server = TestServer::shared().await;
    let operator = server.operator().await.naming(Some("platform"));
    let name = |who: &str| format!("{who}-{}@example.com", Uuid::now_v7().simple());
    let email = name("helper");
    let helper =
        json!({ "email": email, "name": "Hal", "role": "admin", "password": TestTenant::PASSWORD });
    operator.post("/users", &helper).await.expect(201);
    let platform = server.anonymous().naming(Some("platform"));
    let (helper, _) = platform.sign_in(&email).await;

    let made = invite(&operator, &name("bob"), "admin").await.expect(201);
    let path = path_of(&made);
    let answer = helper.post(&format!("{path}/resend"), &Value::Null).await;
    answer.expect_problem(403, "role_hierarchy");
    let answer = helper.delete(&path).await;
    answer.expect_problem(403, "role_hierarchy");
    operator.delete(&path).await.expect(204);
}
