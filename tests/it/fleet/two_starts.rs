//! Nodes that are started at the same moment.

use tenantry::testkit::TestDatabase;

use crate::program::{Program, number, owner};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_on_an_empty_database_both_become_ready() {
    let database = TestDatabase::new().await;
    let starts = [0, 1].map(|_| {
        let program = Program::on(&database);
        std::thread::spawn(move || program.serve())
    });
    for start in starts {
        start.join().unwrap().ready().await;
    }
    let sql = owner(&database).await;
    let platforms = "SELECT count(*) FROM public.tenants WHERE slug = 'platform'";
    assert_eq!(number(&sql, platforms).await, 1);
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname ~ '^t_[0-9a-f]{32}$'";
    assert_eq!(number(&sql, schemas).await, 1);
}
