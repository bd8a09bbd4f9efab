//! One transaction over the shared tables and over tenants' tables, for the control plane and for ending sessions: suspending a tenant is
//! a change in `public`, a line in its audit and a line in the platform's, and all or none of them.

use std::time::Duration;

use super::error::DbError;
use super::pool::Lease;
use super::scope::Scope;
use super::session::Scoped;
use super::tenant::Tenant;

/// See the module. Dropping it rolls back.
pub struct ControlTransaction {
    scoped: Scoped,
}

impl ControlTransaction {
    pub(super) async fn begin(lease: Lease) -> Result<Self, DbError> {
        let mut scoped = Scoped::new(lease, Scope::Public);
        scoped.mark_open();
        scoped.lease().connection()?.begin_bare().await?;
        let mut this = Self { scoped };
        this.wear(Scope::Public).await?;
        Ok(this)
    }

    /// The shared tables, written `public.x`.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn public(&mut self) -> Result<&mut Scoped, DbError> {
        self.wear(Scope::Public).await?;
        Ok(&mut self.scoped)
    }

    /// The tables of one tenant, in whatever state it is.
    ///
    /// # Errors
    /// [`DbError::ScopeLost`] where it has no schema.
    pub async fn tenant(&mut self, tenant: &Tenant) -> Result<&mut Scoped, DbError> {
        self.wear(Scope::of(tenant)).await?;
        Ok(&mut self.scoped)
    }

    /// From here on, waiting for a lock ends after `limit` with an error that [`DbError::is_lock_timeout`] knows.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn limit_lock_waits(&mut self, limit: Duration) -> Result<(), DbError> {
        self.scoped.limit_lock_waits(limit).await
    }

    async fn wear(&mut self, scope: Scope) -> Result<(), DbError> {
        let worn = self.scoped.lease().connection()?.wear_locally(&scope).await;
        if worn.is_err() {
            self.scoped.mark_failed();
        }
        self.scoped.enter(scope);
        worn
    }

    /// Makes everything last.
    ///
    /// # Errors
    /// See [`DbError`]; [`DbError::Aborted`] if a statement of it failed, and then nothing stayed.
    pub async fn commit(mut self) -> Result<(), DbError> {
        self.scoped.commit_bare().await
    }
}
