//! A connection that has met too many tenants is replaced, because its backend never forgets their tables.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tenantry::app::Foundation;
use tenantry::clock::Clock;
use tenantry::tenancy::{PoolSettings, Sql, Tenancy, TenantKey, TenantsSeen};
use tenantry::testkit::{TestDatabase, TestServer, TestTenant};

const BACKEND: Sql = Sql::new("retired.backend", "SELECT pg_backend_pid() AS pid");

/// Goes through five tenants twice on a pool of one; how many of them each backend has met, in no order.
async fn met(seen: TenantsSeen) -> Vec<usize> {
    let reason = "this is about server connections";
    let database = TestDatabase::new().await.past_the_pooler(reason);
    let server = TestServer::start(&database).await;
    let foundation = Foundation::new(&database.config, Clock::system()).unwrap();
    let settings = PoolSettings {
        size: 1,
        overflow: 0,
        wait: Duration::from_secs(30),
        max_age: Duration::from_hours(1),
        max_uses: None,
        seen,
        pre_ping: false,
        rules: foundation.tenancy.rules(),
    };
    let url = database.config.database.url.as_ref().unwrap();
    let supported = foundation.tenancy.supported();
    let ttl = Duration::from_mins(1);
    let narrow = Tenancy::new(url.config(), None, settings, ttl, supported).unwrap();
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(TestTenant::on(&server).await);
    }
    let mut met: HashMap<i32, HashSet<_>> = HashMap::new();
    for tenant in made.iter().chain(&made) {
        let proof = narrow.serve(&TenantKey::Id(tenant.id())).await.unwrap();
        let mut session = narrow.session(&proof).await.unwrap();
        let row = session.query_one(&BACKEND, &[]).await.unwrap();
        let pid = row.get("pid").unwrap();
        met.entry(pid).or_default().insert(tenant.id());
    }
    met.into_values().map(|tenants| tenants.len()).collect()
}

const NEVER: TenantsSeen = TenantsSeen {
    enough: 100,
    worth_it: Duration::ZERO,
    most: 100,
};

#[tokio::test]
async fn a_connection_goes_on_while_it_has_met_few_tenants() {
    assert_eq!(met(NEVER).await, [5]);
}

#[tokio::test]
async fn a_connection_that_has_met_the_most_tenants_is_replaced_however_young() {
    let most = TenantsSeen { most: 2, ..NEVER };
    // Ten uses: three tenants each, and one is left.
    let mut met = met(most).await;
    met.sort_unstable();
    assert_eq!(met, [1, 3, 3, 3]);
}

#[tokio::test]
async fn a_connection_that_has_met_enough_tenants_is_replaced_once_it_was_worth_its_making() {
    let old = TenantsSeen { enough: 2, ..NEVER };
    assert_eq!(met(old).await.len(), 4);
    let young = TenantsSeen {
        worth_it: Duration::from_hours(1),
        ..old
    };
    assert_eq!(met(young).await, [5]);
}
