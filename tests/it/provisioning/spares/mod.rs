//! Ready tenants: taken whole, by those alone for whom they were made, and never one by two.

mod claims;
mod dropped;
mod fits;
mod killed;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use tenantry::app::Foundation;
use tenantry::clock::Clock;
use tenantry::config::Config;
use tenantry::domains::tenants::{Keeper, TemporaryTenant, create_temporary};
use tokio_postgres::Client;
use uuid::Uuid;

/// What this configuration works with, the shared tables migrated.
async fn prepared(config: &Config) -> Foundation {
    let foundation = Foundation::new(config, Clock::system()).unwrap();
    foundation.prepare().await.unwrap();
    foundation
}

/// Makes and drops what there is to make and to drop.
async fn keep(foundation: &Foundation, ready: usize) -> usize {
    let keeper = Keeper::new(foundation.migrator.clone(), ready);
    keeper.once(|_| ()).await.unwrap()
}

async fn make(foundation: &Foundation) -> TemporaryTenant {
    let Foundation {
        migrator, clock, ..
    } = foundation;
    let made = create_temporary(migrator, clock, TimeDelta::hours(1)).await;
    made.unwrap()
}

async fn spares(sql: &Client) -> BTreeSet<Uuid> {
    let rows = sql.query("SELECT id FROM public.spare_tenants", &[]).await;
    rows.unwrap().iter().map(|row| row.get(0)).collect()
}
