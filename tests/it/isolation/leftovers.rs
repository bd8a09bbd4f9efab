//! What a handler leaves behind, and that the next request on the only connection meets none of it.

use std::time::Duration;

use serde_json::json;
use tenantry::tenancy::{DbError, Sql};
use tokio::time::timeout;

use super::careless::{NAP, unfinished};
use super::fixture::{Mode, Two, open, session_mode, transaction_mode, without_fence};

const TOUCH: Sql = Sql::new(
    "leftovers.touch",
    "UPDATE projects SET description = 'touched' WHERE name = 'ann'",
);

/// Behind a pooler raw SQL runs inside a transaction already, which ends with it; so these two mean something in session mode alone.
const IN_SESSIONS: &[&str] = &["BEGIN; DELETE FROM projects", "DISCARD ALL"];

/// Texts that change the connection they run on. `{b}` stands for the other tenant's schema.
const TEXTS: &[&str] = &[
    "BEGIN READ ONLY",
    "BEGIN; SELECT 1",
    "SET default_transaction_read_only = on",
    "SET statement_timeout = 1; SET lock_timeout = 1; SET search_path = pg_catalog",
    "SET search_path = {b}, public",
    "RESET ROLE",
    "SET ROLE NONE; SET search_path = {b}",
    "RESET ALL",
    "CREATE TEMP TABLE projects (LIKE projects INCLUDING ALL)",
    "PREPARE s0 AS SELECT 1; LISTEN tenantry",
];

async fn leave_raw(mode: Mode, texts: impl Iterator<Item = &'static str>) {
    let two = Two::new(mode).await;
    // Nobody may make temporary tables here, unless an operator allowed it.
    two.as_owner(
        "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database()); END $$",
    )
    .await;
    for text in texts {
        let text = text.replace("{b}", two.b.schema());
        let body = json!({ "text": text });
        two.ann.post("/careless/raw", &body).await.expect(200);
        two.expect_clean(&text).await;
    }
    let body = json!({ "text": "BEGIN; SELECT 1 / 0" });
    two.ann.post("/careless/raw", &body).await.expect(500);
    two.expect_clean("a raw transaction that failed").await;
}

#[tokio::test]
async fn what_raw_sql_leaves_behind_is_gone_with_its_request() {
    leave_raw(session_mode, TEXTS.iter().chain(IN_SESSIONS).copied()).await;
}

#[tokio::test]
async fn what_raw_sql_leaves_behind_is_gone_with_its_request_in_transaction_mode() {
    leave_raw(transaction_mode, TEXTS.iter().copied()).await;
}

async fn leave_open(mode: Mode) {
    let two = Two::new(mode).await;
    for _ in 0..3 {
        let nothing = json!({});
        two.ann.post("/careless/forget", &nothing).await.expect(200);
        two.expect_clean("a transaction without its end").await;
        let fell = two.ann.post("/careless/panic", &nothing).await;
        fell.expect_problem(500, "internal_error");
        two.expect_clean("a panic inside a transaction").await;
    }
    assert_eq!(two.count(&two.a, "unfinished").await, 0);
}

#[tokio::test]
async fn an_open_transaction_ends_with_its_request_also_after_a_panic() {
    leave_open(session_mode).await;
}

#[tokio::test]
async fn an_open_transaction_ends_with_its_request_in_transaction_mode() {
    leave_open(transaction_mode).await;
}

#[tokio::test]
async fn an_open_transaction_ends_with_its_request_without_the_fence() {
    leave_open(without_fence).await;
}

#[tokio::test]
async fn a_dropped_transaction_gives_its_locks_back_at_once() {
    for mode in [session_mode as Mode, transaction_mode] {
        let two = Two::new(mode).await;
        let mut tx = unfinished(open(&two.narrow, &two.a).await).await.unwrap();
        assert_eq!(tx.execute(&TOUCH, &[]).await.unwrap(), 1);
        drop(tx);
        let mut other = open(&two.behind, &two.a).await;
        let touched = timeout(Duration::from_secs(2), other.execute(&TOUCH, &[])).await;
        assert_eq!(touched.expect("the row is locked").unwrap(), 1);
        assert_eq!(two.count(&two.a, "unfinished").await, 0);
    }
}

#[tokio::test]
async fn a_transaction_whose_statement_was_given_up_commits_nothing() {
    for mode in [session_mode as Mode, transaction_mode] {
        let two = Two::new(mode).await;
        let mut before = open(&two.narrow, &two.a).await;
        before.execute(&TOUCH, &[]).await.unwrap();
        drop(before);
        let mut tx = unfinished(open(&two.narrow, &two.b).await).await.unwrap();
        let nap = timeout(Duration::from_millis(50), tx.execute(&NAP, &[])).await;
        assert!(nap.is_err(), "it was waited for");
        let ended = tx.commit().await;
        assert!(matches!(ended, Err(DbError::Aborted)), "{ended:?}");
        two.expect_clean("a statement that was given up").await;
        assert_eq!(two.count(&two.b, "unfinished").await, 0);
    }
}
