//! Deletions, restorings and purges that are killed in their middle leave a tenant that is one thing or the other.

use std::process::Stdio;
use std::time::Duration;

use tenantry::testkit::TestDatabase;
use tokio_postgres::Client;

use crate::program::{Guarded, Program, number, owner};

/// A database with the tenant `acme`.
async fn with_acme() -> (TestDatabase, Program, Client) {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    program.run("tenant create acme").expect(0);
    let sql = owner(&database).await;
    (database, program, sql)
}

/// Starts a command, kills it once it waits for a lock that somebody else has, and waits until PostgreSQL has undone what it did.
async fn kill_where_it_waits(program: &Program, line: &str, sql: &Client) {
    kill_at_a_lock(program, line, sql).await;
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND backend_type = 'client backend' AND application_name <> 'holder' AND pid <> pg_backend_pid()";
    wait_for(sql, others, 0).await;
}

/// The same without waiting for PostgreSQL to hear of it.
pub async fn kill_at_a_lock(program: &Program, line: &str, sql: &Client) {
    let mut command = program.command(line);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = Guarded::spawn(command.stderr(Stdio::null()));
    // What another login waits for is not told in `pg_stat_activity`.
    let waits = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
                 WHERE NOT l.granted AND a.datname = current_database()";
    while number(sql, waits).await == 0 {
        let ended = child.child().try_wait().unwrap();
        assert!(ended.is_none(), "`{line}` ended before it was killed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    child.kill();
}

pub async fn wait_for(sql: &Client, what: &str, count: i64) {
    for _ in 0..1200 {
        if number(sql, what).await == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never {count}: {what}");
}

/// Holds what `text` locks, until it is rolled back.
pub async fn holder(database: &TestDatabase, text: &str) -> Client {
    let sql = owner(database).await;
    let text = format!("SET application_name = 'holder'; BEGIN; {text}");
    sql.batch_execute(&text).await.unwrap();
    sql
}

/// Where the audit of the platform is written, which is the last but one that deletions and restorings do.
async fn hold_the_last_step(database: &TestDatabase, sql: &Client) -> Client {
    let platform =
        "SELECT 't_' || replace(id::text, '-', '') FROM public.tenants WHERE slug = 'platform'";
    let platform: String = sql.query_one(platform, &[]).await.unwrap().get(0);
    let text = format!("SELECT FROM {platform}.audit_head FOR UPDATE");
    holder(database, &text).await
}

/// `alive` or `deleted`, by the registry, the schema's name and the right to it, which agree.
async fn state(sql: &Client) -> &'static str {
    let row = sql
        .query_one(
            "SELECT t.status = 'deleted', to_regnamespace('t_' || hex) IS NULL, to_regnamespace('gone_' || hex) IS NOT NULL, \
             has_schema_privilege('t_' || hex, coalesce(to_regnamespace('t_' || hex), to_regnamespace('gone_' || hex)), 'USAGE'), \
             t.deleted_at IS NOT NULL \
             FROM public.tenants t, replace(t.id::text, '-', '') AS hex WHERE t.slug = 'acme'",
            &[],
        )
        .await
        .unwrap();
    let row: Vec<bool> = (0..5).map(|column| row.get(column)).collect();
    match row[..] {
        [false, false, false, true, false] => "alive",
        [true, true, true, false, true] => "deleted",
        _ => panic!("half deleted: {row:?}"),
    }
}

#[tokio::test]
async fn a_killed_deletion_leaves_the_tenant_alive_and_a_killed_restoring_leaves_it_deleted() {
    let (database, program, sql) = with_acme().await;
    for (line, before, after) in [
        ("tenant delete acme --yes", "alive", "deleted"),
        ("tenant restore acme", "deleted", "alive"),
    ] {
        let held = hold_the_last_step(&database, &sql).await;
        kill_where_it_waits(&program, line, &sql).await;
        held.batch_execute("ROLLBACK").await.unwrap();
        assert_eq!(state(&sql).await, before);
        program.run(line).expect(0);
        assert_eq!(state(&sql).await, after);
    }
}

#[tokio::test]
async fn a_purge_that_was_killed_is_gone_on_with() {
    let (database, program, sql) = with_acme().await;
    let now = Program::on(&database).set("TENANT_RETENTION_DAYS", "0");
    let schema =
        "SELECT 't_' || replace(id::text, '-', '') FROM public.tenants WHERE slug = 'acme'";
    let schema: String = sql.query_one(schema, &[]).await.unwrap().get(0);
    let tombstone = schema.replacen("t_", "gone_", 1);
    // More than two parts; the oldest of them is dropped last.
    let fill = format!(
        "DO $$ BEGIN FOR n IN 1..120 LOOP \
         EXECUTE format('CREATE TABLE {schema}.bulk_%s (id serial PRIMARY KEY, note text)', n); END LOOP; END $$"
    );
    sql.batch_execute(&fill).await.unwrap();
    now.run("tenant delete acme --yes").expect(0);
    let left = format!(
        "SELECT count(*) FROM pg_tables WHERE schemaname = '{tombstone}' AND tablename LIKE 'bulk%'"
    );
    let held = holder(
        &database,
        &format!("LOCK TABLE {tombstone}.bulk_1 IN ACCESS SHARE MODE"),
    )
    .await;
    kill_where_it_waits(&program, "tenant purge", &sql).await;
    let left = number(&sql, &left).await;
    assert!(0 < left && left < 120, "killed in the middle: {left}");
    let refused = program.run("tenant restore acme").expect(1);
    assert!(refused.err.contains("is over"), "{}", refused.err);
    held.batch_execute("ROLLBACK").await.unwrap();

    let purged = program.run("tenant purge --json").expect(0).json();
    assert_eq!(purged["purged"][0]["slug"], "acme", "{purged}");
    program.run("tenant show acme").expect(1);
    let schemas = format!("SELECT count(*) FROM pg_namespace WHERE nspname = '{tombstone}'");
    assert_eq!(number(&sql, &schemas).await, 0);
}
