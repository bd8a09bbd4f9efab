//! Signing up with a tenant of one's own, and the operation that tells of it.

mod limits;
mod sign_up;

use serde_json::{Value, json};
use tenantry::config::Config;
use tenantry::testkit::{Actor, Answer, TestDatabase, TestServer, TestTenant};

use crate::mails::catcher::Catcher;
use crate::mails::sending_to;

/// A server of the test's own that sends to a mail server of the test's own.
struct Office {
    // Dropped in this order: the server needs its database.
    server: TestServer,
    database: TestDatabase,
    catcher: Catcher,
}

impl Office {
    async fn new() -> Self {
        Self::with(|_| ()).await
    }

    async fn with(settings: impl FnOnce(&mut Config)) -> Self {
        let catcher = Catcher::start().await;
        let database = TestDatabase::new().await;
        let mut config = sending_to(&database, &catcher);
        settings(&mut config);
        Self {
            server: TestServer::start_with(&config).await,
            database,
            catcher,
        }
    }

    /// Somebody without a credential, who names no tenant.
    fn anonymous(&self) -> Actor {
        self.server.anonymous()
    }

    /// Signs up with this slug.
    async fn sign_up(&self, slug: &str) -> Answer {
        self.anonymous().post("/auth/register", &body(slug)).await
    }

    /// Confirms the address by the mail that came to it, and signs in.
    async fn confirm_and_sign_in(&self, slug: &str) -> Actor {
        let there = self.anonymous().naming(Some(slug));
        let token = self.catcher.mail_to(&email(slug)).await.token();
        let token = json!({ "token": token });
        there.post("/auth/verify-email", &token).await.expect(200);
        there.sign_in(&email(slug)).await.0
    }
}

fn email(slug: &str) -> String {
    format!("ada@{slug}.example.com")
}

fn body(slug: &str) -> Value {
    let password = TestTenant::PASSWORD;
    json!({
        "slug": slug,
        "name": "Acme",
        "admin": { "email": email(slug), "name": "Ada", "password": password },
    })
}
