//! Each change that takes something away or gives it, made through one server, is in force on the other within a second. One row for each
//! kind of change; what each does besides is told where its other tests are.

use std::time::Instant;

use serde_json::{Value, json};
use tenantry::testkit::{Actor, Answer, TestServer, TestTenant};

use crate::auth::{Own, SOON, at};
use crate::roles;
use Sign::{Member, Status};

/// A change, the question that shows it on the other server, and its answers before and after.
struct Row {
    what: &'static str,
    change: (&'static str, String, Value),
    by: Actor,
    asks: Actor,
    question: (&'static str, Value),
    before: Sign,
    after: Sign,
}

/// What tells one answer from the other: a status, or a member of the body.
enum Sign {
    Status(u16),
    Member(&'static str, Value),
}

impl Sign {
    fn is_in(&self, answer: &Answer) -> bool {
        match self {
            Self::Status(status) => answer.status == *status,
            Self::Member(pointer, value) => answer.json().pointer(pointer) == Some(value),
        }
    }
}

async fn send(actor: &Actor, method: &str, path: &str, body: &Value) -> Answer {
    let request = actor.request(method.parse().unwrap(), path);
    Answer::of(if body.is_null() {
        request
    } else {
        request.json(body)
    })
    .await
}

async fn ask(row: &Row) -> Answer {
    let (path, body) = &row.question;
    let method = if body.is_null() { "GET" } else { "POST" };
    send(&row.asks, method, path, body).await
}

fn delete(path: impl Into<String>) -> (&'static str, String, Value) {
    ("DELETE", path.into(), Value::Null)
}

async fn person(tenant: &TestTenant, there: &TestServer, name: &str) -> (Actor, Actor) {
    let made = tenant.member(name).await;
    let (here, _) = tenant
        .anonymous()
        .sign_in(&format!("{name}@example.com"))
        .await;
    // The id belongs to what the kit made, the session to the sign-in.
    (made, at(there, &here, tenant))
}

/// What ends the sign-ins of one person.
async fn of_people(own: &Own, there: &TestServer) -> Vec<Row> {
    let tenant = &own.tenant;
    let root = tenant.admin("root").await;
    let me = || ("/users/me", Value::Null);
    let mut rows = Vec::new();
    let mut row = |what, by: &Actor, change, asks, question, before, after| {
        let by = by.clone();
        rows.push(Row {
            what,
            change,
            by,
            asks,
            question,
            before,
            after,
        });
    };

    let (out, asks) = person(tenant, there, "out").await;
    let leaver = out.with_token(asks.token());
    row(
        "logout",
        &leaver,
        ("POST", "/auth/logout".into(), Value::Null),
        asks,
        me(),
        Status(200),
        Status(401),
    );

    let (user, asks) = person(tenant, there, "demoted").await;
    let change = (
        "PUT",
        format!("/users/{}/role", user.id()),
        json!({ "role": "guest" }),
    );
    row(
        "a role change",
        &root,
        change,
        asks,
        me(),
        Status(200),
        Status(401),
    );

    let (user, asks) = person(tenant, there, "reset").await;
    let change = (
        "POST",
        format!("/users/{}/password", user.id()),
        json!({ "new_password": "eight green submarines" }),
    );
    row(
        "a new password",
        &root,
        change,
        asks,
        me(),
        Status(200),
        Status(401),
    );

    let (user, asks) = person(tenant, there, "deleted").await;
    row(
        "a deletion",
        &root,
        delete(format!("/users/{}", user.id())),
        asks,
        me(),
        Status(200),
        Status(401),
    );

    let (user, asks) = person(tenant, there, "ended").await;
    row(
        "sessions ended",
        &root,
        delete(format!("/users/{}/sessions", user.id())),
        asks,
        me(),
        Status(200),
        Status(401),
    );

    let (user, _) = person(tenant, there, "keyed").await;
    let body = json!({ "name": "ci", "scopes": ["projects:read"] });
    let made = user.post("/api-keys", &body).await.expect(201);
    let nobody = there.anonymous().naming(Some(tenant.slug().as_str()));
    let program = nobody.with_key(made["key"].as_str());
    let change = delete(format!(
        "/api-keys/{}",
        made["api_key"]["id"].as_str().unwrap()
    ));
    row(
        "a key's deletion",
        &user,
        change,
        program,
        ("/projects", Value::Null),
        Status(200),
        Status(401),
    );
    rows
}

/// What holds for many.
async fn of_the_tenant(own: &Own, there: &TestServer) -> Vec<Row> {
    let tenant = &own.tenant;
    let root = tenant.admin("ruth").await;
    let operator = own.server.operator().await;
    let me = || ("/users/me", Value::Null);
    let mut rows = Vec::new();
    let mut row = |what, by: &Actor, change, asks, question, before, after| {
        let by = by.clone();
        rows.push(Row {
            what,
            change,
            by,
            asks,
            question,
            before,
            after,
        });
    };

    roles::make(
        &root,
        "reader",
        15,
        &[roles::grant("features:read", "tenant")],
    )
    .await;
    let reader = roles::bearer(&root, tenant, "rita", "reader").await;
    let change = delete("/permissions/roles/reader/permissions/features:read");
    row(
        "a permission taken",
        &root,
        change,
        at(there, &reader, tenant),
        ("/features", Value::Null),
        Status(200),
        Status(403),
    );

    let flag = json!({ "key": "moon", "type": "boolean", "enabled": true, "default_value": false, "enabled_value": true, "rollout": 100 });
    let made = root.post("/features", &flag).await.expect(201);
    let change = (
        "PATCH",
        format!("/features/{}", made["id"].as_str().unwrap()),
        json!({ "enabled": false }),
    );
    let question = ("/features/evaluate", json!({ "keys": ["moon"] }));
    let value = |value: bool| Member("/data/0/value", json!(value));
    row(
        "a flag",
        &root,
        change,
        at(there, &root, tenant),
        question,
        value(true),
        value(false),
    );

    let path = format!("/tenants/{}", tenant.id());
    let plan = |plan: &str| Member("/plan", json!(plan));
    let change = ("PATCH", path.clone(), json!({ "plan": "scale" }));
    row(
        "a plan",
        &operator,
        change,
        at(there, &root, tenant),
        ("/tenant/usage", Value::Null),
        plan("standard"),
        plan("scale"),
    );

    // Last, because nothing works in the tenant after it.
    let change = ("POST", format!("{path}/suspend"), Value::Null);
    row(
        "a suspension",
        &operator,
        change,
        at(there, &root, tenant),
        me(),
        Status(200),
        Status(403),
    );
    rows
}

#[tokio::test]
async fn every_change_through_one_server_is_in_force_on_the_other_within_a_second() {
    let own = Own::new().await;
    let there = own.second_server().await;
    let mut rows = of_people(&own, &there).await;
    // A suspension is the last, because nothing works in the tenant after it.
    rows.extend(of_the_tenant(&own, &there).await);
    for row in rows {
        let before = ask(&row).await;
        assert!(
            row.before.is_in(&before),
            "before {}: {}",
            row.what,
            before.text
        );
        let (method, path, body) = &row.change;
        let done = send(&row.by, method, path, body).await;
        assert!(
            (200..300).contains(&done.status),
            "{}: {}",
            row.what,
            done.text
        );
        let since = Instant::now();
        loop {
            let answer = ask(&row).await;
            if row.after.is_in(&answer) {
                break;
            }
            let waited = since.elapsed();
            assert!(waited < SOON, "{}: still {}", row.what, answer.text);
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}
