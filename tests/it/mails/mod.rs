//! Mails over real SMTP: none is lost, none is sent twice, and what their tokens do, they do once.

pub mod catcher;
mod caught;
mod changes;
mod received;
mod resets;
mod sending;
mod survival;
mod verifications;

use tenantry::config::{Config, MailTransport, RelayTls, SmtpRelay};
use tenantry::domains::mails::{Letter, enqueue};
use tenantry::tenancy::Sql;
use tenantry::testkit::{TestDatabase, TestServer, TestTenant};

use catcher::{Catcher, LOGIN, PASSWORD};

/// A server of the test's own that sends to a mail server of the test's own.
pub struct Post {
    // Fields are dropped in this order: the tenant needs its server, the server its database.
    pub tenant: TestTenant,
    pub server: TestServer,
    pub database: TestDatabase,
    pub catcher: Catcher,
}

impl Post {
    pub async fn new() -> Self {
        let catcher = Catcher::start().await;
        let database = TestDatabase::new().await;
        let server = TestServer::start_with(&sending_to(&database, &catcher)).await;
        let tenant = TestTenant::on(&server).await;
        Self {
            tenant,
            server,
            database,
            catcher,
        }
    }

    /// Queues a mail, as a service does.
    pub async fn queue(&self, to: &str, subject: &str) {
        let foundation = self.database.foundation();
        let mut tx = foundation.tenancy.control("test").await.unwrap();
        let letter = Letter {
            subject: subject.to_owned(),
            before: vec!["Grüße\n.\nfrom a line with one dot".to_owned()],
            step: None,
            after: Vec::new(),
        };
        let mail = letter.to(to.parse().unwrap()).unwrap();
        let db = tx.public().await.unwrap();
        enqueue(db, &foundation.clock, self.tenant.id(), &mail)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// How many mails are in the queue, and the last error of one of them.
    pub async fn queued(&self) -> (i64, Option<String>) {
        const COUNT: Sql = Sql::new(
            "test.mails",
            "SELECT count(*) AS count, min(last_error) AS error FROM public.mails",
        );
        let foundation = self.database.foundation();
        let mut db = foundation.tenancy.public().await.unwrap();
        let row = db.query_one(&COUNT, &[]).await.unwrap();
        (row.get("count").unwrap(), row.get("error").unwrap())
    }

    /// Waits until one mail is left in the queue, and its last error says this.
    pub async fn failed(&self, words: &str) {
        let mut queued = (0, None);
        for _ in 0..1000 {
            queued = self.queued().await;
            let told = queued.1.as_ref().is_some_and(|error| error.contains(words));
            if queued.0 == 1 && told {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("expected one mail that failed with `{words}`, got {queued:?}");
    }

    /// Waits until the queue is empty.
    pub async fn sent(&self) {
        for _ in 0..1000 {
            if self.queued().await.0 == 0 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the queue does not become empty: {:?}", self.queued().await);
    }
}

/// The configuration of a server on `database` that sends to `catcher`.
pub fn sending_to(database: &TestDatabase, catcher: &Catcher) -> Config {
    let mut config = database.config.clone();
    config.mail.transport = MailTransport::Smtp(SmtpRelay {
        host: "127.0.0.1".to_owned(),
        port: catcher.port(),
        tls: RelayTls::Off,
        login: Some((LOGIN.to_owned(), PASSWORD.into())),
    });
    config
}
