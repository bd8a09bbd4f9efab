//! Joining by the token of a mail.

use chrono::TimeDelta;
use futures_util::future::join;
use reqwest::Method;
use serde_json::{Value, json};
use tenantry::testkit::{Answer, TestTenant};

use super::{accept, acceptance, invite};
use crate::mails::Post;
use crate::program::owner;

const BOB: &str = "bob@example.com";

/// Bob is invited as a member; the token that came.
async fn invited(post: &Post) -> String {
    let ann = post.tenant.admin("ann").await;
    invite(&ann, BOB, "member").await.expect(201);
    post.catcher.mail_to(BOB).await.token()
}

#[tokio::test]
async fn who_is_invited_joins_with_the_given_role_and_a_proved_address() {
    let post = Post::new().await;
    let ann = post.tenant.admin("ann").await;
    let made = invite(&ann, "Bob@Example.com", "member").await;
    assert!(made.header("location").starts_with("/api/v1/invites/"));
    let made = made.expect(201);
    assert_eq!(made["invited_by"], ann.id().to_string());
    let listed = ann.get("/invites").await.expect(200);
    assert_eq!(listed["data"], json!([made]));

    let mail = post.catcher.mail_to(BOB).await;
    let slug = post.tenant.slug();
    let header = format!("X-Tenant-ID: {slug}");
    assert!(mail.text().contains("POST /api/v1/invites/accept"));
    assert!(mail.text().contains(&header), "{}", mail.text());
    let answer = accept(&post.tenant.anonymous(), &mail.token()).await;
    let bob = answer.expect(201);
    let location = format!("/api/v1/users/{}", bob["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), location);
    assert_eq!(
        (&bob["email"], &bob["role"]),
        (&json!(BOB), &json!("member"))
    );
    assert_eq!(bob["email_verified"], true);

    let (signed_in, _) = post.tenant.anonymous().sign_in(BOB).await;
    let me = signed_in.get("/users/me").await.expect(200);
    assert_eq!((&me["id"], &me["name"]), (&bob["id"], &json!("Bob")));
    let listed = ann.get("/invites").await.expect(200);
    assert_eq!(listed["data"], json!([]));
}

#[tokio::test]
async fn a_token_works_once() {
    let post = Post::new().await;
    let token = invited(&post).await;
    let anonymous = post.tenant.anonymous();
    // A password that is refused uses nothing up.
    let mut weak = acceptance(&token);
    weak["password"] = json!("password1234");
    let answer = anonymous.post("/invites/accept", &weak).await;
    answer.expect_problem(422, "validation_failed");
    let (one, other) = join(accept(&anonymous, &token), accept(&anonymous, &token)).await;
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400]);
    let again = accept(&anonymous, &token).await;
    again.expect_problem(400, "token_invalid");
}

#[tokio::test]
async fn an_invitation_holds_for_a_week_and_then_gives_way_to_another() {
    let post = Post::new().await;
    let token = invited(&post).await;
    let anonymous = post.tenant.anonymous();
    post.server.deps().clock.advance(TimeDelta::days(7));
    let late = accept(&anonymous, &token).await;
    late.expect_problem(410, "invite_expired");
    let ben = post.tenant.admin("ben").await;
    invite(&ben, BOB, "guest").await.expect(201);
    let second = post.catcher.mails_to(BOB, 2).await[1].token();
    let replaced = accept(&anonymous, &token).await;
    replaced.expect_problem(400, "token_invalid");
    let bob = accept(&anonymous, &second).await.expect(201);
    assert_eq!(bob["role"], "guest");
}

#[tokio::test]
async fn a_token_is_for_its_own_tenant() {
    let post = Post::new().await;
    let other = TestTenant::on(&post.server).await;
    let token = invited(&post).await;
    let elsewhere = accept(&other.anonymous(), &token).await;
    elsewhere.expect_problem(400, "token_invalid");
    accept(&post.tenant.anonymous(), &token).await.expect(201);
}

#[tokio::test]
async fn neither_role_nor_address_can_be_smuggled_in() {
    let post = Post::new().await;
    let token = invited(&post).await;
    let anonymous = post.tenant.anonymous();
    for (field, value) in [("role", "admin"), ("email", "eve@example.com")] {
        let mut body = acceptance(&token);
        body[field] = json!(value);
        let answer = anonymous.post("/invites/accept", &body).await;
        let problem = answer.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["code"], "unknown_field");
    }
    let bob = accept(&anonymous, &token).await.expect(201);
    assert_eq!(
        (&bob["email"], &bob["role"]),
        (&json!(BOB), &json!("member"))
    );
}

#[tokio::test]
async fn with_a_key_accepting_again_gives_the_same_answer() {
    let post = Post::new().await;
    let token = invited(&post).await;
    let anonymous = post.tenant.anonymous();
    let send = |body: Value| {
        let request = anonymous.request(Method::POST, "/invites/accept");
        Answer::of(request.header("Idempotency-Key", "k").json(&body))
    };
    let first = send(acceptance(&token)).await;
    let bob = first.expect(201);
    let again = send(acceptance(&token)).await;
    assert_eq!(again.expect(201), bob);
    assert_eq!(again.header("idempotency-replayed"), "true");
    let mut other = acceptance(&token);
    other["password"] = json!("ninety nine red balloons");
    send(other)
        .await
        .expect_problem(422, "idempotency_mismatch");
    // The key is the token's: with another it is another.
    let unknown = send(acceptance("unknown")).await;
    unknown.expect_problem(400, "token_invalid");
}

#[tokio::test]
async fn an_address_that_was_taken_meanwhile_is_a_conflict() {
    let post = Post::new().await;
    let token = invited(&post).await;
    post.tenant.member("bob").await;
    let answer = accept(&post.tenant.anonymous(), &token).await;
    answer.expect_problem(409, "email_taken");
}

#[tokio::test]
async fn an_invitation_outlives_the_rank_and_the_account_of_its_inviter() {
    let post = Post::new().await;
    let ann = post.tenant.admin("ann").await;
    for (email, change) in [
        ("bob@example.com", "UPDATE {s}.users SET role = 'guest'"),
        ("cat@example.com", "DELETE FROM {s}.users"),
    ] {
        invite(&ann, email, "member").await.expect(201);
        let token = post.catcher.mail_to(email).await.token();
        let change = change.replace("{s}", post.tenant.schema());
        let change = format!("{change} WHERE id = '{}'", ann.id());
        owner(&post.database)
            .await
            .batch_execute(&change)
            .await
            .unwrap();
        let joined = accept(&post.tenant.anonymous(), &token).await.expect(201);
        assert_eq!(joined["role"], "member");
    }
}

#[tokio::test]
async fn inviting_refusing_and_joining_are_written_down_and_the_token_is_not() {
    let post = Post::new().await;
    let token = invited(&post).await;
    let anonymous = post.tenant.anonymous();
    accept(&anonymous, &token).await.expect(201);
    accept(&anonymous, &token).await.expect(400);
    let log = format!(
        "SELECT action, actor_kind, row_to_json(l)::text FROM {}.audit_log l WHERE resource = 'invite' ORDER BY seq",
        post.tenant.schema()
    );
    let rows = owner(&post.database).await.query(&log, &[]).await.unwrap();
    let acts: Vec<(&str, &str)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let expected = [
        ("invite.created", "user"),
        ("invite.accepted", "system"),
        ("invite.refused", "system"),
    ];
    assert_eq!(acts, expected);
    for row in &rows {
        let line: &str = row.get(2);
        assert!(!line.contains(&token), "{line}");
    }
}
