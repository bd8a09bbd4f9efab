//! From a role's name to what it may do.

use std::sync::Arc;

use super::repository;
use crate::domains::access::{Authority, Grants, Rank, RoleName};
use crate::tenancy::{DbError, Tenancy, TenantRef};

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Directory {
    tenancy: Tenancy,
}

impl Directory {
    /// Reads by `tenancy`.
    pub fn new(tenancy: Tenancy) -> Self {
        Self { tenancy }
    }

    /// What a role of this tenant may do; `None` where the tenant has no such role.
    pub async fn find(
        &self,
        tenant: &TenantRef,
        role: &RoleName,
    ) -> Result<Option<Arc<Authority>>, DbError> {
        if let Some(role) = role.built_in() {
            return Ok(Some(Authority::built_in(role)));
        }
        let mut db = self.tenancy.session(tenant).await?;
        let found = repository::find(&mut db, role).await?;
        Ok(found.map(|(rank, grants)| Arc::new(Authority::new(role.clone(), rank, grants))))
    }

    /// The same, for the bearer of a credential: a role that is gone may do nothing.
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
}
