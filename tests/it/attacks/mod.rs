//! Attacks on every operation of the document, in the order of OWASP's API Top 10 (2023). What is specific to a domain is attacked where its
//! other tests are; forged tokens in `auth`.

mod addresses;
mod credentials;
mod functions;
mod guesses;
mod objects;
mod properties;
mod resources;
mod two_servers;

use serde_json::json;
use tenantry::domains::access::{Permission, Role};
use tenantry::testkit::{Actor, Answer, TestTenant};
use tokio_postgres::Client;

use crate::contract::document::Operation;
use crate::contract::samples;

/// A program with a key of `owner` that may do whatever an admin may.
async fn program_of(tenant: &TestTenant, owner: &Actor) -> Actor {
    let all = Permission::ALL.iter();
    let granted = all.filter(|permission| permission.granted_to(Role::Admin).is_some());
    let scopes: Vec<_> = granted.map(|permission| permission.as_str()).collect();
    let body = json!({ "name": "everything", "scopes": scopes });
    let made = owner.post("/api-keys", &body).await.expect(201);
    tenant.anonymous().with_key(made["key"].as_str())
}

/// The operation on what this path names, with a body that would be accepted.
async fn ask_at(operation: &Operation, actor: &Actor, path: &str) -> Answer {
    let request = actor.request_root(operation.method.clone(), path);
    let request = request.query(samples::query(&operation.name));
    Answer::of(match samples::body(&operation.name) {
        Some(body) => request.json(&body),
        None => request,
    })
    .await
}

/// It was refused, as a problem that tells nothing of the server's inside.
#[track_caller]
fn refused(what: &str, answer: &Answer, statuses: &[u16]) {
    let status = answer.status;
    assert!(
        statuses.contains(&status),
        "{what}: {status} {}",
        answer.text
    );
    let problem = answer.json();
    assert_eq!(problem["status"], status, "{what}: {}", answer.text);
}

/// What stands in all tables of a schema but those left out, as one text that changes with any of it.
async fn contents(sql: &Client, schema: &str, left_out: &[&str]) -> String {
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = $1 ORDER BY 1";
    let tables = sql.query(tables, &[&schema]).await.unwrap();
    let tables = tables.iter().map(|row| row.get::<_, String>(0));
    let parts = tables.filter(|t| !left_out.contains(&t.as_str())).map(|t| {
        format!("SELECT '{t} ' || coalesce(string_agg(t::text, ',' ORDER BY t::text), '') AS c FROM {schema}.{t} t")
    });
    let all = parts.collect::<Vec<_>>().join(" UNION ALL ");
    let all = format!("SELECT string_agg(c, E'\\n' ORDER BY c) FROM ({all}) p");
    sql.query_one(&all, &[]).await.unwrap().get(0)
}
