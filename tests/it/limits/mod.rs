//! Limits over HTTP: by tenant, client and route, by plan, for strangers, and shared through a real Redis.

mod budget;
mod flood;
mod redis;
mod shared;
mod strangers;
mod strict;

use reqwest::Method;
use serde_json::{Value, json};
use tenantry::config::Config;
use tenantry::testkit::{Actor, Answer, TestDatabase, TestServer, TestTenant};
use tokio_postgres::{Client, NoTls};

/// A limited server of the test's own, which believes what its only peer forwards.
struct Limited {
    // Fields are dropped in this order: the tenant needs its server, the server its database.
    tenant: TestTenant,
    server: TestServer,
    database: TestDatabase,
}

impl Limited {
    async fn new() -> Self {
        Self::with(|_| ()).await
    }

    async fn with(settings: impl FnOnce(&mut Config)) -> Self {
        let mut database = TestDatabase::new().await;
        let config = &mut database.config;
        config.limits.enabled = true;
        config.http.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
        settings(config);
        let server = TestServer::start(&database).await;
        let tenant = TestTenant::on(&server).await;
        Self {
            tenant,
            server,
            database,
        }
    }

    /// The login that may change everything.
    async fn owner(&self) -> Client {
        let url = self.database.config.database.migration_url().unwrap();
        let (client, connection) = tokio_postgres::connect(url.expose(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// Gives the tenant a plan of its own with so many requests a minute, as billing would.
    async fn set_budget(&self, per_minute: u32) {
        let (id, slug) = (self.tenant.id().0, self.tenant.slug());
        let text = format!(
            "INSERT INTO public.plans VALUES ('of-{slug}', 'Own', {per_minute}) \
             ON CONFLICT (key) DO UPDATE SET requests_per_minute = {per_minute}; \
             UPDATE public.tenants SET plan = 'of-{slug}' WHERE id = '{id}'; \
             SELECT pg_notify('tenantry', '{{\"event\":\"tenant_changed\",\"id\":\"{id}\",\"slug\":\"{slug}\"}}')"
        );
        self.owner().await.batch_execute(&text).await.unwrap();
    }
}

/// One request from this address.
async fn from(client: &str, actor: &Actor, method: Method, path: &str, body: &Value) -> Answer {
    let request = actor
        .request(method, path)
        .header("x-forwarded-for", client);
    Answer::of(if body.is_null() {
        request
    } else {
        request.json(body)
    })
    .await
}

/// A read from this address.
async fn read(client: &str, actor: &Actor) -> Answer {
    from(client, actor, Method::GET, "/projects", &Value::Null).await
}

/// A sign-in with a wrong password from this address.
async fn guess(client: &str, actor: &Actor) -> Answer {
    let body = json!({ "email": "ada@example.com", "password": "not the password at all" });
    from(client, actor, Method::POST, "/auth/login", &body).await
}

/// The number after `name` in a limit's header.
fn parameter(header: &str, name: &str) -> u64 {
    let mut parameters = header.split(';').skip(1);
    let value = parameters.find_map(|parameter| parameter.strip_prefix(name)?.strip_prefix('='));
    value
        .and_then(|value| value.parse().ok())
        .unwrap_or_else(|| panic!("no {name} in {header:?}"))
}
