//! Who makes tenants ready is killed: the server among creations, the server in a refill, and `tenant ready`.

use std::process::Stdio;
use std::time::Duration;

use tenantry::testkit::TestDatabase;
use tokio_postgres::Client;

use super::super::killed::{Fleet, half_made, survive};
use super::spares;
use crate::program::{Guarded, Program, number, owner};
use crate::tenants::killed::{holder, wait_for};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_schema_is_a_tenant_or_a_ready_one_however_often_the_server_is_killed() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database).set("READY_TENANTS", "3");
    let fleet = Fleet {
        tenants: 40,
        kills: 6,
    };
    survive(&database, &program, fleet).await;
}

/// Lets nobody write down a ready tenant, whose schema is made by then.
async fn hold_the_last_step(database: &TestDatabase) -> Client {
    holder(database, "LOCK TABLE public.spare_tenants IN SHARE MODE").await
}

/// The process that makes a tenant ready and waits at the last step. After a wait in vain it comes back half a minute later.
async fn at_the_last_step(sql: &Client) -> i32 {
    let waits = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' \
                 AND query LIKE 'INSERT INTO public.spare_tenants%'";
    for _ in 0..1_800 {
        if let Some(row) = sql.query_opt(waits, &[]).await.unwrap() {
            return row.get(0);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody makes a tenant ready");
}

/// What stays of a kill: nothing, once PostgreSQL has given the wait up.
async fn nothing_stays(program: &Program, sql: &Client, pid: i32, held: Client) {
    let alive = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}");
    wait_for(sql, &alive, 0).await;
    held.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(half_made(sql).await, Vec::<String>::new());
    assert!(spares(sql).await.is_empty());
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname ~ '^t_[0-9a-f]{32}$'";
    assert_eq!(number(sql, schemas).await, 1, "the platform's alone");
    program.run("doctor").expect(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_in_a_refill_leaves_nothing_and_the_next_one_refills() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database).set("READY_TENANTS", "2");
    program.run("migrate run").expect(0);
    let sql = owner(&database).await;
    let held = hold_the_last_step(&database).await;
    let server = program.serve();
    let pid = at_the_last_step(&sql).await;
    server.kill();
    nothing_stays(&program, &sql, pid, held).await;

    let _next = program.serve();
    wait_for(&sql, "SELECT count(*) FROM public.spare_tenants", 2).await;
    assert_eq!(half_made(&sql).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_tenant_ready_leaves_nothing_and_the_same_command_works() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    program.run("migrate run").expect(0);
    let sql = owner(&database).await;
    let held = hold_the_last_step(&database).await;
    let mut command = program.command("tenant ready --count 2");
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let child = Guarded::spawn(command.stderr(Stdio::null()));
    let pid = at_the_last_step(&sql).await;
    child.kill();
    nothing_stays(&program, &sql, pid, held).await;

    let ran = program.run("tenant ready --count 2").expect(0);
    assert_eq!(ran.out, "2 tenants are ready\n");
    assert_eq!(spares(&sql).await.len(), 2);
    assert_eq!(half_made(&sql).await, Vec::<String>::new());
}
