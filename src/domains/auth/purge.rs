//! Background work: what has expired is deleted, in every tenant's schema, at an interval.
//!
//! Invariant: one connection at a time, given back after each batch; one node at a time in a tenant; a tenant that fails stops no other.

use std::sync::Arc;
use std::time::Duration;

use super::repository;
use crate::clock::Clock;
use crate::domains::idempotency;
use crate::tenancy::{DbError, Tenancy, Tenant, TenantRef};

/// Rows of a kind that one transaction deletes.
const BATCH: i64 = 500;
/// Tenants that are read at once.
const PAGE: i64 = 100;

/// See the module.
pub struct Purge {
    tenancy: Tenancy,
    clock: Clock,
}

impl Purge {
    /// Works on all tenants of `tenancy`.
    pub fn new(tenancy: Tenancy, clock: Clock) -> Self {
        Self { tenancy, clock }
    }

    /// Works every `interval` until it is dropped.
    pub async fn run(self, interval: Duration) {
        loop {
            tokio::time::sleep(interval).await;
            match self.once().await {
                Ok(0) => {}
                Ok(rows) => tracing::info!(rows, "deleted what had expired"),
                Err(error) => {
                    tracing::warn!(error = %error, "tenants cannot be listed; what expired stays until the next time");
                }
            }
        }
    }

    /// Goes through all tenants once; tells how many rows were deleted. Temporary tenants are left out: they go as a whole.
    ///
    /// # Errors
    /// When the tenants cannot be listed.
    pub async fn once(&self) -> Result<u64, DbError> {
        let (mut rows, mut after) = (0, None);
        loop {
            let tenants = self.tenancy.list(after, PAGE).await?;
            let Some(last) = tenants.last() else {
                return Ok(rows);
            };
            after = Some(last.id.0);
            for tenant in tenants {
                rows += self.tenant_or_warn(tenant).await;
            }
        }
    }

    async fn tenant_or_warn(&self, tenant: Tenant) -> u64 {
        // One that is not served now gets its turn when it is.
        let Ok(tenant) = self.tenancy.admit(Arc::new(tenant)) else {
            return 0;
        };
        self.tenant(&tenant).await.unwrap_or_else(|error| {
            tracing::warn!(tenant = %tenant.slug, error = %error, "what expired in this tenant stays until the next time");
            0
        })
    }

    async fn tenant(&self, tenant: &TenantRef) -> Result<u64, DbError> {
        let mut rows = 0;
        loop {
            let session = self.tenancy.session(tenant).await?;
            let mut tx = session.begin("auth.purge");
            let now = self.clock.now();
            let deleted = repository::purge_tenant(&mut tx, now, BATCH).await?;
            let keys = idempotency::purge(&mut tx, &self.clock, BATCH).await?;
            tx.commit().await?;
            rows += deleted.rows + keys;
            if !deleted.more && i64::try_from(keys).is_ok_and(|keys| keys < BATCH) {
                return Ok(rows);
            }
        }
    }
}
