//! Tenancy: which tenant a request is for, and a connection that can touch that tenant alone.
//!
//! Invariants: no code outside this module reaches a raw connection; a statement on a tenant's tables needs a [`TenantSession`], which
//! needs a [`TenantRef`], which only [`Tenancy::serve`] gives for a tenant that may be served; nothing outlives its request.

mod connection;
mod control;
mod copy;
mod ddl;
mod error;
mod events;
mod listener;
mod name;
mod pool;
pub mod pooler;
mod registry;
mod request;
mod resolve;
mod scope;
mod session;
pub mod setup;
mod sql;
mod statements;
mod tenant;
mod tls;
mod value;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::task::AbortHandle;
use uuid::Uuid;

pub use control::ControlTransaction;
pub use copy::{CopyIn, CopyOut};
pub use ddl::{DdlPool, DdlSession, DdlTransaction};
pub use error::{DbError, TENANT_UNAVAILABLE};
pub use events::Event;
pub use listener::Heard;
pub use name::{
    PLATFORM_SLUG, SLUG_MAX, SLUG_PATTERN, SchemaName, Slug, SlugError, TenantId, quote_ident,
    quote_literal,
};
pub use pool::{PoolSettings, TenantsSeen};
pub use registry::TenantKey;
pub use resolve::{RequestedTenant, ResolveError};
pub use scope::ScopeRules;
pub use session::{PublicSession, Scoped, TenantSession, Transaction};
pub use sql::Sql;
pub use tenant::{Refusal, SchemaState, Status, SupportedVersions, Tenant, TenantRef, Tombstone};
pub use value::{Param, Params, Row, TextRow};

use listener::Ear;
use pool::{For, Pool};
use registry::Registry;
use scope::Scope;

use crate::error::Error;

/// How often idle overflow connections are looked for, and how long one must have been idle.
const TRIM_EVERY: Duration = Duration::from_secs(30);

/// Opens sessions. Cheap to clone; all clones share the pool and the cache.
#[derive(Clone)]
pub struct Tenancy {
    shared: Arc<Shared>,
}

struct Shared {
    pool: Pool,
    registry: Arc<Registry>,
    heard: broadcast::Sender<Heard>,
    supported: SupportedVersions,
    tasks: Vec<AbortHandle>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Tenancy {
    /// Opens the pool under the application's login, and the ear for other nodes at `direct`, where a session is ours alone; `None` where
    /// there is no such address, and then caches are believed for a second only. Must run inside a tokio runtime.
    ///
    /// # Errors
    /// When the pool cannot be built; connecting comes with the first use.
    pub fn new(
        config: &tokio_postgres::Config,
        direct: Option<&tokio_postgres::Config>,
        settings: PoolSettings,
        cache_ttl: Duration,
        supported: SupportedVersions,
    ) -> Result<Self, DbError> {
        let pool = Pool::new(config, settings)?;
        let registry = Arc::new(Registry::new(cache_ttl));
        let (heard, _) = broadcast::channel(1024);
        let ear = Ear {
            pool: pool.clone(),
            registry: Arc::clone(&registry),
            subscribers: heard.clone(),
        };
        let ear = tokio::spawn(ear.listen(direct.cloned()));
        let trimmer = tokio::spawn(trim(pool.clone()));
        Ok(Self {
            shared: Arc::new(Shared {
                pool,
                registry,
                heard,
                supported,
                tasks: vec![ear.abort_handle(), trimmer.abort_handle()],
            }),
        })
    }

    /// The tenant of this name, if it may be served now.
    ///
    /// # Errors
    /// A [`Refusal`] as an [`Error`], or the database's failure.
    pub async fn serve(&self, key: &TenantKey) -> Result<TenantRef, Error> {
        let tenant = self.find(key).await?.ok_or(Refusal::NotFound)?;
        Ok(self.admit(tenant)?)
    }

    /// The proof that this tenant may be served now.
    ///
    /// # Errors
    /// Says why it may not.
    pub fn admit(&self, tenant: Arc<Tenant>) -> Result<TenantRef, Refusal> {
        tenant.servable(self.shared.supported)?;
        Ok(TenantRef(tenant))
    }

    /// The same for signing out, which must work where the tenant is suspended: whoever lost a device cannot wait.
    ///
    /// # Errors
    /// Says why it may not.
    pub fn admit_to_leave(&self, tenant: Arc<Tenant>) -> Result<TenantRef, Refusal> {
        tenant.leavable(self.shared.supported)?;
        Ok(TenantRef(tenant))
    }

    /// The tenant of this name in whatever state, from the cache. Opens no session.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn find(&self, key: &TenantKey) -> Result<Option<Arc<Tenant>>, DbError> {
        self.shared.registry.find(&self.shared.pool, key).await
    }

