//! The pool, and the lease under which a connection is out of it.
//!
//! Invariant: a connection comes back to the pool at rest and known, or not at all. An open transaction is rolled back, a statement
//! whose caller has gone is cancelled, a connection that ran raw SQL is closed; all before anybody else can get it.

use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{self, Metrics, Object, PoolError, RecycleError, RecycleResult};
use tokio_postgres::Error as PgError;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connection::{Cleanup, Connection};
use super::error::DbError;
use super::scope::ScopeRules;
use super::tls;

/// A rollback or a cancel that takes longer than this ends with closing the connection.
const CLEANUP_LIMIT: Duration = Duration::from_secs(5);

/// How a pool behaves. The numbers come from the configuration.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// Connections kept open.
    pub size: usize,
    /// Further connections opened under load, closed when idle.
    pub overflow: usize,
    /// How long a caller waits for a connection.
    pub wait: Duration,
    /// A connection older than this is replaced.
    pub max_age: Duration,
    /// Ask each connection whether it lives before handing it out.
    pub pre_ping: bool,
    /// Longest statement; `None` for DDL.
    pub statement_timeout: Option<Duration>,
    /// How connections are scoped.
    pub rules: ScopeRules,
}

pub(super) struct Manager {
    inner: deadpool_postgres::Manager,
    settings: PoolSettings,
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = PgError;

    async fn create(&self) -> Result<Connection, PgError> {
        let client = self.inner.create().await?;
        // Behind a transaction pooler a session's settings are a stranger's; there, every statement brings its own path.
        if !self.settings.rules.transaction_pool {
            let limit = self
                .settings
                .statement_timeout
                .unwrap_or_default()
                .as_millis();
            client
                .batch_execute(&format!(
                    "SET search_path = ''; SET statement_timeout = {limit}"
                ))
                .await?;
        }
        Ok(Connection::new(client, self.settings.rules))
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
        if self.settings.pre_ping {
            connection.client().check_connection().await?;
        }
        Ok(())
    }
}

/// Connections to one database under one login.
#[derive(Clone)]
pub(super) struct Pool {
    inner: managed::Pool<Manager>,
    tls: MakeRustlsConnect,
}

impl Pool {
    /// Opens nothing yet.
    pub(super) fn new(
        config: &tokio_postgres::Config,
        settings: PoolSettings,
    ) -> Result<Self, DbError> {
        let tls = tls::connector();
        let inner = deadpool_postgres::Manager::new(config.clone(), tls.clone());
        let size = settings.size + settings.overflow;
        let wait = settings.wait;
        let inner = managed::Pool::builder(Manager { inner, settings })
            .max_size(size.max(1))
            .wait_timeout(Some(wait))
            .create_timeout(Some(wait))
            .recycle_timeout(Some(wait))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|e| DbError::NoConnection(e.to_string()))?;
        Ok(Self { inner, tls })
    }

    /// A connection, waited for no longer than the settings say.
    pub(super) async fn lease(&self) -> Result<Lease, DbError> {
        let object = self.inner.get().await.map_err(|e| match e {
            PoolError::Timeout(_) => DbError::NoConnection("all connections are in use".to_owned()),
            PoolError::Backend(source) => DbError::NoConnection(describe(&source)),
            other => DbError::NoConnection(other.to_string()),
        })?;
        Ok(Lease {
            object: Some(object),
            tls: self.tls.clone(),
        })
    }

    /// Closes the overflow connections that were idle for `idle`, keeping `size` of them.
    pub(super) fn trim(&self, idle: Duration) {
        let mut kept = 0;
        let size = self.inner.manager().settings.size;
        self.inner.retain(|_, metrics| {
            kept += 1;
            kept <= size || metrics.last_used() < idle
        });
    }

    pub(super) fn close(&self) {
        self.inner.close();
    }

    pub(super) fn rules(&self) -> ScopeRules {
        self.inner.manager().settings.rules
    }
}

/// The driver's errors say "db error" and keep the rest in their source.
fn describe(error: &PgError) -> String {
    match error.as_db_error() {
        Some(db) => db.to_string(),
        None => error.to_string(),
    }
}

/// A connection that is out of the pool; dropping it puts it back, cleaned.
pub(super) struct Lease {
    /// `None` only while dropping.
    object: Option<Object<Manager>>,
    tls: MakeRustlsConnect,
}

impl Lease {
    pub(super) fn connection(&mut self) -> Result<&mut Connection, DbError> {
        self.object
            .as_deref_mut()
            .ok_or_else(|| DbError::NoConnection("the connection was given back".to_owned()))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else {
            return;
        };
        match (object.cleanup(), tokio::runtime::Handle::try_current()) {
            (Cleanup::None, _) => drop(object),
            (Cleanup::Close, _) | (_, Err(_)) => close(object),
            (Cleanup::Rollback, Ok(runtime)) => {
                runtime.spawn(roll_back(object));
            }
            (Cleanup::Cancel, Ok(runtime)) => {
                runtime.spawn(cancel(object, self.tls.clone()));
            }
        }
    }
}

fn close(object: Object<Manager>) {
    drop(Object::take(object));
}

async fn roll_back(mut object: Object<Manager>) {
    match tokio::time::timeout(CLEANUP_LIMIT, object.rollback()).await {
        Ok(Ok(())) => drop(object),
        _ => close(object),
    }
}

/// Stops the statement in PostgreSQL, then closes: a cancel that comes late must not hit the next user's statement.
async fn cancel(object: Object<Manager>, tls: MakeRustlsConnect) {
    let started = Instant::now();
    let token = object.client().cancel_token();
    let cancelled = tokio::time::timeout(CLEANUP_LIMIT, token.cancel_query(tls)).await;
    tracing::debug!(
        ok = matches!(cancelled, Ok(Ok(()))),
        elapsed_ms = started.elapsed().as_millis(),
        "cancelled a statement whose caller has gone"
    );
    close(object);
}
