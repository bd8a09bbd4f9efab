//! Schemas with more tables than one transaction has locks for: dropped some at a time, and gone on with after `kill -9`.

use std::process::Stdio;
use std::time::Duration;

use tenantry::testkit::TestDatabase;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::program::{Guarded, Program, number, owner};
use crate::tenants::killed::{holder, wait_for};

const TABLES: usize = 1_200;

/// Adds tables, in transactions of their own: making them takes as many locks as dropping them.
async fn fill(sql: &Client, schema: &str, tables: usize) {
    for from in (0..tables).step_by(100) {
        let to = tables.min(from + 100) - 1;
        let some = format!(
            "DO $$ BEGIN FOR n IN {from}..{to} LOOP
                 EXECUTE format('CREATE TABLE {schema}.bulk_%s (id serial PRIMARY KEY, note text)', n);
             END LOOP; END $$"
        );
        sql.batch_execute(&some).await.unwrap();
    }
}

async fn bulk(sql: &Client, schema: &str) -> usize {
    let count = format!(
        "SELECT count(*) FROM pg_tables WHERE schemaname = '{schema}' AND tablename LIKE 'bulk%'"
    );
    usize::try_from(number(sql, &count).await).unwrap()
}

/// Schemas and roles of this name.
async fn things(sql: &Client, name: &str) -> i64 {
    let count = format!(
        "SELECT (SELECT count(*) FROM pg_namespace WHERE nspname = '{name}') \
         + (SELECT count(*) FROM pg_roles WHERE rolname = '{name}')"
    );
    number(sql, &count).await
}

/// Runs a command that drops this schema, kills it where it waits for the oldest table, which is among the last to go, and waits until
/// PostgreSQL has undone what was open. How many locks a part takes is tried with the purge, which drops the same parts.
async fn kill_near_the_end(program: &Program, line: &str, database: &TestDatabase, schema: &str) {
    let sql = owner(database).await;
    let lock = format!("LOCK TABLE {schema}.bulk_0 IN ACCESS SHARE MODE");
    let held = holder(database, &lock).await;
    let mut command = program.command(line);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let child = Guarded::spawn(command.stderr(Stdio::null()));
    let waiting = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let mut found = None;
    for _ in 0..1_200 {
        found = sql.query_opt(waiting, &[]).await.unwrap();
        if found.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    child.kill();
    let found = found.unwrap_or_else(|| panic!("`{line}` never waits"));
    let pid: i32 = found.get(0);
    let ended = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}");
    wait_for(&sql, &ended, 0).await;
    held.batch_execute("ROLLBACK").await.unwrap();
}

#[tokio::test]
async fn large_schema_without_a_tenant_is_dropped_in_parts_and_gone_on_with_when_killed() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    program.run("migrate run").expect(0);
    let sql = owner(&database).await;
    let stray = format!("t_{}", Uuid::new_v4().simple());
    let make = format!(
        "CREATE SCHEMA {stray}; CREATE ROLE {stray}; GRANT USAGE ON SCHEMA {stray} TO {stray}"
    );
    sql.batch_execute(&make).await.unwrap();
    fill(&sql, &stray, TABLES).await;

    let line = format!("doctor --drop {stray}");
    kill_near_the_end(&program, &line, &database, &stray).await;
    let left = bulk(&sql, &stray).await;
    assert!(0 < left && left < TABLES, "{left} are left");
    assert_eq!(things(&sql, &stray).await, 2);

    let ran = program.run(&line).expect(0);
    let said = format!("{stray}: schema and role dropped");
    assert!(ran.err.contains(&said), "{}", ran.err);
    assert_eq!(things(&sql, &stray).await, 0);
}

#[tokio::test]
async fn large_schema_stays_whole_where_its_role_is_in_use_elsewhere() {
    let (database, other) = (TestDatabase::new().await, TestDatabase::new().await);
    let program = Program::on(&database);
    program.run("migrate run").expect(0);
    let (sql, there) = (owner(&database).await, owner(&other).await);
    let stray = format!("t_{}", Uuid::new_v4().simple());
    let make = format!(
        "CREATE SCHEMA {stray}; CREATE ROLE {stray}; GRANT USAGE ON SCHEMA {stray} TO {stray}"
    );
    sql.batch_execute(&make).await.unwrap();
    let grant = format!("GRANT USAGE ON SCHEMA public TO {stray}");
    there.batch_execute(&grant).await.unwrap();
    fill(&sql, &stray, 120).await;

    let line = format!("doctor --drop {stray}");
    let ran = program.run(&line).expect(1);
    let said = "is used by another database";
    assert!(ran.err.contains(said), "{}", ran.err);
    assert_eq!(bulk(&sql, &stray).await, 120);
    let revoke = format!("REVOKE USAGE ON SCHEMA public FROM {stray}");
    there.batch_execute(&revoke).await.unwrap();
    program.run(&line).expect(0);
    assert_eq!(things(&sql, &stray).await, 0);
}

#[tokio::test]
async fn large_temporary_schema_is_dropped_in_parts_and_gone_on_with_when_killed() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    let made = program.run("temp-schema create --json").expect(0).json();
    let name = |key: &str| made[key].as_str().unwrap().to_owned();
    let (schema, slug) = (name("schema"), name("slug"));
    let sql = owner(&database).await;
    fill(&sql, &schema, TABLES).await;

    let mut before = TABLES;
    for line in [
        format!("temp-schema drop {schema}"),
        // By a name that the registry does not have any more.
        format!("temp-schema drop {slug}"),
    ] {
        kill_near_the_end(&program, &line, &database, &schema).await;
        let left = bulk(&sql, &schema).await;
        assert!(
            0 < left && left <= before && left < TABLES,
            "{left} are left"
        );
        before = left;
        program.run(&format!("tenant show {slug}")).expect(1);
        assert_eq!(things(&sql, &schema).await, 2);
        // Nobody takes it for a stray.
        program.run("doctor").expect(0);
    }

    let reaped = program.run("temp-schema reap").expect(0);
    assert_eq!(reaped.out, "dropped 1 expired schemas\n");
    assert_eq!(things(&sql, &schema).await, 0);
    program.run(&format!("temp-schema drop {slug}")).expect(1);
}
