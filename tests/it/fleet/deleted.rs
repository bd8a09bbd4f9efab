//! A tenant that is deleted while a run has it on its list.

use std::process::Stdio;

use tenantry::testkit::TestDatabase;

use super::fixture::{Migrations, fleet};
use crate::program::{Guarded, Program, owner};
use crate::tenants::killed::wait_for;

const ALTER: &str = "-- compatible-with: 4\nALTER TABLE projects ADD COLUMN color text;";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenant_that_is_deleted_during_a_run_is_no_failure_and_is_served_once_restored() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 2).await;
    let mut ids = [tenants[0].id, tenants[1].id];
    // Runs go by age.
    ids.sort_by_key(|id| id.0);
    let (first, second) = (ids[0], ids[1]);
    let sql = owner(&database).await;
    let schema = format!("t_{}", first.0.simple());
    let read = format!("BEGIN; SELECT FROM {schema}.projects");
    sql.batch_execute(&read).await.unwrap();

    let migrations = Migrations::with(ALTER);
    let newer = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let mut command = newer.command("migrate run --jobs 1");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let run = Guarded::spawn(&mut command);
    let looker = owner(&database).await;
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    wait_for(&looker, waits, 1).await;
    let older = Program::on(&database);
    older
        .run(&format!("tenant delete {second} --yes"))
        .expect(0);
    sql.batch_execute("COMMIT").await.unwrap();
    let status = tokio::task::spawn_blocking(|| run.wait()).await.unwrap();
    assert_eq!(status.code(), Some(0));

    older.run(&format!("tenant restore {second}")).expect(0);
    let state = format!(
        "SELECT count(*) FROM public.tenant_migrations WHERE tenant_id = '{second}' AND last_error IS NULL AND state = 'current'"
    );
    wait_for(&looker, &state, 1).await;
}
