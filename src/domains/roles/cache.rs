//! Tenants' own roles in memory, as many as fit.
//!
//! Invariant: what was read before it was forgotten never enters after it, so what a node was told is in force.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use moka::sync::Cache;

use crate::domains::access::{Authority, RoleName};
use crate::tenancy::TenantId;

/// Roles kept, over all tenants.
const CAPACITY: u64 = 100_000;
/// How long an entry is believed at most.
const TTL: Duration = Duration::from_mins(5);
/// How long an entry is believed while no change can be heard of.
const DEAF_TTL: Duration = Duration::from_secs(1);

/// A tenant's own roles, by name.
pub(super) type OwnRoles = Arc<HashMap<RoleName, Arc<Authority>>>;

#[derive(Clone)]
struct Entry {
    roles: OwnRoles,
    read_at: Instant,
}

/// When a read began, for what it finds to enter.
pub(super) struct ReadStart {
    epoch: u64,
    at: Instant,
}

/// See the module.
pub(super) struct RoleCache {
    entries: Cache<TenantId, Entry>,
    /// Counts what was forgotten; held while an entry goes in or out.
    epoch: Mutex<u64>,
}

impl RoleCache {
    pub(super) fn new() -> Self {
        let weight = |_: &TenantId, entry: &Entry| {
            let roles = u32::try_from(entry.roles.len());
            roles.unwrap_or(u32::MAX).saturating_add(1)
        };
        Self {
            entries: Cache::builder()
                .max_capacity(CAPACITY)
                .weigher(weight)
                .time_to_live(TTL)
                .build(),
            epoch: Mutex::new(0),
        }
    }

    /// What is known and can be believed; `hearing` says whether changes are heard of now.
    pub(super) fn get(&self, tenant: TenantId, hearing: bool) -> Option<OwnRoles> {
        let entry = self.entries.get(&tenant)?;
        let believed = hearing || entry.read_at.elapsed() < DEAF_TTL;
        believed.then_some(entry.roles)
    }

    /// Call it before a read.
    pub(super) fn read_start(&self) -> ReadStart {
        ReadStart {
            epoch: *self.epoch(),
            at: Instant::now(),
        }
    }

    /// Keeps what a read found, unless something was forgotten meanwhile.
    pub(super) fn insert(&self, tenant: TenantId, roles: OwnRoles, start: &ReadStart) {
        let epoch = self.epoch();
        if *epoch == start.epoch {
            let read_at = start.at;
            self.entries.insert(tenant, Entry { roles, read_at });
        }
    }

    pub(super) fn forget(&self, tenant: TenantId) {
        *self.epoch() += 1;
        self.entries.invalidate(&tenant);
    }

    pub(super) fn forget_all(&self) {
        *self.epoch() += 1;
        self.entries.invalidate_all();
    }

    fn epoch(&self) -> MutexGuard<'_, u64> {
        self.epoch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::new_id;

    #[test]
    fn what_was_read_before_it_was_forgotten_does_not_enter_after_it() {
        let (cache, tenant) = (RoleCache::new(), TenantId(new_id()));
        let start = cache.read_start();
        cache.forget(tenant);
        cache.insert(tenant, OwnRoles::default(), &start);
        assert!(cache.get(tenant, true).is_none());

        let start = cache.read_start();
        cache.insert(tenant, OwnRoles::default(), &start);
        assert!(cache.get(tenant, true).is_some());
        cache.forget_all();
        assert!(cache.get(tenant, true).is_none());
    }

    #[test]
    fn an_old_entry_is_believed_only_while_changes_are_heard_of() {
        let (cache, tenant) = (RoleCache::new(), TenantId(new_id()));
        let mut start = cache.read_start();
        cache.insert(tenant, OwnRoles::default(), &start);
        assert!(cache.get(tenant, false).is_some());
        start.at -= DEAF_TTL;
        cache.insert(tenant, OwnRoles::default(), &start);
        assert!(cache.get(tenant, false).is_none());
        assert!(cache.get(tenant, true).is_some());
    }
}
