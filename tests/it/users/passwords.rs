//! Changing passwords, and which sessions that ends.

use serde_json::{Value, json};
use tenantry::testkit::{Actor, Answer, TestTenant};

use super::{path, signed_in};
use crate::auth::refresh;

const NEW: &str = "eight green submarines";

async fn change(actor: &Actor, user: &Actor, current: Option<&str>, new: &str) -> Answer {
    let mut body = json!({ "new_password": new });
    if let Some(current) = current {
        body["current_password"] = json!(current);
    }
    let path = format!("{}/password", path(user));
    actor.post(&path, &body).await
}

async fn login(acme: &TestTenant, name: &str, password: &str) -> u16 {
    let body = json!({ "email": format!("{name}@example.com"), "password": password });
    acme.anonymous().post("/auth/login", &body).await.status
}

fn mistake(answer: &Answer) -> (Value, Value) {
    let problem = answer.expect_problem(422, "validation_failed");
    let mistake = &problem["errors"][0];
    (mistake["pointer"].clone(), mistake["code"].clone())
}

#[tokio::test]
async fn ones_own_password_ends_all_other_sessions_and_not_this_one() {
    let acme = TestTenant::new().await;
    let mel = acme.member("mel").await;
    let (here, here_token) = signed_in(&acme, "mel").await;
    let (other, other_token) = signed_in(&acme, "mel").await;
    let answer = change(&here, &mel, Some(TestTenant::PASSWORD), NEW).await;
    answer.expect(204);

    let answer = other.get("/users/me").await;
    answer.expect_problem(401, "invalid_token");
    let answer = refresh(&other, &other_token).await;
    answer.expect_problem(401, "invalid_grant");
    here.get("/users/me").await.expect(200);
    refresh(&here, &here_token).await.expect(200);
    assert_eq!(login(&acme, "mel", TestTenant::PASSWORD).await, 401);
    assert_eq!(login(&acme, "mel", NEW).await, 200);
}

#[tokio::test]
async fn ones_own_password_needs_the_current_one() {
    let acme = TestTenant::new().await;
    for user in [acme.member("mel").await, acme.admin("ada").await] {
        let answer = change(&user, &user, None, NEW).await;
        let expected = (json!("/current_password"), json!("required"));
        assert_eq!(mistake(&answer), expected);
        let answer = change(&user, &user, Some(NEW), NEW).await;
        let expected = (json!("/current_password"), json!("wrong_password"));
        assert_eq!(mistake(&answer), expected);
    }
    assert_eq!(login(&acme, "mel", TestTenant::PASSWORD).await, 200);
    assert_eq!(login(&acme, "ada", TestTenant::PASSWORD).await, 200);
}

#[tokio::test]
async fn an_admin_sets_the_password_of_those_below_and_ends_all_their_sessions() {
    let acme = TestTenant::new().await;
    let (ada, bob) = (acme.admin("ada").await, acme.admin("bob").await);
    let mel = acme.member("mel").await;
    let (here, _) = signed_in(&acme, "mel").await;
    change(&ada, &mel, None, NEW).await.expect(204);
    let answer = here.get("/users/me").await;
    answer.expect_problem(401, "invalid_token");
    assert_eq!(login(&acme, "mel", NEW).await, 200);

    let answer = change(&ada, &bob, None, NEW).await;
    answer.expect_problem(403, "role_hierarchy");
    assert_eq!(login(&acme, "bob", TestTenant::PASSWORD).await, 200);
}

#[tokio::test]
async fn a_weak_new_password_is_refused() {
    let acme = TestTenant::new().await;
    let mel = acme.member("mel").await;
    for (password, code) in [("short words", "too_short"), ("password1234", "too_common")] {
        let answer = change(&mel, &mel, Some(TestTenant::PASSWORD), password).await;
        assert_eq!(mistake(&answer), (json!("/new_password"), json!(code)));
    }
}
