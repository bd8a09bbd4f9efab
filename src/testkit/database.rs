//! A database of a test's own, for tests about starting, provisioning and the fleet.

use super::cluster::Cluster;
use super::pooler::Pooler;
use super::{OrFail, finish_on_kit, on_kit};
use crate::app::Foundation;
use crate::clock::Clock;
use crate::config::{Config, DatabaseUrl, PoolMode};
use crate::ids::new_id;
use crate::migrations::role_names;
use crate::tenancy::DbError;

/// An empty database; dropped with the value, the roles of its tenants too.
pub struct TestDatabase {
    name: String,
    /// How to use it.
    pub config: Config,
    pooler: Option<Pooler>,
}

impl TestDatabase {
    /// Makes one.
    pub async fn new() -> Self {
        Self::behind(None).await
    }

    /// One behind a PgBouncer of its own in transaction mode, which has `size` server connections for each login. `None`, told on
    /// standard error, where PgBouncer is not installed or PostgreSQL is not the kit's; a failure with `TENANTRY_TEST_POOLER`.
    pub async fn pooled(size: usize) -> Option<Self> {
        let cluster = Cluster::get().await;
        let started = on_kit(async move { cluster.start_pooler(size) }).await;
        match started {
            Ok(pooler) => Some(Self::behind(Some(pooler)).await),
            Err(error) if Config::test_pooler().or_fail("the environment") => {
                super::fail("a pooler", &error)
            }
            Err(error) => {
                tell(&format!("skipped: {error}"));
                None
            }
        }
    }

    async fn behind(pooler: Option<Pooler>) -> Self {
        let name = format!("tenantry_test_{}", new_id().simple());
        let cluster = Cluster::get().await;
        let made = name.clone();
        let (config, pooler) = on_kit(async move {
            let config = cluster.create_database(&made, pooler.as_ref()).await;
            (config, pooler)
        })
        .await;
        Self {
            name,
            config,
            pooler,
        }
    }

    /// For a test about sessions themselves: the same past any pooler, which is told on standard error with the reason.
    #[must_use]
    pub fn past_the_pooler(mut self, reason: &str) -> Self {
        if self.config.database.direct_url.is_some() {
            tell(&format!("past the pooler: {reason}"));
        }
        self.config.database.go_past_the_pooler();
        self
    }

    /// Pools on it; nothing is migrated yet. They live on the calling test's runtime.
    pub fn foundation(&self) -> Foundation {
        Foundation::new(&self.config, Clock::system()).or_fail("a foundation")
    }

    /// The environment for a `tenantry` process that works on it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let database = &self.config.database;
        let url =
            |url: Option<&DatabaseUrl>| url.map(|url| url.expose().to_owned()).unwrap_or_default();
        let mode = match database.pool_mode {
            PoolMode::Session => "session",
            PoolMode::Transaction => "transaction",
        };
        vec![
            ("DATABASE_URL", url(database.url.as_ref())),
            ("MIGRATION_DATABASE_URL", url(database.migration_url())),
            ("DIRECT_DATABASE_URL", url(database.direct_url.as_ref())),
            ("DATABASE_POOL_MODE", mode.to_owned()),
            ("JWT_SECRET", crate::config::TEST_SECRET.to_owned()),
            ("DB_POOL_SIZE", "5".to_owned()),
            ("DB_POOL_TIMEOUT", "30".to_owned()),
            ("READY_TENANTS", "0".to_owned()),
        ]
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = self.name.clone();
        let config = self.config.clone();
        let pooler = self.pooler.take();
        finish_on_kit(async move {
            let roles = roles(&config).await.unwrap_or_default();
            drop(pooler);
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

/// For whoever reads the tests' output.
#[expect(
    clippy::print_stderr,
    reason = "a test's output is read on standard error"
)]
fn tell(line: &str) {
    eprintln!("{line}");
}
