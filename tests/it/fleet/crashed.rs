//! PostgreSQL itself dies during a run, and right after one. The runs' commits do not wait for the disk one by one.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};
use serde_json::Value;
use tenantry::private_postgres::PrivatePostgres;
use tokio_postgres::{Client, NoTls};

use super::fixture::Migrations;
use crate::private_postgres::place::Place;
use crate::program::{Guarded, Program, number};

const TENANTS: i64 = 8;
/// Tenants by the ledger, by their own history, and by their tables; the platform's is one of them.
const BY_LEDGER: &str = "SELECT count(*) FROM public.tenant_migrations WHERE version = 99";
const TABLES: &str = "SELECT count(*) FROM pg_tables WHERE tablename = 'notes'";

struct Crashing {
    server: PrivatePostgres,
    program: Program,
    sql: Client,
    // Dropped last: it takes the files of the server away.
    place: Place,
}

impl Crashing {
    async fn start(place: Place, migrations: &Migrations) -> Self {
        let server = PrivatePostgres::start(place.options()).await.unwrap();
        let url = server.address().superuser_url("postgres");
        let (sql, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let program = Program::bare().set("DATABASE_URL", url);
        let program = program.set("MIGRATIONS_DIR", migrations.dir());
        Self {
            server,
            program,
            sql,
            place,
        }
    }

    /// With tenants at the version before, and nobody who writes the log out unasked.
    async fn with_tenants(migrations: &Migrations) -> Self {
        let own = Migrations::own();
        let crashing = Self::start(Place::new(), &own).await;
        for setting in ["wal_writer_delay = '10s'", "wal_writer_flush_after = 0"] {
            let text = format!("ALTER SYSTEM SET {setting}");
            crashing.sql.batch_execute(&text).await.unwrap();
        }
        let reload = "SELECT pg_reload_conf()";
        crashing.sql.batch_execute(reload).await.unwrap();
        crashing.program.run("migrate run").expect(0);
        for number in 0..TENANTS {
            let line = format!("tenant create t{number}");
            crashing.program.run(&line).expect(0);
        }
        let program = crashing.program;
        Self {
            program: program.set("MIGRATIONS_DIR", migrations.dir()),
            ..crashing
        }
    }

    /// As a crash does it: nobody writes anything out any more.
    async fn crash_and_recover(self, migrations: &Migrations) -> Self {
        let pid = self.place.postmaster().unwrap();
        kill_process(pid, Signal::QUIT).unwrap();
        self.server.stop().await.unwrap();
        assert!(self.place.is_quiet_within(Duration::from_mins(1)));
        Self::start(self.place, migrations).await
    }

    /// Tenants that have the migration, which ledger, history and tables agree about.
    async fn migrated(&self) -> i64 {
        let by_ledger = number(&self.sql, BY_LEDGER).await;
        assert_eq!(number(&self.sql, TABLES).await, by_ledger);
        let schemas = "SELECT schemaname::text FROM pg_tables WHERE tablename = 'notes'";
        for row in self.sql.query(schemas, &[]).await.unwrap() {
            let schema: String = row.get(0);
            let version = "SELECT version FROM public.tenant_migrations WHERE 't_' || replace(tenant_id::text, '-', '') = $1";
            let version: i32 = self
                .sql
                .query_one(version, &[&schema])
                .await
                .unwrap()
                .get(0);
            let history =
                format!("SELECT max(version)::int8 FROM {schema}.refinery_schema_history");
            let history = number(&self.sql, &history).await;
            assert_eq!((version, history), (99, 99), "{schema}");
        }
        by_ledger
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_that_dies_in_a_run_leaves_every_tenant_before_or_after() {
    let migrations = Migrations::with("CREATE TABLE notes (); SELECT pg_sleep(0.1);");
    let crashing = Crashing::with_tenants(&migrations).await;
    let mut command = crashing.program.command("migrate run --jobs 2 --json");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = Guarded::spawn(&mut command);
    run.until(async || number(&crashing.sql, BY_LEDGER).await >= 3)
        .await;
    let died = Instant::now();
    let crashing = crashing.crash_and_recover(&migrations).await;
    assert!(!run.wait().success(), "it says that it was cut off");
    assert!(
        died.elapsed() < Duration::from_mins(1),
        "it went on waiting"
    );
    assert!(crashing.migrated().await < TENANTS + 1);

    let again = crashing.program.run("migrate run --json").expect(0).json();
    assert_eq!(again["failed"], Value::Array(Vec::new()));
    assert_eq!(crashing.migrated().await, TENANTS + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_run_says_is_done_outlives_a_crash() {
    let migrations = Migrations::with("CREATE TABLE notes ();");
    let crashing = Crashing::with_tenants(&migrations).await;
    let said = crashing.program.run("migrate run --json").expect(0).json();
    assert_eq!(said["migrated"], TENANTS + 1);
    let crashing = crashing.crash_and_recover(&migrations).await;
    assert_eq!(crashing.migrated().await, TENANTS + 1);
}
