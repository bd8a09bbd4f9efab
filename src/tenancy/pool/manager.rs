//! Opens connections, and says which are fit to be used again.

use deadpool::managed::{self, Manager as _, Metrics, RecycleError, RecycleResult};
use tokio_postgres::{Error as PgError, SimpleQueryMessage};

use super::PoolSettings;
use crate::tenancy::connection::{Cleanup, Connection};
use crate::tenancy::scope::Carrier;

/// See the module.
pub(in crate::tenancy) struct Manager {
    pub(super) inner: deadpool_postgres::Manager,
    pub(super) settings: PoolSettings,
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = PgError;

    async fn create(&self) -> Result<Connection, PgError> {
        // Rare and large: boxed, or every request would carry its size along.
        Box::pin(self.open()).await
    }

    async fn recycle(
        &self,
        connection: &mut Connection,
        metrics: &Metrics,
    ) -> RecycleResult<PgError> {
        // Its cleaning was cut off with the runtime that it ran on.
        if connection.cleanup() != Cleanup::None {
            return Err(RecycleError::message(
                "it was left in the middle of something",
            ));
        }
        if connection.client().is_closed() {
            return Err(RecycleError::message("the server closed it"));
        }
        if metrics.age() > self.settings.max_age {
            return Err(RecycleError::message("it reached DB_POOL_RECYCLE"));
        }
        let uses = metrics.recycle_count + 1;
        if self.settings.max_uses.is_some_and(|most| uses >= most) {
            return Err(RecycleError::message("it was used often enough"));
        }
        let seen = connection.tenants_seen();
        if self.settings.seen.is_too_much(seen, metrics.age()) {
            return Err(RecycleError::message("it has seen too many tenants"));
        }
        if self.settings.pre_ping {
            connection.client().check_connection().await?;
        }
        find_carrier(connection).await?;
        Ok(())
    }
}

impl Manager {
    async fn open(&self) -> Result<Connection, PgError> {
        let client = self.inner.create().await?;
        let rules = self.settings.rules;
        // Behind a transaction pooler a session's settings are a stranger's; there, every statement brings its own path.
        if rules.transaction_pool {
            return Ok(Connection::new(client, rules));
        }
        let limit = rules.timeout_ms();
        let text = format!("SET search_path = ''; SET statement_timeout = {limit}");
        client.batch_execute(&text).await?;
        let mut connection = Connection::new(client, rules);
        find_carrier(&mut connection).await?;
        Ok(connection)
    }
}

/// A connection that was opened before the shared tables were migrated has no carrier, and looks for it again at each use.
async fn find_carrier(connection: &mut Connection) -> Result<(), PgError> {
    if !connection.lacks_carrier() {
        return Ok(());
    }
    let answers = connection.client().simple_query(Carrier::FIND).await?;
    let oid = answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
        _ => None,
    });
    connection.set_carrier(oid.map(Carrier::new));
    Ok(())
}
