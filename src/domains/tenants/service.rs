//! The use cases of tenants, for operators and for a tenant's own people.

use std::sync::Arc;

use uuid::Uuid;

use super::error::TenantsError;
use super::life::Transition;
use super::model::{Migrations, NewTenant, TenantView, audited, check_name};
use super::provision;
use super::repository;
use crate::domains::Deps;
use crate::domains::access::{
    Context, Extent, Scope, TenantRead, TenantsCreate, TenantsManage, TenantsRead, authorize,
};
use crate::domains::audit::{self, Act};
use crate::domains::idempotency::{IdempotencyKey, Once};
use crate::domains::users::FirstAdmin;
use crate::error::Error;
use crate::migrations::{self, Migrator};
use crate::pagination::{Page, PageRequest};
use crate::tenancy::{
    ControlTransaction, DbError, Event, PLATFORM_SLUG, Status, Tenant, TenantId, TenantKey,
};

/// Tenants, for one caller.
pub struct Tenants<'d> {
    pub(super) deps: &'d Deps,
    pub(super) migrator: &'d Migrator,
    pub(super) context: Context,
}

impl<'d> Tenants<'d> {
    /// For the caller that `context` tells of.
    pub fn new(deps: &'d Deps, migrator: &'d Migrator, context: Context) -> Self {
        Self {
            deps,
            migrator,
            context,
        }
    }

    /// Makes a tenant; ready when this returns. With a key, the same request again gives the same answer.
    ///
    /// # Errors
    /// [`TenantsError::Name`], [`TenantsError::SlugTaken`], the key's own, or the caller may not.
    pub async fn create(
        &self,
        new: NewTenant,
        key: Option<&IdempotencyKey>,
    ) -> Result<Once<TenantView>, TenantsError> {
        let scope = authorize::<TenantsCreate>(&self.context)?;
        check_name("/name", &new.name)?;
        if let Some(admin) = &new.admin {
            check_name("/admin/name", &admin.name)?;
        }
        let admin = match &new.admin {
            None => None,
            Some(admin) => Some(FirstAdmin {
                email: admin.email.clone(),
                name: admin.name.clone(),
                password_hash: self
                    .deps
                    .hasher
                    .hash(&admin.password)
                    .await
                    .map_err(Error::from)?,
                email_verified: true,
            }),
        };
        let clock = &self.deps.clock;
        provision::provision(
            self.migrator,
            clock,
            &self.context,
            &scope,
            &new,
            admin,
            key,
        )
        .await
    }

    /// All tenants, oldest first.
    ///
    /// # Errors
    /// When the caller may not.
    pub async fn list(&self, request: PageRequest) -> Result<Page<TenantView>, TenantsError> {
        authorize::<TenantsRead>(&self.context)?;
        let rows = self
            .deps
            .tenancy
            .list(request.after, request.rows_to_fetch())
            .await?;
        Ok(Page::cut(rows, &request, |tenant| tenant.id.0).map(|t| TenantView::from(&t)))
    }

    /// One tenant: any for operators, their own for its people.
    ///
    /// # Errors
    /// [`TenantsError::NotFound`] where the caller may know of none.
    pub async fn find(&self, id: Uuid) -> Result<TenantView, TenantsError> {
        let reach = if self.context.is_operator() {
            authorize::<TenantsRead>(&self.context)?.extent()
        } else {
            authorize::<TenantRead>(&self.context)?.extent()
        };
        self.visible(reach, id)
            .await
            .map(|tenant| TenantView::from(&*tenant))
    }

