//! What the attacks share: two tenants on one server whose pool has a single connection, and further ways into its database.
//!
//! Ann belongs to tenant A and Ben to B; each of them has one project, named after them.

use serde_json::json;
use tenantry::app::Foundation;
use tenantry::clock::Clock;
use tenantry::config::{Config, PoolMode};
use tenantry::tenancy::{Sql, TenantKey, TenantRef, TenantSession};
use tenantry::testkit::{Actor, TestDatabase, TestServer, TestTenant};

use super::careless::Careless;

const COUNT: Sql = Sql::new(
    "isolation.count",
    "SELECT count(*) AS rows FROM projects WHERE name = $1",
);

/// How a deployment scopes its connections.
pub type Mode = fn(&mut Config);

/// Path and role, set for the session.
pub fn session_mode(config: &mut Config) {
    config.database.go_past_the_pooler();
}

/// Path and role, set for each transaction alone, as behind a pooler.
pub fn transaction_mode(config: &mut Config) {
    config.database.pool_mode = PoolMode::Transaction;
}

/// The path alone.
pub fn without_fence(config: &mut Config) {
    config.database.role_fence = false;
}

/// See the module. The fields are dropped in this order.
pub struct Two {
    pub ann: Actor,
    pub ben: Actor,
    pub a: TestTenant,
    pub b: TestTenant,
    /// A pool of one connection on the test's own runtime, for sessions without HTTP.
    pub narrow: Foundation,
    /// Somebody else's connections.
    pub behind: Foundation,
    _database: TestDatabase,
}

impl Two {
    pub async fn new(mode: Mode) -> Self {
        let database = TestDatabase::new().await;
        let mut config = database.config.clone();
        mode(&mut config);
        let behind = Foundation::new(&config, Clock::system()).unwrap();
        config.database.pool_size = 1;
        config.database.max_overflow = 0;
        let narrow = Foundation::new(&config, Clock::system()).unwrap();
        let server = TestServer::start_with_endpoints(&config, Careless).await;
        let (a, b) = (TestTenant::on(&server).await, TestTenant::on(&server).await);
        let (ann, ben) = (a.member("ann").await, b.member("ben").await);
        for (actor, name) in [(&ann, "ann"), (&ben, "ben")] {
            let body = json!({ "name": name });
            actor.post("/projects", &body).await.expect(201);
        }
        Self {
            ann,
            ben,
            a,
            b,
            narrow,
            behind,
            _database: database,
        }
    }

    /// Changes the database behind the server's back, as its owner.
    pub async fn as_owner(&self, text: &str) {
        let mut tx = self.behind.migrator.begin().await.unwrap();
        tx.batch(text).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// How many projects of this name a tenant has, as somebody else's connection sees it.
    pub async fn count(&self, tenant: &TestTenant, name: &str) -> i64 {
        let mut session = open(&self.behind, tenant).await;
        let row = session.query_one(&COUNT, &[&name]).await.unwrap();
        row.get("rows").unwrap()
    }

    /// Both tenants read their own rows alone, and what they write is there for everybody, over the server's only connection.
    pub async fn expect_clean(&self, after: &str) {
        for (tenant, actor, own) in [
            (&self.a, &self.ann, "ann"),
            (&self.b, &self.ben, "ben"),
            (&self.a, &self.ann, "ann"),
        ] {
            assert_eq!(projects(actor).await, [own], "after {after}");
            let probe = json!({ "name": "probe" });
            let made = actor.post("/projects", &probe).await.expect(201);
            assert_eq!(self.count(tenant, "probe").await, 1, "after {after}");
            let path = format!("/projects/{}", made["id"].as_str().unwrap());
            actor.delete(&path).await.expect(204);
        }
    }
}

/// The proof that a tenant may be served.
pub async fn proof(foundation: &Foundation, tenant: &TestTenant) -> TenantRef {
    let key = TenantKey::Id(tenant.id());
    foundation.tenancy.serve(&key).await.unwrap()
}

/// A session of this tenant.
pub async fn open(foundation: &Foundation, tenant: &TestTenant) -> TenantSession {
    let tenant = proof(foundation, tenant).await;
    foundation.tenancy.session(&tenant).await.unwrap()
}

/// The names of all projects that somebody sees.
pub async fn projects(actor: &Actor) -> Vec<String> {
    let page = actor.get("/projects").await.expect(200);
    let items = page["data"].as_array().unwrap().iter();
    items
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}
