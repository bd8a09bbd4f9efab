//! Sign-ins against the database: rotation, endings that reach every node, forged tokens, and what a refusal does not tell.

mod attacks;
mod endings;
mod forgery;
mod issuer;
mod keys;
mod outside;
mod purge;
mod refusals;
mod rotation;
mod sessions;
mod signing_keys;

use std::time::Duration;

use serde_json::{Value, json};
use tenantry::tenancy::Sql;
use tenantry::testkit::{Actor, Answer, TestDatabase, TestServer, TestTenant};

/// How long a change may take to reach another node: a second on a healthy machine, and this on one that is busy with other tests. A change that
/// is not told takes far longer than either.
pub const SOON: Duration = Duration::from_secs(5);

const KILL_LISTENERS: Sql = Sql::new(
    "test.kill_listeners",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
     WHERE datname = current_database() AND query LIKE 'LISTEN %'",
);

/// A server of the test's own, whose clock it may move.
pub struct Own {
    // Fields are dropped in this order: the tenant needs its server, the server its database.
    pub tenant: TestTenant,
    pub server: TestServer,
    pub database: TestDatabase,
}

impl Own {
    pub async fn new() -> Self {
        let database = TestDatabase::new().await;
        let server = TestServer::start(&database).await;
        let tenant = TestTenant::on(&server).await;
        Self {
            tenant,
            server,
            database,
        }
    }

    /// Another server on the same database.
    pub async fn second_server(&self) -> TestServer {
        TestServer::start(&self.database).await
    }
}

/// The same person, at another server.
pub fn at(server: &TestServer, actor: &Actor, tenant: &TestTenant) -> Actor {
    let there = server.anonymous().naming(Some(tenant.slug().as_str()));
    there.with_token(actor.token())
}

/// A member of this name who has signed in, and their refresh token.
pub async fn signed_in(tenant: &TestTenant, name: &str) -> (Actor, String) {
    tenant.member(name).await;
    let email = format!("{name}@example.com");
    tenant.anonymous().sign_in(&email).await
}

pub async fn refresh(actor: &Actor, token: &str) -> Answer {
    let body = json!({ "refresh_token": token });
    let anonymous = actor.clone().with_token(None);
    anonymous.post("/auth/refresh", &body).await
}

pub fn refresh_token(pair: &Value) -> String {
    pair["refresh_token"].as_str().unwrap().to_owned()
}

/// Asks until the answer is this, for at most [`SOON`].
pub async fn soon(actor: &Actor, path: &str, status: u16) -> Answer {
    let started = std::time::Instant::now();
    loop {
        let answer = actor.get(path).await;
        if answer.status == status {
            return answer;
        }
        let waited = started.elapsed();
        assert!(waited < SOON, "still {} after {waited:?}", answer.status);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Takes from every server of this database the connection by which it hears the others, once all have one.
pub async fn deafen(database: &TestDatabase, servers: &[&TestServer]) {
    let began = std::time::Instant::now();
    while !servers.iter().all(|one| one.deps().tenancy.is_hearing()) {
        assert!(began.elapsed() < Duration::from_secs(20), "one is deaf");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let foundation = database.foundation();
    let mut db = foundation.tenancy.public().await.unwrap();
    let killed = db.query(&KILL_LISTENERS, &[]).await.unwrap();
    assert!(killed.len() >= 2, "{} listeners found", killed.len());
}
