//! Temporary tenants that are set aside: gone at once for everybody, dropped later.

use tenantry::domains::tenants::{drop_temporary, open_temporary, set_aside_temporary};
use tenantry::tenancy::TenantId;
use tenantry::testkit::{TestDatabase, TestServer};
use tokio_postgres::{Client, NoTls};

use super::{keep, make, prepared};
use crate::fleet::fixture::ask;
use crate::fleet::wire::Wire;
use crate::program::{number, owner};

/// Its schema and its role.
async fn things(sql: &Client, id: TenantId) -> i64 {
    let name = format!("t_{}", id.0.simple());
    let count = format!(
        "SELECT (SELECT count(*) FROM pg_namespace WHERE nspname = '{name}') \
         + (SELECT count(*) FROM pg_roles WHERE rolname = '{name}')"
    );
    number(sql, &count).await
}

#[tokio::test]
async fn set_aside_tenant_is_gone_at_once_and_dropped_later() {
    let reason = "the pooler does not know the roles of tenants";
    let database = TestDatabase::new().await.past_the_pooler(reason);
    let sql = owner(&database).await;
    let server = TestServer::start(&database).await;
    let nodes = prepared(&database.config).await;
    let made = make(&nodes).await;
    let password = open_temporary(&nodes.migrator, &made).await.unwrap();
    let mut login = database
        .config
        .database
        .url
        .clone()
        .unwrap()
        .config()
        .clone();
    login.user(made.schema.as_str()).password(&password);
    drop(login.connect(NoTls).await.unwrap());
    ask(&server, &made).await.expect(200);

    assert!(set_aside_temporary(&nodes.migrator, made.id).await.unwrap());
    for _ in 0..1000 {
        if ask(&server, &made).await.status == 404 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    ask(&server, &made)
        .await
        .expect_problem(404, "tenant_not_found");
    let refused = login.connect(NoTls).await.err().unwrap();
    assert_eq!(refused.code().unwrap().code(), "28000");
    assert!(!set_aside_temporary(&nodes.migrator, made.id).await.unwrap());
    assert_eq!(things(&sql, made.id).await, 2);

    keep(&nodes, 0).await;
    assert_eq!(things(&sql, made.id).await, 0);
    let left = "SELECT count(*) FROM public.set_aside_schemas";
    assert_eq!(number(&sql, left).await, 0);
}

#[tokio::test]
async fn one_that_cannot_be_dropped_stays_set_aside() {
    let database = TestDatabase::new().await;
    let mut sql = owner(&database).await;
    let nodes = prepared(&database.config).await;
    let (busy, idle) = (make(&nodes).await, make(&nodes).await);
    for made in [&busy, &idle] {
        set_aside_temporary(&nodes.migrator, made.id).await.unwrap();
    }
    let reader = sql.transaction().await.unwrap();
    let read = format!("SELECT FROM {}.users", busy.schema.as_str());
    reader.batch_execute(&read).await.unwrap();
    let keeper = tenantry::domains::tenants::Keeper::new(nodes.migrator.clone(), 0);
    // Which of both comes first is left to chance; the busy one fails each time.
    for _ in 0..20 {
        assert!(keeper.once(|_| ()).await.is_err());
        if things(&owner(&database).await, idle.id).await == 0 {
            break;
        }
    }
    reader.rollback().await.unwrap();
    assert_eq!(things(&sql, idle.id).await, 0);
    assert_eq!(things(&sql, busy.id).await, 2);
    keep(&nodes, 0).await;
    assert_eq!(things(&sql, busy.id).await, 0);
}

#[tokio::test]
async fn large_one_that_was_set_aside_is_dropped_too() {
    let database = TestDatabase::new().await;
    let sql = owner(&database).await;
    let nodes = prepared(&database.config).await;
    let made = make(&nodes).await;
    let fill = format!(
        "DO $$ BEGIN FOR n IN 1..120 LOOP \
         EXECUTE format('CREATE TABLE {}.bulk_%s (id serial PRIMARY KEY)', n); END LOOP; END $$",
        made.schema.as_str()
    );
    sql.batch_execute(&fill).await.unwrap();
    set_aside_temporary(&nodes.migrator, made.id).await.unwrap();
    keep(&nodes, 0).await;
    assert_eq!(things(&sql, made.id).await, 0);
    let left = "SELECT count(*) FROM public.set_aside_schemas";
    assert_eq!(number(&sql, left).await, 0);
}

#[tokio::test]
async fn one_of_usual_size_is_dropped_in_one_transaction() {
    let reason = "statements are counted on the wire";
    let database = TestDatabase::new().await.past_the_pooler(reason);
    let wire = Wire::new(&database.config);
    let nodes = prepared(&wire.config).await;
    let (warm, made) = (make(&nodes).await, make(&nodes).await);
    drop_temporary(&nodes.migrator, warm.id).await.unwrap();
    let before = wire.statements();
    assert!(drop_temporary(&nodes.migrator, made.id).await.unwrap());
    // BEGIN, registry, schema with role, notice, COMMIT.
    assert_eq!(wire.statements() - before, 5);
}

#[tokio::test]
async fn real_tenant_is_never_set_aside() {
    let database = TestDatabase::new().await;
    let nodes = prepared(&database.config).await;
    let sql = owner(&database).await;
    let platform = sql.query_one("SELECT id FROM public.tenants", &[]).await;
    let platform = TenantId(platform.unwrap().get(0));
    assert!(
        !set_aside_temporary(&nodes.migrator, platform)
            .await
            .unwrap()
    );
    assert_eq!(number(&sql, "SELECT count(*) FROM public.tenants").await, 1);
}
