//! A tenant's profile, and what it uses: for operators, and for its own people.

use std::time::Duration;

use uuid::Uuid;

use super::error::TenantsError;
use super::model::{TenantChange, TenantView, Usage};
use super::repository;
use super::service::Tenants;
use crate::domains::access::{TenantRead, TenantUpdate, TenantsManage, authorize};
use crate::tenancy::{PLATFORM_SLUG, Status};

/// How long a change waits for the tenant's row, or for a slug that somebody is about to take.
const ROW: Duration = Duration::from_secs(5);
/// How long it waits for the platform's log, where all operators queue: as long as a statement may take.
const LOG: Duration = Duration::from_secs(30);

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

    /// Changes what is named. Also where it changes nothing, the caller must be one who may. A new slug is in force on every node at once;
    /// the old one is free, and signs nobody out.
    ///
    /// # Errors
    /// [`TenantsError::NotFound`], [`TenantsError::SlugTaken`], [`TenantsError::UnknownPlan`], [`TenantsError::PlanIsOperators`],
    /// [`TenantsError::SlugIsOperators`], [`TenantsError::InvalidTransition`] where it is deleted, [`TenantsError::Temporary`],
    /// [`TenantsError::Db`] where its row was not to be had in time, or the caller may not.
    pub async fn update(&self, id: Uuid, change: TenantChange) -> Result<TenantView, TenantsError> {
        let scope = authorize::<TenantUpdate>(&self.context)?;
        let tenant = self.visible(scope.extent(), id).await?;
        let manages = authorize::<TenantsManage>(&self.context).is_ok();
        if change.plan.is_some() && !manages {
            return Err(TenantsError::PlanIsOperators);
        }
        if change.slug.is_some() && !manages {
            return Err(TenantsError::SlugIsOperators);
        }
        if tenant.status == Status::Deleted {
            return Err(TenantsError::InvalidTransition {
                from: tenant.status,
                verb: "changed",
            });
        }
        let slug = change.slug.as_ref().filter(|slug| **slug != tenant.slug);
        if slug.is_some() && tenant.slug.as_str() == PLATFORM_SLUG {
            return Err(TenantsError::Platform("renamed"));
        }
        if slug.is_some() && tenant.expires_at.is_some() {
            return Err(TenantsError::Temporary);
        }
        let before = TenantView::from(&*tenant);
        if slug.is_none() && change.name.is_none() && change.plan.is_none() {
            return Ok(before);
        }
        let now = self.deps.clock.now();
        let mut tx = self.deps.tenancy.control("change a tenant").await?;
        tx.limit_lock_waits(ROW).await?;
        let db = tx.public().await?;
        if let Some(slug) = slug {
            // Before the profile, so that a taken slug is heard of first.
            repository::rename(db, &scope, &tenant, slug, now).await?;
        }
        repository::set_profile(db, &scope, tenant.id, &change, now).await?;
        tx.limit_lock_waits(LOG).await?;
        let after = TenantView {
            slug: slug.unwrap_or(&tenant.slug).to_string(),
            name: change.name.clone().unwrap_or_else(|| before.name.clone()),
            plan: change.plan.clone().unwrap_or_else(|| before.plan.clone()),
            updated_at: now,
            ..before.clone()
        };
        let action = if slug.is_some() {
            "tenant.renamed"
        } else {
            "tenant.updated"
        };
        self.note(&mut tx, &tenant, action, &before, &after).await?;
        self.announce_and_commit(tx, &tenant).await?;
        Ok(after)
    }
}
