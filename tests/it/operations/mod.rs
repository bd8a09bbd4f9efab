//! Work that goes on after its answer, and whose server is gone.

use std::time::Duration;

use tenantry::testkit::{TestDatabase, TestServer};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::program::{Program, owner};

/// Writes down work whose last sign of life is this old.
async fn at_work(sql: &Client, seconds: u32) -> Uuid {
    let id = Uuid::now_v7();
    let insert = format!(
        "INSERT INTO public.operations (id, kind, status, steps, created_at, updated_at, heartbeat_at) \
         VALUES ('{id}', 'tenant.export', 'running', \
         '[{{\"name\": \"one\", \"status\": \"succeeded\"}}, {{\"name\": \"two\", \"status\": \"running\"}}]', \
         now(), now(), now() - interval '{seconds} s')"
    );
    sql.batch_execute(&insert).await.unwrap();
    id
}

/// Read past the server, which might mark what it is asked for.
async fn told(sql: &Client, id: Uuid) -> (String, Option<String>, String) {
    let read = "SELECT status, error, steps::text FROM public.operations WHERE id = $1";
    let row = sql.query_one(read, &[&id]).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

async fn fails_within(sql: &Client, id: Uuid, limit: Duration) {
    let over = tokio::time::Instant::now() + limit;
    while told(sql, id).await.0 == "running" {
        assert!(tokio::time::Instant::now() < over, "it still runs");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (status, error, steps) = told(sql, id).await;
    assert_eq!(status, "failed");
    assert!(error.unwrap().contains("ask again"));
    let steps: serde_json::Value = serde_json::from_str(&steps).unwrap();
    assert_eq!(steps[0]["status"], "succeeded");
    assert_eq!(steps[1]["status"], "failed");
}

#[tokio::test]
async fn work_of_a_server_that_is_gone_is_marked_as_failed_though_nobody_asks_for_it() {
    let database = TestDatabase::new().await;
    Program::on(&database).run("migrate run").expect(0);
    let sql = owner(&database).await;
    let before_the_start = at_work(&sql, 120).await;
    let _server = TestServer::start(&database).await;
    fails_within(&sql, before_the_start, Duration::from_secs(9)).await;
    let meanwhile = at_work(&sql, 120).await;
    // A minute is what it may be silent.
    let alive = at_work(&sql, 5).await;
    fails_within(&sql, meanwhile, Duration::from_secs(40)).await;
    assert_eq!(told(&sql, alive).await.0, "running");
}
