//! PostgreSQL cannot be had any more: the caller is told to come again, whoever says so and in whatever words.

use std::time::{Duration, Instant};

use reqwest::header::RETRY_AFTER;
use serde_json::json;
use tenantry::testkit::{Answer, TestDatabase, TestServer, TestTenant};

use super::stranger;
use crate::isolation::careless::Careless;
use crate::program::owner;

/// A database that lets nobody in any more, or all again.
fn connections(limit: i32) -> String {
    format!(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT {limit}', current_database()); END $$"
    )
}

fn is_told_to_come_again(answer: &Answer) {
    answer.expect_problem(503, "database_busy");
    assert!(answer.headers.contains_key(RETRY_AFTER), "{}", answer.text);
}

#[tokio::test]
async fn a_pooler_that_postgresql_does_not_let_in_is_a_busy_database() {
    let Some(database) = TestDatabase::pooled(1).await else {
        return;
    };
    let server = TestServer::start(&database).await;
    let tenant = TestTenant::on(&server).await;
    let ann = tenant.member("ann").await;
    ann.get("/projects").await.expect(200);

    let owner = owner(&database).await;
    owner.batch_execute(&connections(0)).await.unwrap();
    let end = "SELECT pg_terminate_backend(pg_backend_pid())";
    stranger(&database)
        .await
        .batch_execute(end)
        .await
        .unwrap_err();
    for _ in 0..5 {
        is_told_to_come_again(&ann.get("/projects").await);
        let body = json!({ "name": "moon" });
        is_told_to_come_again(&ann.post("/projects", &body).await);
    }

    owner.batch_execute(&connections(-1)).await.unwrap();
    let began = Instant::now();
    while ann.get("/projects").await.status != 200 {
        assert!(began.elapsed() < Duration::from_mins(1), "it stays away");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn a_connection_that_ends_under_its_statement_is_a_busy_database() {
    let database = TestDatabase::new().await;
    let server = TestServer::start_with_endpoints(&database.config, Careless).await;
    let tenant = TestTenant::on(&server).await;
    let ann = tenant.member("ann").await;
    let end = json!({ "text": "RESET ROLE; SELECT pg_terminate_backend(pg_backend_pid())" });
    is_told_to_come_again(&ann.post("/careless/raw", &end).await);
    ann.get("/projects").await.expect(200);
}
