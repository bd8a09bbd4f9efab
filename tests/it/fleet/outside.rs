//! Migrations that PostgreSQL refuses in a transaction.

use std::process::Stdio;
use std::time::{Duration, Instant};

use tenantry::domains::tenants::TemporaryTenant;
use tenantry::testkit::{TestDatabase, TestServer};
use tokio_postgres::Client;

use super::fixture::{Migrations, ask, fleet};
use crate::program::{Guarded, Program, number, owner};

const INDEX: &str = "-- compatible-with: 4\n-- no-transaction\n\
                     CREATE INDEX CONCURRENTLY IF NOT EXISTS projects_by_description ON projects (description);";
const UNIQUE: &str = "-- no-transaction\n\
                      CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS projects_by_description ON projects (description);";

/// Indexes of this name that serve, or do not.
async fn indexes(sql: &Client, valid: bool) -> i64 {
    let text = format!(
        "SELECT count(*) FROM pg_index JOIN pg_class ON oid = indexrelid \
         WHERE relname = 'projects_by_description' AND indisvalid = {valid}"
    );
    number(sql, &text).await
}

async fn recorded(sql: &Client, tenant: &TemporaryTenant, version: i32) -> i64 {
    let schema = tenant.schema.as_str();
    let text =
        format!("SELECT count(*) FROM {schema}.refinery_schema_history WHERE version = {version}");
    number(sql, &text).await
}

/// Two projects that say the same of themselves.
async fn add_twins(sql: &Client, tenant: &TemporaryTenant) {
    let schema = tenant.schema.as_str();
    let text = format!(
        "INSERT INTO {schema}.users VALUES (gen_random_uuid(), 'ada@example.com', 'Ada', 'member', NULL, now(), now());
         INSERT INTO {schema}.projects
         SELECT gen_random_uuid(), 'p' || n, 'twin', id, now(), now() FROM {schema}.users, generate_series(1, 2) n;"
    );
    sql.batch_execute(&text).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn index_is_built_in_every_tenant_and_new_ones_and_nobody_waits_for_it() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 5).await;
    let sql = owner(&database).await;
    let server = TestServer::start(&database).await;
    let migrations = Migrations::with(INDEX);
    migrations.add_more(100, "CREATE TABLE notes ();");
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());

    // A plain CREATE INDEX would queue behind this writer, and everybody else behind it.
    let busy = &tenants[2];
    let write = format!("BEGIN; DELETE FROM {}.projects", busy.schema.as_str());
    sql.batch_execute(&write).await.unwrap();
    let mut command = program.command("migrate run --jobs 1");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = Guarded::spawn(&mut command);
    let other = owner(&database).await;
    run.until(async || indexes(&other, false).await > 0).await;
    let asked = Instant::now();
    ask(&server, busy).await.expect(200);
    let insert = format!("DELETE FROM {}.projects", busy.schema.as_str());
    other.batch_execute(&insert).await.unwrap();
    // Who queues behind the writer waits until it commits.
    let waited = asked.elapsed();
    assert!(waited < Duration::from_secs(10), "{waited:?}");
    sql.batch_execute("COMMIT").await.unwrap();
    let status = tokio::task::spawn_blocking(|| run.wait()).await.unwrap();
    assert_eq!(status.code(), Some(0));

    assert_eq!(
        (indexes(&sql, true).await, indexes(&sql, false).await),
        (6, 0)
    );
    for tenant in &tenants {
        assert_eq!(recorded(&sql, tenant, 99).await, 1);
        assert_eq!(recorded(&sql, tenant, 100).await, 1);
    }
    let made = program.run("tenant create acme --json").expect(0);
    assert_eq!(made.json()["schema_version"], 100);
    assert_eq!(indexes(&sql, true).await, 7);
    let again = program.run("migrate run --json").expect(0);
    assert_eq!(again.json()["migrated"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_built_index_is_dropped_and_built_anew() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 2).await;
    let sql = owner(&database).await;
    let twins = &tenants[1];
    add_twins(&sql, twins).await;
    let migrations = Migrations::with(UNIQUE);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());

    let ran = program.run("migrate run --json").expect(3);
    assert_eq!(ran.json()["migrated"], 2);
    assert!(ran.err.contains("V99__more failed"), "{}", ran.err);
    assert_eq!(recorded(&sql, twins, 99).await, 0);
    assert_eq!(
        indexes(&sql, false).await,
        0,
        "a failure takes it away again"
    );

    // As a server leaves it that is killed in the middle.
    let schema = twins.schema.as_str();
    let half = format!(
        "CREATE UNIQUE INDEX CONCURRENTLY projects_by_description ON {schema}.projects (description)"
    );
    sql.batch_execute(&half).await.unwrap_err();
    assert_eq!(indexes(&sql, false).await, 1);
    let mend = format!("DELETE FROM {schema}.projects");
    sql.batch_execute(&mend).await.unwrap();
    let ran = program.run("migrate run --json").expect(0);
    assert_eq!(ran.json()["migrated"], 1);
    assert_eq!(
        (indexes(&sql, true).await, indexes(&sql, false).await),
        (3, 0)
    );
    assert_eq!(recorded(&sql, twins, 99).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn run_killed_between_the_index_and_the_ledger_goes_on() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 3).await;
    let sql = owner(&database).await;
    let migrations = Migrations::with(INDEX);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());

    let held = owner(&database).await;
    let lock = "BEGIN; LOCK TABLE public.tenant_migrations IN SHARE ROW EXCLUSIVE MODE";
    held.batch_execute(lock).await.unwrap();
    let mut command = program.command("migrate run --jobs 1");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = Guarded::spawn(&mut command);
    run.until(async || indexes(&sql, true).await > 0).await;
    run.kill();
    held.batch_execute("ROLLBACK").await.unwrap();
    let ran = program.run("migrate run --jobs 2 --json").expect(0);
    assert_eq!(ran.json()["failed"].as_array().unwrap().len(), 0);
    assert_eq!(
        (indexes(&sql, true).await, indexes(&sql, false).await),
        (4, 0)
    );
    for tenant in &tenants {
        assert_eq!(recorded(&sql, tenant, 99).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_at_once_build_each_index_once() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 8).await;
    let migrations = Migrations::with(INDEX);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let runs = [1, 2].map(|_| {
        let mut command = program.command("migrate run --jobs 2");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Guarded::spawn(&mut command)
    });
    for run in runs {
        let status = tokio::task::spawn_blocking(|| run.wait()).await.unwrap();
        assert_eq!(status.code(), Some(0));
    }
    let sql = owner(&database).await;
    assert_eq!(
        (indexes(&sql, true).await, indexes(&sql, false).await),
        (9, 0)
    );
    for tenant in &tenants {
        assert_eq!(recorded(&sql, tenant, 99).await, 1);
    }
}

#[tokio::test]
async fn statement_that_needs_no_transaction_is_refused_without_the_line() {
    let database = TestDatabase::new().await;
    let sql = INDEX.replace("-- no-transaction\n", "");
    let migrations = Migrations::with(&sql);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let ran = program.run("migrate run").expect(1);
    let words = "with `-- no-transaction` on a line of its own";
    assert!(ran.err.contains(words), "{}", ran.err);
}