    /// Leads a tenant to another place in its life.
    ///
    /// # Errors
    /// [`TenantsError::InvalidTransition`], [`TenantsError::NotFound`], or the caller may not.
    pub async fn lead(&self, id: Uuid, to: Transition) -> Result<TenantView, TenantsError> {
        let scope: Scope<TenantsManage> = authorize(&self.context)?;
        let tenant = self.visible(scope.extent(), id).await?;
        if tenant.slug.as_str() == PLATFORM_SLUG {
            return Err(TenantsError::Platform(to.verb()));
        }
        let status = to
            .from(tenant.status)
            .ok_or(TenantsError::InvalidTransition {
                from: tenant.status,
                verb: to.verb(),
            })?;
        let now = self.deps.clock.now();
        let before = TenantView::from(&*tenant);
        let after = TenantView {
            status,
            updated_at: now,
            ..before.clone()
        };
        let mut tx = self.deps.tenancy.control("lead a tenant's life").await?;
        let db = tx.public().await?;
        // Somebody else may have led it elsewhere since it was read.
        if !repository::set_status(db, &tenant, status, now).await? {
            return Err(TenantsError::StatusChanged);
        }
        self.note(&mut tx, &tenant, to.action(), &before, &after)
            .await?;
        self.announce_and_commit(tx, &tenant).await?;
        Ok(after)
    }

    /// A tenant's place in the fleet.
    ///
    /// # Errors
    /// [`TenantsError::NotFound`], or the caller may not.
    pub async fn migrations(&self, id: Uuid) -> Result<Migrations, TenantsError> {
        let scope = authorize::<TenantsRead>(&self.context)?;
        let tenant = self.visible(scope.extent(), id).await?;
        let mut db = self.deps.tenancy.public().await?;
        let line = migrations::line(&mut db, tenant.id)
            .await?
            .ok_or(TenantsError::NotFound)?;
        drop(db);
        let history = match self.history(&tenant).await {
            Ok(history) => Some(history),
            Err(DbError::ScopeLost { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Migrations {
            line,
            target: self.migrator.set().target().version,
            history,
        })
    }

    async fn history(&self, tenant: &Tenant) -> Result<Vec<super::AppliedMigration>, DbError> {
        let mut tx = self
            .deps
            .tenancy
            .control("read a migration history")
            .await?;
        repository::history(tx.tenant(tenant).await?).await
    }

    /// The tenant, if this far-reaching caller may know of it.
    pub(super) async fn visible(
        &self,
        reach: Extent,
        id: Uuid,
    ) -> Result<Arc<Tenant>, TenantsError> {
        if reach != Extent::All && self.context.tenant().id.0 != id {
            return Err(TenantsError::NotFound);
        }
        self.deps
            .tenancy
            .find(&TenantKey::Id(TenantId(id)))
            .await?
            .ok_or(TenantsError::NotFound)
    }

    /// Into the tenant's audit, and into the operator's own where that is another.
    pub(super) async fn note(
        &self,
        tx: &mut ControlTransaction,
        tenant: &Tenant,
        action: &'static str,
        before: &TenantView,
        after: &TenantView,
    ) -> Result<(), TenantsError> {
        let act = Act {
            action,
            resource: "tenant",
            resource_id: Some(tenant.id.0),
            before: Some(audited(before)),
            after: Some(audited(after)),
        };
        audit::record_in_both(tx, &self.context, &self.deps.clock, tenant, act).await?;
        Ok(())
    }

    /// What an operator did about a tenant: into the platform's log, and into the tenant's own where that can be reached. The last before the commit.
    pub(super) async fn note_in_both(
        &self,
        tx: &mut ControlTransaction,
        tenant: Option<&Tenant>,
        act: Act,
    ) -> Result<(), TenantsError> {
        let supported = self.deps.tenancy.supported();
        let reachable =
            tenant.filter(|own| own.status != Status::Deleted && own.is_readable(supported));
        let tenant = reachable.unwrap_or(self.context.tenant());
        audit::record_in_both(tx, &self.context, &self.deps.clock, tenant, act).await?;
        Ok(())
    }

    /// Every node hears of it when the change is there, this one before the caller gets the answer.
    pub(super) async fn announce_and_commit(
        &self,
        mut tx: ControlTransaction,
        tenant: &Tenant,
    ) -> Result<(), TenantsError> {
        let changed = Event::TenantChanged { id: tenant.id };
        changed.publish(tx.public().await?).await?;
        tx.commit().await?;
        self.deps.tenancy.forget(tenant.id);
        Ok(())
    }
}
