//! API2, broken authentication: only a living credential of the right kind, in its one place, opens a guarded operation.

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tenantry::domains::access::Role;
use tenantry::testkit::{Actor, Answer, TestTenant};

use super::{program_of, refused};
use crate::contract::document::{Operation, operations};
use crate::contract::world::{whole, with_sample};
use crate::mfa;

fn guarded() -> impl Iterator<Item = Operation> {
    operations().into_iter().filter(Operation::needs_credential)
}

/// Repeatable, so it takes the token of a session that has ended.
fn ends_what_ended(operation: &Operation) -> bool {
    operation.name == "POST /auth/logout"
}

type Change = fn(RequestBuilder, &str) -> RequestBuilder;

/// A token that holds, where no token is read from.
const MISPLACED: &[(&str, Change)] = &[
    ("in the query", |r, t| r.query(&[("access_token", t)])),
    ("as `token`", |r, t| r.query(&[("token", t)])),
    ("in a cookie", |r, t| {
        r.header(
            "cookie",
            format!("access_token={t}; token={t}; session={t}"),
        )
    }),
    ("as Basic", |r, t| r.basic_auth("ada", Some(t))),
    ("as Token", |r, t| {
        r.header("authorization", format!("Token {t}"))
    }),
    ("bare", |r, t| r.header("authorization", t)),
    ("for a proxy", |r, t| {
        r.header("proxy-authorization", format!("Bearer {t}"))
    }),
    ("of a proxy", |r, t| {
        r.header("x-forwarded-authorization", format!("Bearer {t}"))
            .header("x-original-authorization", format!("Bearer {t}"))
            .header("x-user-id", "1")
            .header("x-remote-user", "ada@example.com")
    }),
    ("as a key", |r, t| r.header("x-api-key", t)),
    ("cut short", |r, t| r.bearer_auth(&t[..t.len() - 2])),
    ("with more", |r, t| r.bearer_auth(format!("{t},{t}"))),
    ("empty", |r, _| r.header("authorization", "Bearer ")),
];

#[tokio::test]
async fn a_good_token_in_another_place_or_form_opens_nothing() {
    let acme = TestTenant::new().await;
    let (ada, operator) = (acme.admin("ada").await, acme.server().operator().await);
    let tenant = acme.slug().as_str();
    for operation in guarded() {
        let who = if operation.is_platform() {
            &operator
        } else {
            &ada
        };
        let nobody = who.clone().with_token(None).naming(Some(tenant));
        for (how, change) in MISPLACED {
            let request = change(whole(&operation, &nobody), who.token().unwrap());
            let answer = Answer::of(request).await;
            refused(&format!("{} {how}", operation.name), &answer, &[401]);
            let challenge = answer.header("www-authenticate");
            assert!(challenge.starts_with("Bearer"), "{how}: {challenge:?}");
        }
    }
}

#[tokio::test]
async fn two_credentials_are_refused_wherever_two_kinds_are_taken() {
    let acme = TestTenant::new().await;
    let ada = acme.admin("ada").await;
    let program = program_of(&acme, &ada).await;
    for operation in guarded().filter(|o| !o.is_platform()) {
        let twice = whole(&operation, &ada).bearer_auth(ada.token().unwrap());
        let answer = Answer::of(twice).await;
        refused(&operation.name, &answer, &[400]);
        let both = program.clone().with_token(ada.token());
        let answer = Answer::of(with_sample(&operation, whole(&operation, &both))).await;
        let security = operation.about["security"].as_array().unwrap();
        if security
            .iter()
            .any(|scheme| scheme.get("api_key").is_some())
        {
            answer.expect_problem(400, "credential_conflict");
        }
    }
}

