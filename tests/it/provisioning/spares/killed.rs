//! A server that is killed while it makes tenants ready and others take them.

use tenantry::testkit::TestDatabase;

use super::super::killed::{Fleet, survive};
use crate::program::Program;

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
