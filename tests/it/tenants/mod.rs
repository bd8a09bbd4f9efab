//! Tenants over HTTP: their life, who sees and renames them, and creations that are sent twice.

mod creation;
mod deletion;
pub mod killed;
mod killed_at_a_lock;
mod life;
mod lost;
mod notices;
mod people;
mod plan;
mod profile;
mod purge;
mod rename;
mod restore;

use std::time::Duration;

use serde_json::{Value, json};
use tenantry::testkit::{Actor, Answer, TestDatabase, TestServer, TestTenant};

/// A server of the test's own, for tenants that are made over HTTP.
pub struct Own {
    // Dropped in this order: the server needs its database.
    pub server: TestServer,
    _database: TestDatabase,
}

impl Own {
    pub async fn new() -> Self {
        let database = TestDatabase::new().await;
        Self {
            server: TestServer::start(&database).await,
            _database: database,
        }
    }
}

/// What makes a tenant of this slug.
pub fn new_tenant(slug: &str) -> Value {
    let password = TestTenant::PASSWORD;
    json!({
        "slug": slug,
        "name": "Acme",
        "admin": { "email": "ada@example.com", "name": "Ada", "password": password },
    })
}

/// `suspend`, `activate` or `cancel`.
pub async fn lead(operator: &Actor, id: &str, verb: &str) -> Answer {
    let path = format!("/tenants/{id}/{verb}");
    operator.post(&path, &Value::Null).await
}

/// Asks until this is the status: another node hears of a change a moment after its commit.
pub async fn answers_soon(actor: &Actor, status: u16) -> Answer {
    let mut answer = actor.get("/projects").await;
    for _ in 0..250 {
        if answer.status == status {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        answer = actor.get("/projects").await;
    }
    answer
}

pub fn id_of(tenant: &Value) -> String {
    tenant["id"].as_str().unwrap().to_owned()
}
