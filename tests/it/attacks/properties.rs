//! API3, broken object property level authorization: no field is written that the schema does not name, at any depth, and nothing secret
//! is told but where it is shown once.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tenantry::domains::access::Role;
use tenantry::testkit::{Answer, TestDatabase, TestServer, TestTenant};

use crate::authorization::fixture::Place;
use crate::authorization::{ends_something, guarded};
use crate::contract::document::{Operation, document, operations};
use crate::contract::samples;
use crate::contract::world::{World, documented};

/// What somebody would like to set.
const WANTED: [&str; 20] = [
    "id",
    "role",
    "tenant_id",
    "status",
    "owner_id",
    "plan",
    "email_verified",
    "password_hash",
    "external_subject",
    "is_admin",
    "created_at",
    "updated_at",
    "rank",
    "permissions",
    "scopes",
    "user_id",
    "impersonator",
    "deleted_at",
    "__proto__",
    "$set",
];

/// A part of the document by the reference to it, or the schema itself.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let schema = schema["allOf"].get(0).unwrap_or(schema);
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => schema,
    }
}

/// Pointers of all objects in a body that have named fields, each with its schema.
fn objects<'a>(
    document: &'a Value,
    schema: &'a Value,
    body: &Value,
    at: &str,
) -> Vec<(String, &'a Value)> {
    let schema = resolved(document, schema);
    let mut found = Vec::new();
    match body {
        Value::Object(fields) if schema["properties"].is_object() => {
            found.push((at.to_owned(), schema));
            for (name, value) in fields {
                let below = &schema["properties"][name];
                found.extend(objects(document, below, value, &format!("{at}/{name}")));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                found.extend(objects(
                    document,
                    &schema["items"],
                    item,
                    &format!("{at}/{index}"),
                ));
            }
        }
        _ => {}
    }
    found
}

#[tokio::test]
async fn no_body_takes_a_field_that_its_schema_does_not_name_at_any_depth() {
    let (world, document) = (World::new().await, document());
    let mut nested = 0;
    for operation in operations().iter().filter(|o| o.has_body()) {
        let sample = samples::body(&operation.name).unwrap();
        let schema = &operation.about["requestBody"]["content"]["application/json"]["schema"];
        let places = objects(&document, schema, &sample, "");
        assert!(!places.is_empty(), "{}", operation.name);
        nested += places.len() - 1;
        for (at, schema) in places {
            let wanted = WANTED
                .iter()
                .filter(|w| schema["properties"].get(**w).is_none());
            for field in wanted {
                let mut body = sample.clone();
                body.pointer_mut(&at).unwrap()[*field] = json!("admin");
                let answer = Answer::of(world.bare(operation).json(&body)).await;
                documented(operation, &answer, 422, "validation_failed");
                let mistake = &answer.json()["errors"][0];
                assert_eq!(mistake["code"], "unknown_field", "{}", answer.text);
                assert_eq!(mistake["pointer"], format!("{at}/{field}"));
            }
        }
    }
    assert!(nested >= 4, "only {nested} nested objects were tried");
}

/// Schemas of answers that show a secret once, to whom it belongs; and fields that only sound like one.
const SHOWN: [&str; 11] = [
    "ImpersonationStarted/access_token",
    "ImpersonationStarted/token_type",
    "TokenPair/access_token",
    "TokenPair/refresh_token",
    "TokenPair/token_type",
    "MfaRequired/mfa_token",
    "TotpSetup/secret",
    "RecoveryCodes/recovery_codes",
    "Totp/recovery_codes_left",
    "AuditLog/hash",
    "AuditVerification/last_hash",
];

fn sounds_secret(name: &str) -> bool {
    let words = [
        "password",
        "secret",
        "token",
        "hash",
        "recovery",
        "credential",
        "private",
    ];
    words.iter().any(|word| name.contains(word))
}

