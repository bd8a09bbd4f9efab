//! A database of a test's own, for tests about starting, provisioning and the fleet.

use super::cluster::Cluster;
use super::{OrFail, finish_on_kit, on_kit};
use crate::app::Foundation;
use crate::clock::Clock;
use crate::config::Config;
use crate::ids::new_id;
use crate::migrations::role_names;
use crate::tenancy::DbError;

/// An empty database; dropped with the value, the roles of its tenants too.
pub struct TestDatabase {
    name: String,
    /// How to use it.
    pub config: Config,
}

impl TestDatabase {
    /// Makes one.
    pub async fn new() -> Self {
        let name = format!("tenantry_test_{}", new_id().simple());
        let cluster = Cluster::get().await;
        let made = name.clone();
        let config = on_kit(async move { cluster.create_database(&made).await }).await;
        Self { name, config }
    }

    /// Pools on it; nothing is migrated yet. They live on the calling test's runtime.
    pub fn foundation(&self) -> Foundation {
        Foundation::new(&self.config, Clock::system()).or_fail("a foundation")
    }

    /// The environment for a `tenantry` process that works on it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let database = &self.config.database;
        let url = |url: Option<&crate::config::DatabaseUrl>| {
            url.map(|url| url.expose().to_owned()).unwrap_or_default()
        };
        vec![
            ("DATABASE_URL", url(database.url.as_ref())),
            ("MIGRATION_DATABASE_URL", url(database.migration_url())),
            ("JWT_SECRET", crate::config::TEST_SECRET.to_owned()),
            ("DB_POOL_SIZE", "5".to_owned()),
            ("READY_TENANTS", "0".to_owned()),
        ]
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = self.name.clone();
        let config = self.config.clone();
        finish_on_kit(async move {
            let roles = roles(&config).await.unwrap_or_default();
            Cluster::get().await.drop_database(&name, &roles).await;
        });
    }
}

/// The roles of its tenants; they belong to the cluster, so they do not go with the database.
async fn roles(config: &Config) -> Result<Vec<String>, DbError> {
    let Ok(foundation) = Foundation::new(config, Clock::system()) else {
        return Ok(Vec::new());
    };
    foundation.migrator.with_shared(role_names).await
}
