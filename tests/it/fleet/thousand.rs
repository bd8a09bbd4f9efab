//! A thousand tenants: a start with nothing to do, a migration that is killed half way, and three tenants that cannot be migrated.

use std::process::Stdio;

use serde_json::{Value, json};
use tenantry::app::Foundation;
use tenantry::clock::Clock;
use tenantry::config::Config;
use tenantry::domains::tenants::TemporaryTenant;
use tenantry::migrations::{Progress, RunOptions};
use tenantry::testkit::{TestDatabase, TestServer};
use tokio_postgres::Client;

use super::fixture::{Migrations, ask, fleet, is_served_soon};
use super::wire::Wire;
use crate::program::{Guarded, Program, number, owner};
use crate::tenants::killed::wait_for;

/// Slow enough that the run is caught in the middle.
const MORE: &str = "CREATE TABLE notes (id integer PRIMARY KEY);
                    INSERT INTO notes VALUES (1);
                    SELECT pg_sleep(0.05);";
const DONE: &str = "SELECT count(*) FROM public.tenant_migrations WHERE version = 99";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousand_tenants_move_together_and_three_broken_ones_stop_nobody() {
    let reason = "statements are counted on the wire";
    let database = TestDatabase::new().await.past_the_pooler(reason);
    let mut tenants = fleet(&database.config, 1).await;
    let for_one = statements_of_a_start(&database.config).await;
    tenants.extend(fleet(&database.config, 999).await);
    let for_thousand = statements_of_a_start(&database.config).await;
    // Whether a connection is back in time or another is opened, which sets itself up, is up to the machine.
    assert!(
        for_one.abs_diff(for_thousand) <= 10,
        "a start costs the same for any fleet: {for_one}, {for_thousand}"
    );

    let sql = owner(&database).await;
    let migrations = Migrations::with(MORE);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let broken = [&tenants[10], &tenants[500], &tenants[990]];
    for tenant in broken {
        let obstacle = format!(
            "CREATE VIEW {}.notes AS SELECT 1 AS obstacle",
            tenant.schema.as_str()
        );
        sql.batch_execute(&obstacle).await.unwrap();
    }
    // The platform's own tenant is one more.
    let whole = 1 + 1000 - 3;

    let done = killed_half_way(&program, &sql).await;
    assert!((100..900).contains(&done), "{done} were done");
    let rest = program.run("migrate run --jobs 8 --json").expect(3);
    let said = rest.json();
    assert_eq!(
        said["migrated"],
        whole - done,
        "what was done is not done again"
    );
    assert_eq!(said["failed"].as_array().unwrap().len(), 3, "{said}");
    assert!(
        rest.err.contains(" tenants, 3 failed"),
        "progress: {}",
        rest.err
    );
    assert!(
        rest.err.contains("3 tenants were not migrated"),
        "{}",
        rest.err
    );
    assert_eq!(number(&sql, DONE).await, whole);
    each_has_it_once(&sql, &tenants, &broken).await;

    troubles_are_reported(&program, &broken);
    let server = TestServer::start_with(&migrations.on(&database.config)).await;
    for tenant in broken {
        let answer = ask(&server, tenant).await;
        answer.expect_problem(503, "tenant_migration_failed");
        assert!(answer.header("Retry-After").parse::<u32>().unwrap() > 0);
        let path = format!("/tenants/{}/migrations", tenant.id.0);
        let line = server.operator().await.get(&path).await.expect(200);
        assert_eq!(
            (&line["failed"], &line["target"]),
            (&json!(true), &json!(99))
        );
        assert!(
            line["last_error"].as_str().unwrap().contains("notes"),
            "{line}"
        );
    }
    for tenant in tenants.iter().step_by(101) {
        ask(&server, tenant).await.expect(200);
    }

    for tenant in broken {
        let mend = format!("DROP VIEW {}.notes", tenant.schema.as_str());
        sql.batch_execute(&mend).await.unwrap();
    }
    let healed = program.run("migrate run --json").expect(0).json();
    assert_eq!(healed["migrated"], 3);
    // The server that is running hears of it.
    for tenant in broken {
        is_served_soon(&server, tenant).await;
    }
    let status = program.run("migrate status --json").expect(0).json();
    assert_eq!(
        (&status["current"], &status["failed"]),
        (&json!(1001), &json!(0))
    );
}

/// What a start with nothing to do asks PostgreSQL.
async fn statements_of_a_start(config: &Config) -> usize {
    let wire = Wire::new(config);
    let foundation = Foundation::new(&wire.config, Clock::system()).unwrap();
    foundation.prepare().await.unwrap();
    let options = RunOptions::default();
    let nothing = |at: Progress| assert_eq!(at.total, 0, "nothing is to be done");
    let run = foundation.migrator.migrate_tenants(&options, nothing);
    assert!(run.await.unwrap().migrated.is_empty());
    let statements = wire.settled(&foundation).await;
    foundation.tenancy.close();
    assert!(statements > 0, "the wire counts");
    statements
}

/// Kills a run when some tenants are done. Answers with how many stayed done.
async fn killed_half_way(program: &Program, sql: &Client) -> i64 {
    let mut command = program.command("migrate run");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = Guarded::spawn(&mut command);
    run.until(async || number(sql, DONE).await >= 100).await;
    run.kill();
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                    AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    wait_for(sql, sessions, 0).await;
    number(sql, DONE).await
}

async fn each_has_it_once(sql: &Client, tenants: &[TemporaryTenant], broken: &[&TemporaryTenant]) {
    for tenant in tenants {
        let schema = tenant.schema.as_str();
        let history =
            format!("SELECT count(*) FROM {schema}.refinery_schema_history WHERE version = 99");
        let expected = i64::from(!broken.iter().any(|broken| broken.id == tenant.id));
        assert_eq!(number(sql, &history).await, expected, "{schema}");
        let notes = format!("SELECT count(*) FROM {schema}.notes");
        assert_eq!(number(sql, &notes).await, 1, "{schema}");
    }
}

fn troubles_are_reported(program: &Program, broken: &[&TemporaryTenant]) {
    let status = program.run("migrate status --json").expect(0).json();
    assert_eq!(
        (&status["total"], &status["failed"]),
        (&json!(1001), &json!(3))
    );
    let lines = status["tenants"].as_array().unwrap();
    let mut reported: Vec<&Value> = lines.iter().map(|line| &line["tenant"]).collect();
    let mut expected: Vec<Value> = broken.iter().map(|t| json!(t.slug.as_str())).collect();
    reported.sort_by_key(ToString::to_string);
    expected.sort_by_key(ToString::to_string);
    assert_eq!(reported, expected.iter().collect::<Vec<_>>());
    for line in lines {
        assert_eq!(line["state"], "failed");
        assert!(line["attempts"].as_i64().unwrap() >= 1, "{line}");
        assert!(
            line["last_error"].as_str().unwrap().contains("notes"),
            "{line}"
        );
    }
    let table = program.run("migrate status").expect(0);
    assert!(table.out.contains(broken[0].slug.as_str()), "{}", table.out);
}
