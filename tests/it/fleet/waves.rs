//! A run that tries a few tenants first, and stops where too many fail.

use std::process::Stdio;

use serde_json::{Value, json};
use tenantry::domains::tenants::TemporaryTenant;
use tenantry::testkit::{TestDatabase, TestServer};
use tokio_postgres::Client;

use super::fixture::{Migrations, ask, each_has_it_once, fleet};
use crate::program::{Guarded, Program, number, owner};
use crate::tenants::killed::wait_for;

const MORE: &str = "-- compatible-with: 4\nCREATE TABLE notes (); SELECT pg_sleep(0.05);";
/// Slow enough that the watcher of a run comes before its end.
const SLOW: &str = "-- compatible-with: 4\nCREATE TABLE notes (); SELECT pg_sleep(0.5);";
const DONE: &str = "SELECT count(*) FROM public.tenant_migrations WHERE version = 99";

async fn oldest_first(database: &TestDatabase, size: usize) -> Vec<TemporaryTenant> {
    let mut tenants = fleet(&database.config, size).await;
    tenants.sort_by_key(|tenant| tenant.id);
    tenants
}

/// Puts something where the migration wants its table.
async fn obstruct(sql: &Client, tenant: &TemporaryTenant) {
    let schema = tenant.schema.as_str();
    let obstacle = format!("CREATE VIEW {schema}.notes AS SELECT 1 AS obstacle");
    sql.batch_execute(&obstacle).await.unwrap();
}

async fn clear(sql: &Client, tenant: &TemporaryTenant) {
    let mend = format!("DROP VIEW {}.notes", tenant.schema.as_str());
    sql.batch_execute(&mend).await.unwrap();
}

fn count(list: &Value) -> usize {
    list.as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failing_canary_stops_the_run_before_anybody_else() {
    let database = TestDatabase::new().await;
    let tenants = oldest_first(&database, 9).await;
    let sql = owner(&database).await;
    let migrations = Migrations::with(MORE);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    // The newest is one of three that are spread over the ages.
    let newest = &tenants[8];
    obstruct(&sql, newest).await;

    let ran = program
        .run("migrate run --canary 3 --jobs 2 --json")
        .expect(3);
    let said = ran.json();
    assert_eq!(said["stopped"], "canary");
    assert_eq!(said["migrated"], 2);
    assert_eq!(said["failed"][0]["tenant"], newest.slug.as_str());
    // The platform's own is not among the canaries.
    assert_eq!(said["not_begun"], 9 + 1 - 3);
    let words = "a canary failed: 7 tenants were not begun";
    assert!(ran.err.contains(words), "{}", ran.err);
    assert_eq!(number(&sql, DONE).await, 2);
    // As they were done, which need not be as they began.
    for tenant in [&tenants[0], &tenants[4]] {
        let lines = said["tenants"].as_array().unwrap();
        let line = lines
            .iter()
            .find(|line| line["tenant"] == tenant.slug.as_str());
        let line = line.unwrap_or_else(|| panic!("{said}"));
        assert_eq!((&line["to"], &line["tries"]), (&json!(99), &json!(1)));
    }
    let server = TestServer::start(&database).await;
    ask(&server, &tenants[1]).await.expect(200);

    clear(&sql, newest).await;
    let ran = program
        .run("migrate run --canary 3 --json")
        .expect(0)
        .json();
    assert_eq!(
        (&ran["migrated"], &ran["stopped"]),
        (&json!(8), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn run_stops_after_so_many_failures_and_those_under_way_finish() {
    let database = TestDatabase::new().await;
    let tenants = oldest_first(&database, 12).await;
    let sql = owner(&database).await;
    for tenant in &tenants[2..8] {
        obstruct(&sql, tenant).await;
    }
    let migrations = Migrations::with(MORE);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let ran = program.run("migrate run --stop-after-failures 2 --jobs 1 --json");
    let said = ran.expect(3).json();
    assert_eq!(said["stopped"], "failures");
    assert_eq!((count(&said["failed"]), &said["migrated"]), (2, &json!(3)));
    assert_eq!(said["not_begun"], 12 + 1 - 5);

    let ran = program.run("migrate run --stop-after-failures 3 --jobs 3 --json");
    let said = ran.expect(3).json();
    let (failed, migrated) = (count(&said["failed"]), count(&said["tenants"]));
    assert!(
        (3..=5).contains(&failed),
        "two more may be under way: {said}"
    );
    assert_eq!(said["not_begun"], 10 - failed - migrated, "{said}");
    let settled =
        "SELECT count(*) FROM public.tenant_migrations WHERE version = 99 OR state = 'failed'";
    let settled = number(&sql, settled).await;
    assert!(settled >= i64::try_from(3 + failed + migrated).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn run_with_canaries_that_is_killed_goes_on_where_it_stopped() {
    let database = TestDatabase::new().await;
    let tenants = oldest_first(&database, 20).await;
    let sql = owner(&database).await;
    let migrations = Migrations::with(SLOW);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let mut done = 0;
    // Among the canaries, and behind them.
    for enough in [1, 8] {
        let mut command = program.command("migrate run --canary 4 --jobs 2");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut run = Guarded::spawn(&mut command);
        run.until(async || number(&sql, DONE).await >= enough).await;
        run.kill();
        // What had been sent is finished or rolled back.
        let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                        AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
        wait_for(&sql, sessions, 0).await;
        done = number(&sql, DONE).await;
        assert!((enough..21).contains(&done), "{done} were done");
    }
    let rest = program
        .run("migrate run --canary 4 --json")
        .expect(0)
        .json();
    assert_eq!(rest["migrated"], 21 - done);
    each_has_it_once(&sql, &tenants).await;
}
