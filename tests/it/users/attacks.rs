//! Other people's ids, other tenants' ids, and fields that nobody may send.

use reqwest::Method;
use serde_json::{Value, json};
use tenantry::testkit::{Actor, Answer, TestTenant};
use uuid::Uuid;

use super::{path, signed_in};

/// Each operation on the user `id`.
async fn try_everything(actor: &Actor, id: &str) -> Vec<(String, Answer)> {
    let password = json!({ "new_password": "eight green submarines" });
    let named = json!({ "name": "Mallory" });
    let role = json!({ "role": "guest" });
    let session = Uuid::now_v7();
    let tries = [
        (Method::GET, format!("/users/{id}"), None),
        (Method::PUT, format!("/users/{id}"), Some(&named)),
        (Method::PATCH, format!("/users/{id}"), Some(&named)),
        (Method::DELETE, format!("/users/{id}"), None),
        (
            Method::POST,
            format!("/users/{id}/password"),
            Some(&password),
        ),
        (Method::PUT, format!("/users/{id}/role"), Some(&role)),
        (Method::GET, format!("/users/{id}/sessions"), None),
        (Method::DELETE, format!("/users/{id}/sessions"), None),
        (
            Method::DELETE,
            format!("/users/{id}/sessions/{session}"),
            None,
        ),
    ];
    let mut answers = Vec::new();
    for (method, path, body) in tries {
        let what = format!("{method} {path}");
        let mut request = actor.request(method, &path);
        if let Some(body) = body {
            request = request.json(body);
        }
        answers.push((what, Answer::of(request).await));
    }
    answers
}

#[tokio::test]
async fn a_member_reaches_nobody_else_by_any_operation() {
    let acme = TestTenant::new().await;
    let (mel, ada) = (acme.member("mel").await, acme.admin("ada").await);
    let before = ada.get("/users/me").await.expect(200);
    for (what, answer) in try_everything(&mel, &ada.id().to_string()).await {
        if what.ends_with("/role") {
            answer.expect_problem(403, "forbidden");
        } else {
            assert_eq!(answer.status, 404, "{what}: {}", answer.text);
        }
    }
    assert_eq!(ada.get("/users/me").await.expect(200), before);
    signed_in(&acme, "ada").await;
}

#[tokio::test]
async fn an_admin_reaches_nobody_of_another_tenant_by_any_operation() {
    let (acme, globex) = (TestTenant::new().await, TestTenant::new().await);
    let (ada, mel) = (acme.admin("ada").await, globex.member("mel").await);
    let before = mel.get("/users/me").await.expect(200);
    for (what, answer) in try_everything(&ada, &mel.id().to_string()).await {
        assert_eq!(answer.status, 404, "{what}: {}", answer.text);
        answer.expect_problem(404, "not_found");
    }
    assert_eq!(mel.get("/users/me").await.expect(200), before);
    signed_in(&globex, "mel").await;
}

#[tokio::test]
async fn no_field_that_is_not_of_the_profile_can_be_smuggled_in() {
    let acme = TestTenant::new().await;
    let mel = acme.member("mel").await;
    let before = mel.get("/users/me").await.expect(200);
    let other = Uuid::now_v7();
    for (field, value) in [
        ("role", json!("admin")),
        ("id", json!(other)),
        ("email", json!("eve@example.com")),
        ("email_verified", json!(false)),
        ("password", json!("eight green submarines")),
        ("password_hash", json!("$argon2id$")),
        ("tenant_id", json!(other)),
        ("external_subject", json!("eve")),
        ("created_at", json!("2020-01-01T00:00:00Z")),
    ] {
        let mut body = json!({ "name": "Mel" });
        body[field] = value;
        for answer in [
            mel.patch("/users/me", &body).await,
            mel.patch(&path(&mel), &body).await,
            mel.put(&path(&mel), &body).await,
        ] {
            let problem = answer.expect_problem(422, "validation_failed");
            assert_eq!(problem["errors"][0]["code"], "unknown_field", "{field}");
        }
    }
    assert_eq!(mel.get("/users/me").await.expect(200), before);
}

#[tokio::test]
async fn me_is_a_word_and_no_id() {
    let acme = TestTenant::new().await;
    let mel = acme.member("mel").await;
    let me = mel.get("/users/me").await.expect(200);
    assert_eq!(me["id"], mel.id().to_string());
    for path in ["/users/me/role", "/users/me/password", "/users/me/sessions"] {
        let answer = mel.put(path, &Value::Null).await;
        assert!(
            [404, 405].contains(&answer.status),
            "{path}: {}",
            answer.text
        );
    }
}
