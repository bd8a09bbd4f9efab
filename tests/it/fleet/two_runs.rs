//! Two runs at once: they share the work, and each tells its own part of it.

use std::process::Stdio;

use serde_json::{Value, json};
use tenantry::tenancy::TenantId;
use tenantry::testkit::TestDatabase;

use super::fixture::{Migrations, each_has_it_once, fleet};
use crate::program::{Guarded, Program, number, owner};
use crate::tenants::killed::wait_for;

const MORE: &str = "-- compatible-with: 4\nCREATE TABLE notes (); SELECT pg_sleep(0.1);";
const DONE: &str = "SELECT count(*) FROM public.tenant_migrations WHERE version = 99";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tenant_is_migrated_once_and_told_by_the_one_that_did_it() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 20).await;
    let sql = owner(&database).await;
    let migrations = Migrations::with(MORE);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let program = &program;
    let said: Vec<Value> = std::thread::scope(|scope| {
        let run = || program.run("migrate run --jobs 2 --json").expect(0).json();
        let runs = [scope.spawn(run), scope.spawn(run)];
        runs.map(|run| run.join().unwrap()).into()
    });
    let mut told = Vec::new();
    for said in &said {
        for tenant in said["tenants"].as_array().unwrap() {
            assert_eq!((&tenant["from"], &tenant["to"]), (&json!(10), &json!(99)));
            told.push(tenant["tenant"].as_str().unwrap().to_owned());
        }
    }
    told.sort();
    let mut all: Vec<String> = tenants.iter().map(|t| t.slug.to_string()).collect();
    all.push("platform".to_owned());
    all.sort();
    assert_eq!(told, all);
    assert_eq!(number(&sql, DONE).await, 21);
    each_has_it_once(&sql, &tenants).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenant_that_another_run_is_at_is_passed_by_and_come_back_to() {
    let database = TestDatabase::new().await;
    let mut tenants = fleet(&database.config, 4).await;
    tenants.sort_by_key(|tenant| tenant.id);
    let (holder, sql) = (owner(&database).await, owner(&database).await);
    // As another run holds it.
    let TenantId(id) = tenants[0].id;
    let key = i64::from_ne_bytes(id.as_u64_pair().1.to_ne_bytes());
    let lock = format!("BEGIN; SELECT pg_advisory_xact_lock({key})");
    holder.batch_execute(&lock).await.unwrap();

    let migrations = Migrations::with(MORE);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let mut command = program.command("migrate run --jobs 1 --json");
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut run = Guarded::spawn(&mut command);
    let mut out = run.child().stdout.take().unwrap();
    // All the others, although it does one at a time and the one that is held comes first of the fleet.
    wait_for(&sql, DONE, 4).await;
    holder.batch_execute("COMMIT").await.unwrap();
    let status = tokio::task::spawn_blocking(|| run.wait()).await.unwrap();
    assert_eq!(status.code(), Some(0));
    let said: Value = serde_json::from_reader(&mut out).unwrap();
    assert_eq!(
        (&said["migrated"], &said["already_current"]),
        (&json!(5), &json!(0))
    );
    let last = said["tenants"].as_array().unwrap().last().unwrap();
    assert_eq!(last["tenant"], tenants[0].slug.as_str());
    each_has_it_once(&sql, &tenants).await;
}
