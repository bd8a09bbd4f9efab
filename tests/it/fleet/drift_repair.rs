//! `migrate repair`: records are written anew where the structure proves them, and nowhere else.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tenantry::domains::tenants::TemporaryTenant;
use tenantry::testkit::{TestDatabase, TestServer};

use super::fixture::{Migrations, ask, fleet};
use crate::program::{Guarded, Program, owner};
use crate::tenants::killed::wait_for;

/// The program's own migrations, with a file edited after it ran, and a new one.
fn edited() -> Migrations {
    let migrations = Migrations::with("CREATE TABLE notes (id integer PRIMARY KEY);");
    let file = Path::new(&migrations.dir()).join("tenant/V4__projects.sql");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}-- in other words\n")).unwrap();
    migrations
}

/// What was said of this tenant.
fn said_of<'a>(said: &'a Value, tenant: &TemporaryTenant) -> &'a Value {
    let mut tenants = said["tenants"].as_array().unwrap().iter();
    let found = tenants.find(|said| said["tenant"] == tenant.slug.as_str());
    found.unwrap_or_else(|| panic!("nothing of {} in {said:#}", tenant.slug))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edited_file_is_recorded_where_the_schema_is_right_and_refused_where_it_is_not() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 2).await;
    let (whole, changed) = (&tenants[0], &tenants[1]);
    let sql = owner(&database).await;
    let schema = changed.schema.as_str();
    let harm = format!("ALTER TABLE {schema}.projects ADD COLUMN by_hand integer");
    sql.batch_execute(&harm).await.unwrap();
    let migrations = edited();
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());

    let ran = program.run("migrate run --json").expect(3);
    assert_eq!(
        ran.json()["migrated"],
        0,
        "the history of all differs from the files"
    );
    let drift = program.run("migrate drift --json").expect(3).json();
    let differences = &said_of(&drift, whole)["differences"];
    assert_eq!(differences[0]["object"], "history of migration 4");
    assert_eq!(differences[1]["object"], "line in the ledger");

    let repaired = program.run("migrate repair --json").expect(3).json();
    assert_eq!(
        repaired["recorded"], 2,
        "one tenant and the platform: {repaired:#}"
    );
    let refused = said_of(&repaired, changed);
    assert_eq!(
        refused["differences"][0]["object"],
        "column projects.by_hand"
    );
    let ran = program.run("migrate run --json").expect(3).json();
    assert_eq!(ran["migrated"], 2);
    assert_eq!(ran["failed"][0]["tenant"], changed.slug.as_str());

    let amends = format!("ALTER TABLE {schema}.projects DROP COLUMN by_hand");
    sql.batch_execute(&amends).await.unwrap();
    let named = format!("migrate repair --tenant {}", changed.slug);
    let said = program.run(&named).expect(0).out;
    assert!(said.contains("recorded anew at version"), "{said}");
    program.run("migrate run").expect(0);
    program.run("migrate drift").expect(0);
    let said = program.run("migrate repair --json").expect(0).json();
    assert_eq!(said["right"], 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_records_are_written_from_what_is_left_of_them() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 5).await;
    let [no_line, no_history, neither, torn, failed] = &tenants[..] else {
        panic!("expected five tenants");
    };
    let sql = owner(&database).await;
    let line = |tenant: &TemporaryTenant| {
        format!("public.tenant_migrations WHERE tenant_id = '{}'", tenant.id)
    };
    let history =
        |tenant: &TemporaryTenant| format!("{}.refinery_schema_history", tenant.schema.as_str());
    let update = |tenant: &TemporaryTenant, set: &str| {
        format!(
            "UPDATE public.tenant_migrations SET {set} WHERE tenant_id = '{}'",
            tenant.id
        )
    };
    for harm in [
        format!("DELETE FROM {}", line(no_line)),
        format!("DROP TABLE {}", history(no_history)),
        format!(
            "DELETE FROM {}; DROP TABLE {}",
            line(neither),
            history(neither)
        ),
        update(torn, "version = 9"),
        update(
            failed,
            "checksum = 'x', state = 'failed', attempts = 3, last_error = 'it failed'",
        ),
    ] {
        sql.batch_execute(&harm).await.unwrap();
    }
    let program = Program::on(&database);
    let said = program.run("migrate repair --json").expect(3).json();
    for tenant in [no_line, no_history, torn, failed] {
        assert!(said_of(&said, tenant)["recorded"].is_number(), "{said:#}");
    }
    let refused = said_of(&said, neither)["refused"].as_str().unwrap();
    assert!(refused.contains("say it with --at"), "{refused}");
    let version = said_of(&said, torn)["recorded"].clone();
    let wrong = format!("migrate repair --at 9 --tenant {}", neither.slug);
    let said = program.run(&wrong).expect(3);
    assert!(
        said.out.contains("its structure is not that of version 9"),
        "{}",
        said.out
    );
    assert!(said.err.contains("1 tenants were refused"), "{}", said.err);
    let right = format!("migrate repair --at {version} --tenant {}", neither.slug);
    program.run(&right).expect(0);
    program.run("migrate drift").expect(0);

    let status = program.run("migrate status --json").expect(0).json();
    assert_eq!(status["failed"], 1, "repair serves nobody again");
    assert_eq!(status["tenants"][0]["last_error"], "it failed");
    program.run("migrate run").expect(0);
    let server = TestServer::start(&database).await;
    for tenant in &tenants {
        ask(&server, tenant).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repair_that_is_killed_leaves_each_tenant_as_it_was_or_repaired() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 4).await;
    let migrations = edited();
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let sql = owner(&database).await;
    // Repairs wait at this line, in the middle of their transaction: its history is written by then.
    let blocker = owner(&database).await;
    let caught = &tenants[2];
    let hold = format!(
        "BEGIN; UPDATE public.tenant_migrations SET attempts = 0 WHERE tenant_id = '{}'",
        caught.id
    );
    blocker.batch_execute(&hold).await.unwrap();
    let mut command = program.command("migrate repair --jobs 1");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let run = Guarded::spawn(&mut command);
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND wait_event_type = 'Lock' AND query LIKE '%tenant_migrations%'";
    wait_for(&sql, waiting, 1).await;
    run.kill();
    blocker.batch_execute("ROLLBACK").await.unwrap();
    wait_for(&sql, "SELECT count(*) - 2 FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'", 0).await;

    let said = program.run("migrate drift --json").expect(3).json();
    let differences = said_of(&said, caught)["differences"].as_array().unwrap();
    assert_eq!(
        differences.len(),
        2,
        "neither history nor ledger was written: {said:#}"
    );
    let wrong = said["drifted"].as_u64().unwrap();
    let rest = program.run("migrate repair --json").expect(0).json();
    assert_eq!(rest["recorded"], wrong);
    program.run("migrate drift").expect(0);
    program.run("migrate run").expect(0);
}
