//! Behind a real PgBouncer in transaction mode, with fewer server connections than clients.
//!
//! Where PgBouncer is not installed these tests say so and pass; with `TENANTRY_TEST_POOLER` they fail then.

mod crowd;
mod down;
mod hearing;
mod leftovers;
mod limits;

use tenantry::testkit::TestDatabase;
use tokio_postgres::{Client, NoTls};

/// Another program that has the same login and comes through the same pooler.
async fn stranger(database: &TestDatabase) -> Client {
    let url = database.config.database.url.as_ref().unwrap().expose();
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
