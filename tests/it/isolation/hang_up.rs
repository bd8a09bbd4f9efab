//! Clients and callers that go away in the middle of a query.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;
use tenantry::tenancy::{Sql, TenantSession};
use tokio::time::{sleep, timeout};

use super::fixture::{Mode, Two, open, session_mode, transaction_mode};

const SLEEP: Sql = Sql::new("hang_up.sleep", "SELECT pg_sleep(20)");
const WARM: Sql = Sql::new("hang_up.warm", "SELECT 1");
const NAMES: Sql = Sql::new("hang_up.names", "SELECT name FROM projects");
const SLEEPING: Sql = Sql::new(
    "hang_up.sleeping",
    "SELECT count(*) AS sessions FROM pg_stat_activity \
     WHERE datname = current_database() AND state = 'active' AND wait_event = 'PgSleep'",
);

/// How long the pool may take to come back after a caller has gone; without their going it would take twenty seconds.
const SOON: Duration = Duration::from_secs(10);

async fn sleeping(two: &Two, expected: i64) {
    let deadline = Instant::now() + SOON;
    loop {
        let mut public = two.behind.tenancy.public().await.unwrap();
        let row = public.query_one(&SLEEPING, &[]).await.unwrap();
        let sessions: i64 = row.get("sessions").unwrap();
        if sessions == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{sessions} sessions sleep");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_keeps_nobody_from_their_own_rows() {
    for mode in [session_mode as Mode, transaction_mode] {
        let two = Two::new(mode).await;
        let nap = two.ann.request(Method::POST, "/careless/nap");
        let gone = nap.timeout(Duration::from_millis(200)).json(&Value::Null);
        assert!(gone.send().await.unwrap_err().is_timeout());
        two.expect_clean("a client that hung up").await;
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_ends_its_statement_and_frees_the_only_connection_at_once() {
    for mode in [session_mode as Mode, transaction_mode] {
        let two = Two::new(mode).await;
        let request = two.ann.request(Method::POST, "/careless/sleep");
        let client = tokio::spawn(request.json(&Value::Null).send());
        sleeping(&two, 1).await;
        client.abort();
        let hung_up = Instant::now();
        sleeping(&two, 0).await;
        two.ben.get("/projects").await.expect(200);
        let took = hung_up.elapsed();
        assert!(took < SOON, "{took:?}");
    }
}

#[derive(Debug, Clone, Copy)]
enum At {
    /// The statement that brings the switch of tenant with it.
    Switch,
    /// A statement on a connection that wears its tenant already.
    Worn,
    /// Raw SQL.
    Raw,
    /// The first statement of a transaction.
    Transaction,
}

async fn query(mut session: TenantSession, at: At) {
    if let At::Worn = at {
        session.query(&WARM, &[]).await.unwrap();
    }
    let _ = match at {
        At::Switch | At::Worn => session.execute(&SLEEP, &[]).await.map(drop),
        At::Raw => session.raw(SLEEP.text()).await,
        At::Transaction => {
            let mut tx = session.begin("hang_up.sleep");
            tx.execute(&SLEEP, &[]).await.map(drop)
        }
    };
}

#[tokio::test]
async fn a_query_whose_caller_has_gone_is_cancelled_and_the_pool_comes_back() {
    for mode in [session_mode as Mode, transaction_mode] {
        let two = Two::new(mode).await;
        for at in [At::Switch, At::Worn, At::Raw, At::Transaction] {
            let caller = tokio::spawn(query(open(&two.narrow, &two.a).await, at));
            sleeping(&two, 1).await;
            caller.abort();
            let next = async {
                let mut session = open(&two.narrow, &two.b).await;
                session.query(&NAMES, &[]).await.unwrap()
            };
            let rows = timeout(SOON, next).await;
            let rows = rows.unwrap_or_else(|_| panic!("{at:?}: the pool did not come back"));
            let names: Vec<String> = rows.iter().map(|row| row.get("name").unwrap()).collect();
            assert_eq!(names, ["ben"], "{at:?}");
            sleeping(&two, 0).await;
        }
    }
}
