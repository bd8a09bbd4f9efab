//! Which connections a tenant's requests go to, and what one tenant can take from the others.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tenantry::app::Foundation;
use tenantry::clock::Clock;
use tenantry::tenancy::{DbError, Sql, TenantRef, TenantSession};
use tenantry::testkit::{TestDatabase, TestServer, TestTenant};

use super::fixture::proof;

const BACKEND: Sql = Sql::new(
    "affinity.backend",
    "SELECT pg_backend_pid() AS pid, current_schema()::text AS schema",
);

/// Tenants on a pool of `size` connections and no more.
struct Crowd {
    tenants: Vec<TenantRef>,
    pool: Foundation,
    _made: Vec<TestTenant>,
    _database: TestDatabase,
}

impl Crowd {
    async fn new(tenants: usize, size: usize) -> Self {
        let database = TestDatabase::new().await;
        let database = database.past_the_pooler("this is about server connections");
        let server = TestServer::start(&database).await;
        let made = join_all((0..tenants).map(|_| TestTenant::on(&server))).await;
        let mut config = database.config.clone();
        config.database.pool_size = size;
        config.database.max_overflow = 0;
        config.database.pool_timeout = Duration::from_secs(2);
        let pool = Foundation::new(&config, Clock::system()).unwrap();
        // Its ear tries itself once, by a connection of the same pool.
        while !pool.tenancy.is_hearing() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let mut tenants = Vec::new();
        for tenant in &made {
            tenants.push(proof(&pool, tenant).await);
        }
        Self {
            tenants,
            pool,
            _made: made,
            _database: database,
        }
    }

    async fn open(&self, tenant: &TenantRef) -> Result<TenantSession, DbError> {
        self.pool.tenancy.session(tenant).await
    }

    /// Which backend answered, after a look that it was in the tenant's schema.
    async fn backend(&self, tenant: &TenantRef) -> i32 {
        let mut session = self.open(tenant).await.unwrap();
        let row = session.query_one(&BACKEND, &[]).await.unwrap();
        let schema: String = row.get("schema").unwrap();
        assert_eq!(schema, tenant.schema.as_str());
        row.get("pid").unwrap()
    }

    /// All connections that this tenant can get at once.
    async fn all_of(&self, tenant: &TenantRef) -> Vec<TenantSession> {
        let mut taken = Vec::new();
        while let Ok(session) = self.open(tenant).await {
            taken.push(session);
        }
        taken
    }
}

#[tokio::test]
async fn a_tenants_requests_go_to_one_connection_while_that_is_free() {
    let crowd = Crowd::new(24, 6).await;
    let mut homes = HashMap::new();
    for _ in 0..5 {
        for tenant in &crowd.tenants {
            let pid = crowd.backend(tenant).await;
            assert_eq!(*homes.entry(tenant.id).or_insert(pid), pid);
        }
    }
    let used: HashSet<_> = homes.values().collect();
    assert!(
        used.len() >= 4,
        "24 tenants live on {} of 6 connections",
        used.len()
    );
}

#[tokio::test]
async fn who_finds_their_home_taken_gets_the_next_that_is_idle() {
    let crowd = Crowd::new(1, 6).await;
    let tenant = &crowd.tenants[0];
    let mut order = Vec::new();
    for _ in 0..3 {
        let mut pids = Vec::new();
        let mut taken = Vec::new();
        for _ in 0..3 {
            let mut session = crowd.open(tenant).await.unwrap();
            let row = session.query_one(&BACKEND, &[]).await.unwrap();
            pids.push(row.get::<i32>("pid").unwrap());
            taken.push(session);
        }
        let distinct: HashSet<_> = pids.iter().collect();
        assert_eq!(distinct.len(), 3);
        order.push(pids);
    }
    // The same ones in the same order, each time.
    assert_eq!(order[0], order[1]);
    assert_eq!(order[1], order[2]);
}

#[tokio::test]
async fn one_tenants_flood_leaves_the_others_their_connections() {
    let crowd = Crowd::new(12, 8).await;
    let (greedy, others) = crowd.tenants.split_first().unwrap();
    let taken = crowd.all_of(greedy).await;
    assert_eq!(taken.len(), 4, "half of the pool");
    let mut served = 0;
    for other in others {
        served += usize::from(crowd.open(other).await.is_ok());
    }
    // A half that is the very one of the greedy tenant is one of seventy: five of them are as good as never.
    assert!(served >= 7, "{served} of 11 were served");
    let error = crowd.open(greedy).await.err().unwrap();
    assert!(matches!(error, DbError::NoConnection(_)), "{error}");
    drop(taken);
    crowd.backend(greedy).await;
}

#[tokio::test]
async fn who_waits_gets_the_connection_that_comes_back_first() {
    let crowd = Crowd::new(1, 4).await;
    let tenant = &crowd.tenants[0];
    let mut taken = crowd.all_of(tenant).await;
    // The last that was taken is not the tenant's home.
    let back = taken.pop();
    let giving = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(back);
    };
    let began = Instant::now();
    let (session, ()) = tokio::join!(crowd.open(tenant), giving);
    session.unwrap();
    assert!(
        // Else it would wait to the end, for two seconds.
        began.elapsed() < Duration::from_millis(1500),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_connection_that_changes_schemas_is_replaced_before_it_gets_slow() {
    let database = TestDatabase::new().await;
    let database = database.past_the_pooler("this is about server connections");
    let mut config = database.config.clone();
    config.tenancy.migration_jobs = 1;
    let pool = Foundation::new(&config, Clock::system()).unwrap();
    let mut backends = HashMap::new();
    for _ in 0..250 {
        let mut tx = pool.migrator.begin().await.unwrap();
        let row = &tx.query(&BACKEND, &[]).await.unwrap()[0];
        *backends.entry(row.get::<i32>("pid").unwrap()).or_insert(0) += 1;
        tx.commit().await.unwrap();
    }
    assert!(backends.len() >= 3, "{backends:?}");
    assert!(backends.values().all(|uses| *uses <= 100), "{backends:?}");
}
