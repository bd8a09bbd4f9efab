//! A tenant's profile, and what it uses: for operators, and for its own people.

use uuid::Uuid;

use super::error::TenantsError;
use super::model::{TenantChange, TenantView, Usage};
use super::repository;
use super::service::Tenants;
use crate::domains::access::{TenantRead, TenantUpdate, TenantsManage, authorize};

impl Tenants<'_> {
    /// The caller's own tenant.
    ///
    /// # Errors
    /// When the caller may not.
    pub async fn own(&self) -> Result<TenantView, TenantsError> {
        let scope = authorize::<TenantRead>(&self.context)?;
        let tenant = self.visible(scope.extent(), self.context.tenant().id.0);
        Ok(TenantView::from(&*tenant.await?))
    }

    /// What the caller's own tenant uses, and may.
    ///
    /// # Errors
    /// When the caller may not.
    pub async fn usage(&self) -> Result<Usage, TenantsError> {
        let scope = authorize::<TenantRead>(&self.context)?;
        let tenant = self.context.tenant();
        let mut db = self.deps.tenancy.session(tenant).await?;
        Ok(Usage {
            plan: tenant.plan.clone(),
            requests_per_minute: tenant.requests_per_minute,
            stored: repository::stored(&mut db, &scope, self.deps.clock.now()).await?,
        })
    }

    /// [`Tenants::update`] of the caller's own tenant.
    ///
    /// # Errors
    /// See there.
    pub async fn update_own(&self, change: TenantChange) -> Result<TenantView, TenantsError> {
        self.update(self.context.tenant().id.0, change).await
    }

    /// Changes what is named. Also where it changes nothing, the caller must be one who may.
    ///
    /// # Errors
    /// [`TenantsError::NotFound`], [`TenantsError::UnknownPlan`], [`TenantsError::PlanIsOperators`], or the caller may not.
    pub async fn update(&self, id: Uuid, change: TenantChange) -> Result<TenantView, TenantsError> {
        let scope = authorize::<TenantUpdate>(&self.context)?;
        let tenant = self.visible(scope.extent(), id).await?;
        if change.plan.is_some() && authorize::<TenantsManage>(&self.context).is_err() {
            return Err(TenantsError::PlanIsOperators);
        }
        let before = TenantView::from(&*tenant);
        if change.name.is_none() && change.plan.is_none() {
            return Ok(before);
        }
        let now = self.deps.clock.now();
        let mut tx = self.deps.tenancy.control("change a tenant").await?;
        repository::set_profile(tx.public().await?, &scope, tenant.id, &change, now).await?;
        let after = TenantView {
            name: change.name.unwrap_or_else(|| before.name.clone()),
            plan: change.plan.unwrap_or_else(|| before.plan.clone()),
            updated_at: now,
            ..before.clone()
        };
        self.note(&mut tx, &tenant, "tenant.updated", &before, &after)
            .await?;
        self.announce_and_commit(tx, &tenant).await?;
        Ok(after)
    }
}