/// Tokens of other kinds, and access tokens of those who are not any more what they say.
async fn worthless(acme: &TestTenant) -> Vec<(&'static str, Actor)> {
    let anonymous = acme.anonymous();
    acme.member("out").await;
    let (out, refresh) = anonymous.sign_in("out@example.com").await;
    out.post("/auth/logout", &Value::Null).await.expect(204);
    acme.member("sam").await;
    let (_, living) = anonymous.sign_in("sam@example.com").await;
    // The kit's own tokens belong to no session that could end.
    let gone = acme.member("gone").await;
    let (gone_token, _) = anonymous.sign_in("gone@example.com").await;
    let admin = acme.admin("ada").await;
    let path = format!("/users/{}", gone.id());
    admin.delete(&path).await.expect(204);
    let member = acme.member("mel").await;
    let (member_token, _) = anonymous.sign_in("mel@example.com").await;
    let path = format!("/users/{}/role", member.id());
    let role = json!({ "role": "guest" });
    admin.put(&path, &role).await.expect(200);
    mfa::enable(&acme.member("max").await).await;
    let login = json!({ "email": "max@example.com", "password": TestTenant::PASSWORD });
    let half = anonymous.post("/auth/login", &login).await.expect(200);
    let program = acme.admin("root").await;
    let key = json!({ "name": "ci", "scopes": ["projects:read"] });
    let key = program.post("/api-keys", &key).await.expect(201);
    let text = |value: &Value| anonymous.clone().with_token(value.as_str());
    vec![
        ("of an ended session", out),
        ("of a deleted user", gone_token),
        ("of a demoted user", member_token),
        (
            "of a refresh, ended",
            anonymous.clone().with_token(Some(&refresh)),
        ),
        ("of a refresh", anonymous.clone().with_token(Some(&living))),
        ("of half a sign-in", text(&half["mfa_token"])),
        ("that is a key", text(&key["key"])),
    ]
}

#[tokio::test]
async fn a_token_of_another_kind_or_of_somebody_who_is_no_more_opens_nothing() {
    let acme = TestTenant::new().await;
    for (whose, actor) in worthless(&acme).await {
        for operation in guarded().filter(|o| !ends_what_ended(o)) {
            let answer = Answer::of(whole(&operation, &actor)).await;
            let what = format!("{} with a token {whose}", operation.name);
            refused(&what, &answer, &[401]);
            assert_eq!(answer.json()["code"], "invalid_token", "{what}");
        }
    }
}

#[tokio::test]
async fn an_access_token_is_nothing_where_another_kind_is_asked_for() {
    let acme = TestTenant::new().await;
    acme.member("ada").await;
    let (ada, refresh) = acme.anonymous().sign_in("ada@example.com").await;
    let access = ada.token().unwrap();
    let anonymous = acme.anonymous();
    let mut tried = 0;
    for operation in operations().iter().filter(|o| !o.needs_credential()) {
        let Some(sample) = crate::contract::samples::body(&operation.name) else {
            continue;
        };
        for field in ["token", "refresh_token", "mfa_token"] {
            if sample.get(field).is_none() {
                continue;
            }
            let others = if field == "refresh_token" {
                vec![access]
            } else {
                vec![access, &refresh]
            };
            for other in others {
                let mut body = sample.clone();
                body[field] = json!(other);
                let request = anonymous.request_root(operation.method.clone(), &operation.path);
                let answer = Answer::of(request.json(&body)).await;
                refused(&operation.name, &answer, &[400, 401, 422]);
                tried += 1;
            }
        }
    }
    assert!(tried >= 6, "{tried}");
    // None of that has ended the session.
    ada.get("/users/me").await.expect(200);
}

#[tokio::test]
async fn what_the_owner_of_a_key_loses_by_demotion_or_deletion_the_key_loses() {
    let acme = TestTenant::new().await;
    let (root, ada) = (acme.admin("root").await, acme.admin("ada").await);
    let program = program_of(&acme, &ada).await;
    let list = || program.get("/features");
    list().await.expect(200);
    // Nobody demotes an equal, so ada does it herself.
    let path = format!("/users/{}/role", ada.id());
    let guest = json!({ "role": Role::Guest.as_str() });
    ada.put(&path, &guest).await.expect(200);
    let answer = list().await;
    refused("a demoted admin's key", &answer, &[401, 403]);
    let path = format!("/users/{}", ada.id());
    root.delete(&path).await.expect(204);
    let answer = list().await;
    refused("a deleted user's key", &answer, &[401]);
}
