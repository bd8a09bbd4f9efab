//! From a role's name to what it may do, on every request: no query for a built-in role, and one for a tenant's own only after one of
//! them changed. A change is in force on every node as soon as it hears of it, or within a second where it cannot.

use std::sync::Arc;

use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::task::AbortHandle;

use super::cache::{OwnRoles, RoleCache};
use super::repository;
use crate::domains::access::{Authority, Grants, Rank, RoleName};
use crate::tenancy::{DbError, Event, Heard, Tenancy, TenantId, TenantRef};

/// See the module. Cheap to clone; it follows changes until the last clone is gone.
#[derive(Clone)]
pub struct Directory {
    tenancy: Tenancy,
    shared: Arc<Shared>,
}

struct Shared {
    cache: Arc<RoleCache>,
    follower: AbortHandle,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

impl Directory {
    /// Reads by `tenancy`. Must run inside a tokio runtime.
    pub fn new(tenancy: Tenancy) -> Self {
        let cache = Arc::new(RoleCache::new());
        let follower = tokio::spawn(follow(tenancy.subscribe(), Arc::clone(&cache)));
        let follower = follower.abort_handle();
        Self {
            tenancy,
            shared: Arc::new(Shared { cache, follower }),
        }
    }

    /// What a role of this tenant may do; `None` where the tenant has no such role.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn find(
        &self,
        tenant: &TenantRef,
        role: &RoleName,
    ) -> Result<Option<Arc<Authority>>, DbError> {
        match role.built_in() {
            Some(role) => Ok(Some(Authority::built_in(role))),
            None => Ok(self.own(tenant).await?.get(role).cloned()),
        }
    }

    /// The same, for the bearer of a credential: a role that is gone may do nothing.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn authority(
        &self,
        tenant: &TenantRef,
        role: &RoleName,
    ) -> Result<Arc<Authority>, DbError> {
        let found = self.find(tenant, role).await?;
        Ok(found.unwrap_or_else(|| {
            let nothing = Authority::new(role.clone(), Rank::LOWEST, Grants::NONE);
            Arc::new(nothing)
        }))
    }

    /// Forgets a tenant's roles at once on this node; others hear [`Event::RolesChanged`].
    pub(super) fn forget(&self, tenant: TenantId) {
        self.shared.cache.forget(tenant);
    }

    async fn own(&self, tenant: &TenantRef) -> Result<OwnRoles, DbError> {
        let cache = &self.shared.cache;
        if let Some(roles) = cache.get(tenant.id, self.tenancy.is_hearing()) {
            return Ok(roles);
        }
        let start = cache.read_start();
        let mut db = self.tenancy.session(tenant).await?;
        let roles = repository::authorities(&mut db).await?.into_iter();
        let roles: OwnRoles = Arc::new(roles.map(|a| (a.role().clone(), Arc::new(a))).collect());
        cache.insert(tenant.id, Arc::clone(&roles), &start);
        Ok(roles)
    }
}

async fn follow(mut heard: Receiver<Heard>, cache: Arc<RoleCache>) {
    loop {
        match heard.recv().await {
            Ok(Heard::Event(Event::RolesChanged { tenant: id } | Event::TenantChanged { id })) => {
                cache.forget(id);
            }
            Ok(Heard::Event(_)) => {}
            Ok(Heard::Resync) | Err(RecvError::Lagged(_)) => cache.forget_all(),
            Err(RecvError::Closed) => return,
        }
    }
}
