//! Who may invite whom, and that one address has one invitation.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tenantry::testkit::{Answer, TestTenant};

use super::{invite, path_of};
use crate::mails::Post;

#[tokio::test]
async fn nobody_invites_to_a_role_that_they_do_not_stand_above() {
    let tenant = TestTenant::new().await;
    let ann = tenant.admin("ann").await;
    for role in ["admin", "super_admin"] {
        let answer = invite(&ann, "bob@example.com", role).await;
        answer.expect_problem(403, "role_hierarchy");
    }
    let unknown = invite(&ann, "bob@example.com", "captain").await;
    let problem = unknown.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "unknown_role");
    let member = tenant.member("mel").await;
    let answer = invite(&member, "bob@example.com", "guest").await;
    answer.expect_problem(403, "forbidden");
    let mut both = json!({ "email": "no address", "role": "1" });
    let answer = ann.post("/invites", &both).await;
    answer.expect_problem(422, "validation_failed");
    both["email"] = json!("bob@example.com");
    both["role"] = json!("guest");
    ann.post("/invites", &both).await.expect(201);
}

#[tokio::test]
async fn an_address_has_one_invitation_and_users_have_none() {
    let tenant = TestTenant::new().await;
    let ann = tenant.admin("ann").await;
    let all = (0..5).map(|_| invite(&ann, "bob@example.com", "guest"));
    let answers = join_all(all).await;
    let made: Vec<_> = answers.iter().filter(|a| a.status == 201).collect();
    assert_eq!(made.len(), 1);
    for refused in answers.iter().filter(|a| a.status != 201) {
        refused.expect_problem(409, "already_invited");
    }
    let again = invite(&ann, "BOB@example.com", "member").await;
    again.expect_problem(409, "already_invited");
    let user = invite(&ann, "ann@example.com", "guest").await;
    user.expect_problem(409, "email_taken");

    let path = path_of(&made[0].json());
    ann.delete(&path).await.expect(204);
    ann.delete(&path).await.expect_problem(404, "not_found");
    invite(&ann, "bob@example.com", "member").await.expect(201);
}

#[tokio::test]
async fn the_same_key_makes_one_invitation_and_one_mail() {
    let post = Post::new().await;
    let ann = post.tenant.admin("ann").await;
    let send = |email: &str| {
        let request = ann.request(Method::POST, "/invites");
        let body = json!({ "email": email, "role": "guest" });
        Answer::of(request.header("Idempotency-Key", "k").json(&body))
    };
    let first = send("bob@example.com").await;
    let again = send("bob@example.com").await;
    assert_eq!(again.expect(201), first.expect(201));
    assert_eq!(again.header("idempotency-replayed"), "true");
    let other = send("cat@example.com").await;
    other.expect_problem(422, "idempotency_mismatch");
    post.sent().await;
    post.catcher.mail_to("bob@example.com").await;
}