    /// Tenants by age, at most `limit`, those after the id `after`. Temporary ones are left out.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn list(&self, after: Option<Uuid>, limit: i64) -> Result<Vec<Tenant>, DbError> {
        registry::page(&mut *self.public().await?, after, limit).await
    }

    /// A connection in this tenant's scope.
    ///
    /// # Errors
    /// When no connection is to be had in time.
    pub async fn session(&self, tenant: &TenantRef) -> Result<TenantSession, DbError> {
        let lease = self.shared.pool.lease(For::Tenant(&tenant.schema)).await?;
        Ok(TenantSession::new(Scoped::new(lease, Scope::of(tenant))))
    }

    /// A connection that sees the shared tables.
    ///
    /// # Errors
    /// When no connection is to be had in time.
    pub async fn public(&self) -> Result<PublicSession, DbError> {
        let lease = self.shared.pool.lease(For::Anybody).await?;
        Ok(PublicSession::new(Scoped::new(lease, Scope::Public)))
    }

    /// A transaction over the shared tables and tenants' tables, for the few changes that are in both; `reason` is logged.
    ///
    /// # Errors
    /// When no connection is to be had in time.
    pub async fn control(&self, reason: &'static str) -> Result<ControlTransaction, DbError> {
        tracing::debug!(reason, "control transaction");
        ControlTransaction::begin(self.shared.pool.lease(For::Anybody).await?).await
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn ping(&self) -> Result<(), DbError> {
        const PING: Sql = Sql::new("tenancy.ping", "SELECT 1");
        self.public().await?.query_one(&PING, &[]).await.map(drop)
    }

    /// What other nodes, and this one, tell from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Heard> {
        self.shared.heard.subscribe()
    }

    /// Whether what other nodes tell reaches this one now. While it does not, what was learnt by [`Tenancy::subscribe`] may be old.
    pub fn is_hearing(&self) -> bool {
        self.shared.registry.is_hearing()
    }

    /// Schema versions that this binary works with.
    pub fn supported(&self) -> SupportedVersions {
        self.shared.supported
    }

    /// How connections are scoped here.
    pub fn rules(&self) -> ScopeRules {
        self.shared.pool.rules()
    }

    /// Forgets a tenant at once on this node; others hear [`Event::TenantChanged`].
    pub fn forget(&self, id: TenantId) {
        self.shared.registry.forget(id);
    }

    /// Whether a tenant whose schema is out of reach may be served at all, read anew: its life may have gone on while a request was under way.
    ///
    /// # Errors
    /// A [`Refusal`] as an [`Error`], and then nothing older is believed on this node any more; or the database's failure.
    pub async fn look_again(&self, id: TenantId) -> Result<(), Error> {
        let mut db = self.public().await?;
        let tenant = registry::read(&mut db, &TenantKey::Id(id)).await?;
        let servable = match tenant {
            Some(tenant) => tenant.servable(self.shared.supported),
            None => Err(Refusal::NotFound),
        };
        if servable.is_err() {
            self.forget(id);
        }
        Ok(servable?)
    }

    /// Gives out no more connections, and hears other nodes no more.
    pub fn close(&self) {
        for task in &self.shared.tasks {
            task.abort();
        }
        self.shared.pool.close();
    }
}

async fn trim(pool: Pool) {
    loop {
        tokio::time::sleep(TRIM_EVERY).await;
        pool.trim(TRIM_EVERY);
    }
}
