//! A tenant that somebody holds while it is compared, repaired or stepped back.

use std::process::Stdio;
use std::thread;

use tenantry::domains::tenants::TemporaryTenant;
use tenantry::tenancy::TenantId;
use tenantry::testkit::TestDatabase;
use tokio_postgres::Client;

use super::fixture::{Migrations, fleet};
use crate::program::{Guarded, Program, number, owner};
use crate::tenants::killed::wait_for;

const WAITS: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

fn migrations() -> Migrations {
    let migrations = Migrations::with("-- compatible-with: 10\nCREATE TABLE notes ();");
    migrations.add("undo/tenant/U99__more.sql", "DROP TABLE notes;");
    migrations
}

/// What a migration of this tenant holds.
async fn hold(sql: &Client, tenant: &TemporaryTenant) {
    let TenantId(id) = tenant.id;
    let key = i64::from_ne_bytes(id.as_u64_pair().1.to_ne_bytes());
    let lock = format!("BEGIN; SELECT pg_advisory_xact_lock({key})");
    sql.batch_execute(&lock).await.unwrap();
}

/// Makes its records wrong, so that there is something to repair.
async fn harm_records(sql: &Client, tenant: &TemporaryTenant) {
    let harm = format!(
        "UPDATE public.tenant_migrations SET checksum = 'x' WHERE tenant_id = '{}'",
        tenant.id
    );
    sql.batch_execute(&harm).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_goes_on_when_the_holder_lets_go() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 2).await;
    let migrations = migrations();
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    program.run("migrate run").expect(0);
    let (sql, holder) = (owner(&database).await, owner(&database).await);
    for line in ["migrate drift", "migrate repair", "migrate undo --all"] {
        if line == "migrate repair" {
            harm_records(&sql, &tenants[0]).await;
        }
        hold(&holder, &tenants[0]).await;
        let mut command = program.command(line);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let run = Guarded::spawn(&mut command);
        wait_for(&sql, WAITS, 1).await;
        // The first try is over without the lock.
        wait_for(&sql, WAITS, 0).await;
        holder.batch_execute("COMMIT").await.unwrap();
        let status = tokio::task::spawn_blocking(|| run.wait()).await.unwrap();
        assert_eq!(status.code(), Some(0), "{line}");
    }
    let notes = "SELECT count(*) FROM pg_class WHERE relname = 'notes'";
    assert_eq!(number(&sql, notes).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_names_the_holder_who_stays() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 1).await;
    let migrations = migrations();
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    program.run("migrate run").expect(0);
    let holder = owner(&database).await;
    let process = number(&holder, "SELECT pg_backend_pid()::int8").await;
    harm_records(&holder, &tenants[0]).await;
    hold(&holder, &tenants[0]).await;
    let slug = &tenants[0].slug;
    let program = &program;
    thread::scope(|scope| {
        let runs = [
            ("migrate drift", "not read: busy: the comparison"),
            ("migrate repair", "failed: busy: the repair"),
            ("migrate undo", "busy: undoing migration 99"),
        ]
        .map(|(line, busy)| {
            let run = move || program.run(&format!("{line} --tenant {slug}"));
            (scope.spawn(run), busy)
        });
        for (run, busy) in runs {
            let ran = run.join().unwrap().expect(3);
            let said = format!("{}{}", ran.out, ran.err);
            for words in [
                format!("{slug}: {busy} got no lock in 5 tries ("),
                format!("process {process} of `"),
                "idle in transaction since 2".to_owned(),
                "holds the whole tenant (ExclusiveLock); nothing was changed".to_owned(),
                format!("or end it with SELECT pg_terminate_backend({process})"),
            ] {
                assert!(said.contains(&words), "no `{words}` in {said}");
            }
        }
    });
}
