//! One tenant's flood over HTTP: it may use half of the pool; beyond that it is told to come again, and the others are served meanwhile.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tenantry::testkit::{Actor, Answer, TestDatabase, TestServer, TestTenant};
use tokio_postgres::Client;

use crate::program::{number, owner};

/// Connections of the server; there are 924 halves of them.
const POOL: usize = 12;
const OTHERS: usize = 6;
const LIMIT: Duration = Duration::from_mins(1);

/// Waits until so many statements wait for this table.
async fn stuck(owner: &Client, table: &str, expected: usize) {
    let waiting = format!(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '{table}'::regclass"
    );
    let began = Instant::now();
    loop {
        let found = number(owner, &waiting).await;
        if usize::try_from(found).unwrap() == expected {
            return;
        }
        assert!(began.elapsed() < LIMIT, "{found} statements wait");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What each of them is answered when all ask at once.
async fn at_once(actors: impl Iterator<Item = &Actor>) -> Vec<Answer> {
    join_all(actors.map(|actor| actor.get("/projects"))).await
}

#[tokio::test]
async fn one_tenants_flood_is_told_to_come_again_while_the_others_are_served() {
    let reason = "this is about server connections";
    let mut database = TestDatabase::new().await.past_the_pooler(reason);
    let settings = &mut database.config.database;
    (settings.pool_size, settings.max_overflow) = (POOL, 0);
    settings.pool_timeout = Duration::from_secs(10);
    // What the flood holds, it holds until the end.
    settings.query_timeout = Duration::from_mins(10);
    let server = TestServer::start(&database).await;
    let greedy = TestTenant::on(&server).await;
    let ann = greedy.member("ann").await;
    let (mut tenants, mut others) = (Vec::new(), Vec::new());
    for _ in 0..OTHERS {
        let tenant = TestTenant::on(&server).await;
        others.push(tenant.member("ben").await);
        tenants.push(tenant);
    }
    let owner = owner(&database).await;
    let table = format!("{}.projects", greedy.schema());
    let lock = format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
    owner.batch_execute(&lock).await.unwrap();

    let flood: Vec<_> = std::iter::repeat_n(&ann, POOL / 2)
        .map(|ann| {
            let ann = ann.clone();
            tokio::spawn(async move { ann.get("/projects").await })
        })
        .collect();
    stuck(&owner, &table, POOL / 2).await;
    let surplus = at_once(std::iter::repeat_n(&ann, 8));
    let (surplus, ()) = tokio::join!(surplus, async {
        for _ in 0..3 {
            let answers = at_once(others.iter()).await;
            let read = answers.iter().filter(|answer| answer.status == 200);
            let read = read.count();
            // That three have the very half of the greedy tenant is one chance in forty million.
            assert!(read >= OTHERS - 2, "{read} of {OTHERS} were served");
        }
    });
    for answer in &surplus {
        answer.expect_problem(503, "database_busy");
        assert_eq!(answer.header("retry-after"), "5");
    }

    owner.batch_execute("COMMIT").await.unwrap();
    for request in flood {
        request.await.unwrap().expect(200);
    }
    ann.get("/projects").await.expect(200);
}
