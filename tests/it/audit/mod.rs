//! The audit log over HTTP, and what its chain shows to whoever looks after somebody tampered with the tables.

mod chain;
mod export;
mod fences;
mod held;
mod logs;
mod operators;
mod refusals;

use serde_json::{Value, json};
use tenantry::testkit::{Actor, TestDatabase, TestServer, TestTenant};
use tokio_postgres::{Client, NoTls};

/// A server of the test's own, with the owner of its tables, who may do everything to them.
pub struct Owned {
    // Dropped in this order: the server needs its database.
    pub server: TestServer,
    pub owner: Client,
    _database: TestDatabase,
}

impl Owned {
    pub async fn new() -> Self {
        let database = TestDatabase::new().await;
        Self {
            server: TestServer::start(&database).await,
            owner: owner(&database).await,
            _database: database,
        }
    }

    /// Runs `sql` on this tenant's tables, as their owner.
    pub async fn tamper(&self, tenant: &TestTenant, sql: &str) {
        let path = format!("SET search_path = {}; ", tenant.schema());
        let done = self.owner.batch_execute(&(path + sql)).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
}

pub async fn owner(database: &TestDatabase) -> Client {
    let environment = database.environment();
    let name = "MIGRATION_DATABASE_URL";
    let (_, url) = environment.iter().find(|(n, _)| *n == name).unwrap();
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Makes a project of each name; each is a line in the log.
pub async fn make_projects(actor: &Actor, names: &[&str]) {
    for name in names {
        let made = actor.post("/projects", &json!({ "name": name })).await;
        made.expect(201);
    }
}

/// What the chain of the admin's tenant says.
pub async fn verify(admin: &Actor) -> Value {
    admin.get("/audit/verify").await.expect(200)
}

/// The entries of a list.
pub async fn entries(actor: &Actor, query: &str) -> Vec<Value> {
    let list = actor.get(&format!("/audit/logs{query}")).await.expect(200);
    list["data"].as_array().unwrap().clone()
}
