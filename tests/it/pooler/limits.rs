//! A statement's limits, which travel with it: how long it may take, and that it ends with its caller.

use std::time::{Duration, Instant};

use serde_json::Value;
use tenantry::config::Config;
use tenantry::tenancy::Sql;
use tenantry::testkit::{TestDatabase, TestServer, TestTenant};
use tokio::time::sleep;
use tokio_postgres::{Client, NoTls, connect};

use super::stranger;
use crate::auth::at;
use crate::isolation::careless::Careless;
use crate::isolation::fixture::open;
use crate::program::number;

const SLEEP: Sql = Sql::new("pooler.sleep", "SELECT pg_sleep(20)");
const NAPS: &str = "SELECT count(*) FROM pg_stat_activity \
    WHERE datname = current_database() AND state = 'active' AND wait_event = 'PgSleep'";

async fn is_cut_off(mut config: Config) {
    // What a test needs is made by a server with the usual patience.
    let patient = TestServer::start_with(&config).await;
    let tenant = TestTenant::on(&patient).await;
    let ann = tenant.member("ann").await;
    config.database.query_timeout = Duration::from_secs(1);
    config.database.pool_size = 1;
    config.database.max_overflow = 0;
    let server = TestServer::start_with_endpoints(&config, Careless).await;
    let ann = at(&server, &ann, &tenant);
    for _ in 0..3 {
        // Left alone, it is done after twenty seconds.
        let sleep = ann.post("/careless/sleep", &Value::Null).await;
        sleep.expect_problem(503, "query_timeout");
        // On the same connection, the only one.
        ann.get("/projects").await.expect(200);
    }
}

#[tokio::test]
async fn a_statement_over_its_time_is_cut_off_and_its_connection_goes_on() {
    let reason = "the limit of a session is tried here";
    let database = TestDatabase::new().await.past_the_pooler(reason);
    is_cut_off(database.config.clone()).await;
}

#[tokio::test]
async fn a_statement_over_its_time_is_cut_off_behind_a_transaction_pooler_too() {
    if let Some(database) = TestDatabase::pooled(1).await {
        is_cut_off(database.config.clone()).await;
    }
}

#[tokio::test]
async fn a_statement_whose_caller_has_gone_ends_in_postgresql_behind_the_pooler() {
    let Some(database) = TestDatabase::pooled(2).await else {
        return;
    };
    let server = TestServer::start(&database).await;
    let tenant = TestTenant::on(&server).await;
    let ann = tenant.member("ann").await;
    // Nobody else's login sees what this one's statements do.
    let direct = database.config.database.direct_url.as_ref().unwrap();
    let (login, connection) = connect(direct.expose(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let foundation = database.foundation();
    for raw in [false, true] {
        let mut session = open(&foundation, &tenant).await;
        let caller = tokio::spawn(async move {
            if raw {
                session.raw(SLEEP.text()).await
            } else {
                session.execute(&SLEEP, &[]).await.map(drop)
            }
        });
        until(&login, 1).await;
        caller.abort();
        until(&login, 0).await;
        // The pooler has lived through it.
        ann.get("/projects").await.expect(200);
    }
}

async fn until(login: &Client, expected: i64) {
    let began = Instant::now();
    while number(login, NAPS).await != expected {
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "not {expected} statements sleep"
        );
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_pooler_without_a_free_server_connection_is_a_busy_database() {
    let Some(database) = TestDatabase::pooled(1).await else {
        return;
    };
    let server = TestServer::start(&database).await;
    let tenant = TestTenant::on(&server).await;
    let ann = tenant.member("ann").await;
    ann.get("/projects").await.expect(200);
    let holder = stranger(&database).await;
    holder.batch_execute("BEGIN").await.unwrap();
    let waited = ann.get("/projects").await;
    waited.expect_problem(503, "database_busy");
    holder.batch_execute("COMMIT").await.unwrap();
    ann.get("/projects").await.expect(200);
}
