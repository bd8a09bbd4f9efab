//! Opens connections, and says which are fit to be used again.

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use tokio_postgres::{Error as PgError, SimpleQueryMessage};

use super::PoolSettings;
use crate::tenancy::connection::Connection;
use crate::tenancy::scope::Carrier;

/// PostgreSQL keeps some 12 kB in a backend for each table that it ever touched, and frees none of it: a connection that has seen more tenants
/// than this is replaced.
const TENANTS_SEEN: usize = 500;

/// See the module.
pub(in crate::tenancy) struct Manager {
    pub(super) inner: deadpool_postgres::Manager,
    pub(super) settings: PoolSettings,
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = PgError;

    async fn create(&self) -> Result<Connection, PgError> {
        let client = self.inner.create().await?;
        let rules = self.settings.rules;
        // Behind a transaction pooler a session's settings are a stranger's; there, every statement brings its own path.
        if rules.transaction_pool {
            return Ok(Connection::new(client, rules, None));
        }
        let limit = rules.timeout_ms();
        let text = format!(
            "SET search_path = ''; SET statement_timeout = {limit}; {}",
            Carrier::FIND
        );
        let answers = client.simple_query(&text).await?;
        let oid = answers.iter().find_map(|answer| match answer {
            SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
            _ => None,
        });
        let carrier = oid.filter(|_| rules.fence).map(Carrier::new);
        Ok(Connection::new(client, rules, carrier))
    }

    async fn recycle(
        &self,
        connection: &mut Connection,
        metrics: &Metrics,
    ) -> RecycleResult<PgError> {
        if connection.client().is_closed() {
            return Err(RecycleError::message("the server closed it"));
        }
        if metrics.age() > self.settings.max_age {
            return Err(RecycleError::message("it reached DB_POOL_RECYCLE"));
        }
        if connection.tenants_seen() > TENANTS_SEEN {
            return Err(RecycleError::message("it has seen too many tenants"));
        }
        if self.settings.pre_ping {
            connection.client().check_connection().await?;
        }
        Ok(())
    }
}
