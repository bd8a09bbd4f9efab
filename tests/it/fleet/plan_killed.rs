//! A dry run that is killed while it holds locks.

use std::process::Stdio;
use std::time::{Duration, Instant};

use tenantry::testkit::TestDatabase;

use super::fixture::{Migrations, fleet};
use crate::program::{Guarded, Program, number, owner};

/// Longer than any patience: only the end of its client ends it.
const SLOW: &str = "ALTER TABLE projects ADD COLUMN color text; SELECT pg_sleep(600);";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_plan_lets_its_locks_go_and_leaves_nothing() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 1).await;
    let migrations = Migrations::with(SLOW);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let sql = owner(&database).await;
    let mut command = program.command("migrate plan");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let plan = Guarded::spawn(&mut command);
    let locked = "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
        WHERE c.relname = 'projects' AND l.mode = 'AccessExclusiveLock' AND l.granted
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    wait_until(async || number(&sql, locked).await > 0).await;
    plan.kill();
    wait_until(async || number(&sql, locked).await == 0).await;

    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND state <> 'idle' AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    wait_until(async || number(&sql, others).await == 0).await;
    let schema = tenants[0].schema.as_str();
    let read = format!("SELECT count(*) FROM {schema}.projects");
    assert_eq!(number(&sql, &read).await, 0);
    let color = format!(
        "SELECT count(*) FROM pg_attribute WHERE attrelid = '{schema}.projects'::regclass AND attname = 'color'"
    );
    assert_eq!(number(&sql, &color).await, 0);
}

async fn wait_until(mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "it lasts too long"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
