//! PostgreSQL keeps a list of the roles that a login is a member of. A role that others make while the list is built can be missing from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tenantry::testkit::{TestDatabase, TestServer, TestTenant};

use crate::program::owner;

/// So many that building the list takes its time.
const OTHERS: usize = 300;

#[tokio::test]
async fn a_tenant_is_reached_while_others_are_made() {
    let database = TestDatabase::new().await;
    // One connection for all, so one list.
    let mut config = database.config.clone();
    (config.database.pool_size, config.database.max_overflow) = (1, 0);
    let server = TestServer::start_with(&config).await;
    let acme = TestTenant::on(&server).await;
    let ada = acme.admin("ada").await;
    let globex = TestTenant::on(&server).await;
    let hank = globex.admin("hank").await;
    let (sql, role) = (owner(&database).await, acme.schema().to_owned());
    let login = "SELECT m.rolname FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member \
                 JOIN pg_roles r ON r.oid = a.roleid WHERE r.rolname = $1";
    let login: String = sql.query_one(login, &[&role]).await.unwrap().get(0);
    let each = |what: &str| {
        let each = format!("FOR at IN 1..{OTHERS} LOOP EXECUTE '{what}'; END LOOP");
        format!("DO $$ BEGIN {} ; END $$", each.replace('%', "' || at || '"))
    };
    let made = each(&format!("CREATE ROLE o_{role}_% ROLE {login}"));
    sql.batch_execute(&made).await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let asking = Arc::clone(&over);
    let others = tokio::spawn(async move {
        while !asking.load(Ordering::Relaxed) {
            hank.get("/projects").await.expect(200);
        }
    });
    for _ in 0..300 {
        let revoke = format!("REVOKE {role} FROM {login}");
        sql.batch_execute(&revoke).await.unwrap();
        let grant = format!("GRANT {role} TO {login}");
        sql.batch_execute(&grant).await.unwrap();
        ada.get("/projects").await.expect(200);
    }
    over.store(true, Ordering::Relaxed);
    others.await.unwrap();
    let dropped = each(&format!("DROP ROLE o_{role}_%"));
    sql.batch_execute(&dropped).await.unwrap();
}
