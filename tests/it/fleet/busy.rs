//! A tenant whose table is in use when its migration wants it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use tenantry::testkit::{TestDatabase, TestServer};

use super::fixture::{Migrations, ask, fleet};
use crate::program::{Guarded, Program, number, owner};

/// Waits for whoever reads the table.
const ALTER: &str = "-- compatible-with: 4\nALTER TABLE projects ADD COLUMN color text;";
/// The lock timeout, and three times as much again for a slow machine.
const NOT_FROZEN: Duration = Duration::from_secs(8);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn busy_tenant_is_retried_and_not_frozen() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 3).await;
    let server = TestServer::start(&database).await;
    let migrations = Migrations::with(ALTER);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let busy = &tenants[1];

    let sql = owner(&database).await;
    let read = format!("BEGIN; SELECT FROM {}.projects", busy.schema.as_str());
    sql.batch_execute(&read).await.unwrap();
    let mut command = program.command("migrate run");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let run = Guarded::spawn(&mut command);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(5) {
        let asked = Instant::now();
        ask(&server, busy).await.expect(200);
        assert!(
            asked.elapsed() < NOT_FROZEN,
            "frozen for {:?}",
            asked.elapsed()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    sql.batch_execute("COMMIT").await.unwrap();
    let status = tokio::task::spawn_blocking(|| run.wait()).await.unwrap();
    assert_eq!(
        status.code(),
        Some(0),
        "a later try of the same run found it free"
    );
    let color = format!("SELECT color FROM {}.projects", busy.schema.as_str());
    sql.batch_execute(&color).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenant_that_stays_busy_is_reported_and_still_served() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 3).await;
    let server = TestServer::start(&database).await;
    let migrations = Migrations::with(ALTER);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let busy = &tenants[1];

    let sql = owner(&database).await;
    let read = format!("BEGIN; SELECT FROM {}.projects", busy.schema.as_str());
    sql.batch_execute(&read).await.unwrap();
    let ran = program.run("migrate run --json").expect(3);
    assert_eq!(ran.json()["failed"][0]["tenant"], busy.slug.as_str());
    let process = number(&sql, "SELECT pg_backend_pid()::int8").await;
    let login = sql.query_one("SELECT current_user::text", &[]).await;
    let login: String = login.unwrap().get(0);
    for words in [
        "busy: V99__more got no lock in 5 tries (".to_owned(),
        format!("process {process} of `{login}`, idle in transaction since 2"),
        "holds projects (AccessShareLock); nothing was changed".to_owned(),
        format!("or end it with SELECT pg_terminate_backend({process})"),
    ] {
        assert!(ran.err.contains(&words), "no `{words}` in {}", ran.err);
    }
    assert_eq!(
        ran.json()["migrated"],
        3,
        "the others and the platform's own"
    );
    ask(&server, busy).await.expect(200);
    let status = program.run("migrate status --json").expect(0).json();
    assert_eq!(status["pending"], 1);
    assert_eq!(status["tenants"][0]["state"], "ok");

    sql.batch_execute("COMMIT").await.unwrap();
    let ran = program.run("migrate run --json").expect(0);
    assert_eq!(ran.json()["migrated"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migration_that_an_operator_ends_does_not_end_its_tenant() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 1).await;
    let server = TestServer::start(&database).await;
    let endless = "-- compatible-with: 4\nSELECT pg_sleep(600);";
    let migrations = Migrations::with(endless);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let line = format!("migrate run --tenant {}", tenants[0].slug);
    let mut command = program.command(&line);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let sql = owner(&database).await;
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event = 'PgSleep'";
    let mut run = Guarded::spawn(&mut command);
    run.until(async || number(&sql, end).await > 0).await;
    let status = tokio::task::spawn_blocking(|| run.wait()).await.unwrap();
    assert_eq!(status.code(), Some(3));
    ask(&server, &tenants[0]).await.expect(200);
    let failed = "SELECT count(*) FROM public.tenant_migrations WHERE state = 'failed'";
    assert_eq!(number(&sql, failed).await, 0);
    let noted =
        "SELECT count(*) FROM public.tenant_migrations WHERE last_error LIKE '%terminating%'";
    assert_eq!(number(&sql, noted).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shared_tables_are_not_kept_from_anybody_by_a_migration_that_waits() {
    let database = TestDatabase::new().await;
    fleet(&database.config, 1).await;
    let migrations = Migrations::own();
    let add = "ALTER TABLE public.tenants ADD COLUMN later int;";
    migrations.add("public/V99__later.sql", add);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let (reader, others) = (owner(&database).await, owner(&database).await);
    let read = "BEGIN; SELECT FROM public.tenants";
    reader.batch_execute(read).await.unwrap();
    let mut command = program.command("migrate run");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = Guarded::spawn(&mut command);
    let waits =
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'public.tenants'::regclass";
    run.until(async || number(&others, waits).await > 0).await;
    // Behind it in the queue. Two minutes is how long one node waits for another.
    let ask = others.query("SELECT FROM public.tenants", &[]);
    let answered = tokio::time::timeout(Duration::from_mins(1), ask).await;
    answered.expect("the queue moves on").unwrap();
    reader.batch_execute("COMMIT").await.unwrap();
    let status = tokio::task::spawn_blocking(|| run.wait()).await.unwrap();
    assert_eq!(status.code(), Some(0));
    others
        .batch_execute("SELECT later FROM public.tenants")
        .await
        .unwrap();
}
