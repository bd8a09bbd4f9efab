//! From a role's name to what it may do, on every request: no query for a built-in role, and one for a tenant's own only after one of
//! them changed. A change is in force on every node as soon as it hears of it, or within a second where it cannot.

use std::sync::Arc;

use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::task::AbortHandle;

use super::cache::{OwnRoles, RoleCache};
use super::repository;
use crate::domains::access::{Authority, Grants, Rank, RoleName};
use crate::tenancy::{DbError, Event, Heard, Scoped, Tenancy, TenantId, TenantRef};

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

    /// For who holds no connection.
    pub fn lookup(&self) -> Lookup<'_> {
        Lookup {
            directory: self,
            open: None,
        }
    }

    /// For who holds one, in the tenant whose roles are asked for: two who hold one and want another each would wait for one another.
    pub fn within<'l>(&'l self, db: &'l mut Scoped) -> Lookup<'l> {
        Lookup {
            directory: self,
            open: Some(db),
        }
    }

    /// Forgets a tenant's roles at once on this node; others hear [`Event::RolesChanged`].
    pub(super) fn forget(&self, tenant: TenantId) {
        self.shared.cache.forget(tenant);
    }
}

/// Looks roles up, over a connection of its own or over one that is open.
pub struct Lookup<'l> {
    directory: &'l Directory,
    open: Option<&'l mut Scoped>,
}

impl Lookup<'_> {
    /// What a role of this tenant may do; `None` where the tenant has no such role.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn find(
        self,
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
        self,
        tenant: &TenantRef,
        role: &RoleName,
    ) -> Result<Arc<Authority>, DbError> {
        let found = self.find(tenant, role).await?;
        Ok(found.unwrap_or_else(|| {
            let nothing = Authority::new(role.clone(), Rank::LOWEST, Grants::NONE);
            Arc::new(nothing)
        }))
    }

    async fn own(self, tenant: &TenantRef) -> Result<OwnRoles, DbError> {
        let Self { directory, open } = self;
        let cache = &directory.shared.cache;
        if let Some(roles) = cache.get(tenant.id, directory.tenancy.is_hearing()) {
            return Ok(roles);
        }
        let start = cache.read_start();
        let roles = async {
            if let Some(db) = open {
                return repository::authorities(db).await;
            }
            let mut db = directory.tenancy.session(tenant).await?;
            repository::authorities(&mut db).await
        };
        // Rare and large: boxed, or every request would carry its size along.
        let roles = Box::pin(roles).await?;
        let roles = roles.into_iter();
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
