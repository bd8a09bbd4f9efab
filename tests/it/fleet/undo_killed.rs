//! An undo of a fleet that is killed again and again.

use std::process::Stdio;

use tenantry::testkit::TestDatabase;
use tokio_postgres::Client;

use super::fixture::{Migrations, fleet};
use crate::program::{Guarded, Program, number, owner};
use crate::tenants::killed::{holder, kill_at_a_lock, wait_for};

const TENANTS: usize = 30;
const KILLS: i64 = 4;

/// Tenants whose schema, history and ledger do not agree.
async fn torn(sql: &Client, schemas: &[String]) -> Vec<String> {
    let mut torn = Vec::new();
    for schema in schemas {
        let states = format!(
            "SELECT to_regclass('{schema}.notes') IS NOT NULL,
                EXISTS (SELECT FROM {schema}.refinery_schema_history WHERE version = 99),
                (SELECT version = 99 FROM public.tenant_migrations WHERE 't_' || replace(tenant_id::text, '-', '') = '{schema}')"
        );
        let row = sql.query_one(&states, &[]).await.unwrap();
        let states: [bool; 3] = [row.get(0), row.get(1), row.get(2)];
        if states != [true; 3] && states != [false; 3] {
            torn.push(format!("{schema} {states:?}"));
        }
    }
    torn
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tenant_is_before_or_after_and_none_steps_back_twice() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, TENANTS).await;
    let schemas: Vec<String> = tenants
        .iter()
        .map(|t| t.schema.as_str().to_owned())
        .collect();
    let migrations = Migrations::with("CREATE TABLE notes ();");
    migrations.add(
        "undo/tenant/U99__more.sql",
        "DROP TABLE notes; SELECT pg_sleep(0.5);",
    );
    // It could be stepped back to as well, if anybody counted wrongly.
    migrations.add("undo/tenant/U10__features.sql", "DROP TABLE features;");
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    program.run("migrate run").expect(0);
    let sql = owner(&database).await;
    let left = "SELECT count(*) FROM public.tenant_migrations WHERE version = 99";
    let all = number(&sql, left).await;

    for kill in 1..=KILLS {
        let mut command = program.command("migrate undo --all --jobs 2");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut undo = Guarded::spawn(&mut command);
        undo.until(async || number(&sql, left).await <= all - kill * 4)
            .await;
        undo.kill();
        let torn = torn(&sql, &schemas).await;
        assert!(torn.is_empty(), "{torn:#?}");
    }
    assert!(number(&sql, left).await > 0, "the kills came too late");
    program.run("migrate undo --all --jobs 4").expect(0);
    assert_eq!(number(&sql, left).await, 0);
    let stepped_too_far = "SELECT count(*) FROM public.tenant_migrations WHERE version <> 10";
    assert_eq!(number(&sql, stepped_too_far).await, 0);
    let torn = torn(&sql, &schemas).await;
    assert!(torn.is_empty(), "{torn:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shared_tables_are_before_or_after_and_the_same_command_goes_on() {
    let database = TestDatabase::new().await;
    let migrations = Migrations::own();
    migrations.add("public/V99__shared.sql", "CREATE TABLE public.more ();");
    migrations.add("undo/public/U99__shared.sql", "DROP TABLE public.more;");
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    program.run("migrate run").expect(0);
    let sql = owner(&database).await;
    let states = "SELECT (SELECT count(*) FROM pg_class WHERE relname = 'more')
        + 10 * (SELECT count(*) FROM public.refinery_schema_history WHERE version = 99)";
    let line = "migrate undo --public --stop-serving --json";
    // What it does last: by then the table is dropped.
    let holder = holder(
        &database,
        "SELECT FROM public.refinery_schema_history WHERE version = 99 FOR UPDATE",
    )
    .await;
    kill_at_a_lock(&program, line, &sql).await;
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
        AND backend_type = 'client backend' AND application_name <> 'holder' AND pid <> pg_backend_pid()";
    wait_for(&sql, others, 0).await;
    holder.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(number(&sql, states).await, 11);
    assert_eq!(program.run(line).expect(0).json()["undone"], true);
    assert_eq!(number(&sql, states).await, 0);
}