/// Every `Schema/field` that the answers of an operation can have and that sounds secret.
fn secrets(
    document: &Value,
    schema: &Value,
    seen: &mut BTreeSet<String>,
    found: &mut BTreeSet<String>,
) {
    if let Some(reference) = schema["$ref"].as_str() {
        if !seen.insert(reference.to_owned()) {
            return;
        }
        let target = document.pointer(reference.trim_start_matches('#')).unwrap();
        let name = reference.rsplit('/').next().unwrap();
        let fields = target["properties"].as_object().into_iter().flatten();
        for (field, _) in fields.filter(|(field, _)| sounds_secret(field)) {
            found.insert(format!("{name}/{field}"));
        }
        return secrets(document, target, seen, found);
    }
    match schema {
        Value::Object(parts) => parts
            .values()
            .for_each(|p| secrets(document, p, seen, found)),
        Value::Array(parts) => parts.iter().for_each(|p| secrets(document, p, seen, found)),
        _ => {}
    }
}

#[test]
fn the_document_shows_secrets_only_where_they_are_shown_once() {
    let document = document();
    let mut found = BTreeSet::new();
    for operation in operations() {
        for response in operation.responses().values() {
            secrets(
                &document,
                &response["content"],
                &mut BTreeSet::new(),
                &mut found,
            );
        }
    }
    let known: BTreeSet<String> = SHOWN.iter().map(ToString::to_string).collect();
    assert_eq!(
        found, known,
        "a field that sounds secret is told, or is gone"
    );
}

/// Where in a value something stands that nobody may be told.
fn leaks(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let at = format!("{at}/{name}");
                let shown = SHOWN.iter().any(|s| s.ends_with(&format!("/{name}")));
                if sounds_secret(name) && !shown {
                    found.push(at.clone());
                }
                leaks(value, &at, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| leaks(item, at, found)),
        Value::String(text) => {
            let secrets = ["$argon2", TestTenant::PASSWORD, "-----BEGIN"];
            // What a key begins with is told; a whole one only where it is made.
            let key = text.starts_with("tnt_") && text.len() > 50 && !at.ends_with("/key");
            if key || secrets.iter().any(|secret| text.contains(secret)) {
                found.push(format!("{at}: {text}"));
            }
        }
        _ => {}
    }
}

async fn ask(place: &Place, operation: &Operation, role: Role) -> Answer {
    place.prepare(operation, role).await;
    place.ask(operation, &place.actor(role, operation)).await
}

#[tokio::test]
async fn no_answer_and_no_line_of_the_audit_log_tells_a_secret() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let place = Place::new(&server).await;
    // What ends something comes last, and what ends the asker's own sign-in not at all.
    let mut all: Vec<_> = guarded().into_iter().map(|(o, may, _)| (o, may)).collect();
    let ends_the_walk = [
        "DELETE /users/me",
        "POST /auth/logout",
        "DELETE /tenants/{id}",
    ];
    all.retain(|(o, _)| !ends_the_walk.contains(&o.name.as_str()));
    // So does what makes sign-ins need a code; and parts go before the whole.
    all.sort_by_key(|(o, _)| {
        let depth = std::cmp::Reverse(o.path.matches('/').count());
        (o.name.contains("/mfa/"), ends_something(o), depth)
    });
    all.retain(|(o, _)| !o.name.starts_with("POST /tenants/{id}/") || o.name.ends_with("/users"));
    let mut leaked = Vec::new();
    for (operation, may) in all {
        let role = *may.iter().max().unwrap();
        let answer = ask(&place, &operation, role).await;
        assert!(answer.status < 500, "{}: {}", operation.name, answer.text);
        let json = answer.header("content-type").contains("json");
        if json && !answer.header("content-type").contains("ndjson") {
            leaks(&answer.json(), &operation.name, &mut leaked);
        }
    }
    let admin = place.tenant.admin("reader").await;
    let mut path = "/audit/logs?limit=100".to_owned();
    let mut lines = 0;
    loop {
        let page = admin.get(&path).await.expect(200);
        let data = page["data"].as_array().unwrap();
        for entry in data {
            lines += 1;
            for part in ["before", "after"] {
                leaks(
                    &entry[part],
                    &format!("audit {} {part}", entry["action"]),
                    &mut leaked,
                );
            }
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/audit/logs?limit=100&cursor={cursor}"),
            None => break,
        }
    }
    assert!(lines > 30, "{lines}");
    assert!(leaked.is_empty(), "{leaked:#?}");
}
