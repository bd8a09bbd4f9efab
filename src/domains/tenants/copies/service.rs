//! The use cases of copies, made to their end by whoever waits for it: the command line.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::error::TenantsError;
use super::super::model::check_name;
use super::super::service::Tenants;
use super::error::CopyError;
use super::file::{Reading, Writing, Written};
use super::flow::{CopyProgress, Origin, Watch};
use super::source;
use super::target::{Copied, Making, NewCopy};
use crate::domains::Deps;
use crate::domains::access::{Context, Scope, TenantsManage, authorize};
use crate::domains::audit::{self, Act};
use crate::ids::new_id;
use crate::migrations::Migrator;
use crate::tenancy::{ControlTransaction, PLATFORM_SLUG, Status, Tenant, TenantId, TenantKey};

/// An export.
#[derive(Debug, Clone)]
pub struct Exported {
    /// The file.
    pub file: Written,
    /// Tables in it.
    pub tables: usize,
    /// Rows in it.
    pub rows: u64,
}

/// What copying needs of its surroundings, for work that outlives its request.
#[derive(Clone)]
pub(super) struct Copier {
    pub(super) deps: Deps,
    pub(super) migrator: Migrator,
    pub(super) context: Context,
    pub(super) scope: Scope<TenantsManage>,
}

impl Copier {
    pub(super) fn of(tenants: &Tenants<'_>) -> Result<Self, TenantsError> {
        Ok(Self {
            scope: authorize(&tenants.context)?,
            deps: tenants.deps.clone(),
            migrator: tenants.migrator.clone(),
            context: tenants.context.clone(),
        })
    }

    pub(super) async fn export(
        &self,
        tenant: &Tenant,
        to: &Path,
        watch: &mut Watch<'_>,
    ) -> Result<Exported, TenantsError> {
        match self.export_rows(tenant, to, watch).await {
            Err(error) => Err(self.unless_deleted(tenant, error).await),
            exported => exported,
        }
    }

    async fn export_rows(
        &self,
        tenant: &Tenant,
        to: &Path,
        watch: &mut Watch<'_>,
    ) -> Result<Exported, TenantsError> {
        let opened = source::open(&self.deps, &self.migrator, &self.scope, tenant);
        let (manifest, origin) = opened.await?;
        let sealed = manifest.sealed_rows();
        if sealed > 0 && manifest.sealed_by.is_none() {
            return Err(CopyError::NoSeal(sealed).into());
        }
        watch.done("open_tenant").await;
        let writing = Writing::begin(to, &manifest).await;
        let mut writing = writing.map_err(CopyError::File)?;
        origin.into_file(&manifest, &mut writing, watch).await?;
        watch.done("copy_rows").await;
        let file = writing.finish().await.map_err(CopyError::File)?;
        watch.done("finish_file").await;
        Ok(Exported {
            file,
            tables: manifest.tables.len(),
            rows: manifest.rows(),
        })
    }

    pub(super) async fn import(
        &self,
        from: &Path,
        most: u64,
        id: TenantId,
        new: &NewCopy,
        watch: &mut Watch<'_>,
    ) -> Result<Copied, TenantsError> {
        let opened = Reading::open(from, most).await;
        let (manifest, reading) = opened.map_err(CopyError::File)?;
        let making = Making {
            deps: &self.deps,
            migrator: &self.migrator,
            context: &self.context,
            scope: &self.scope,
            manifest: &manifest,
            action: "tenant.imported",
        };
        making.make(id, new, Origin::File(reading), watch).await
    }

    pub(super) async fn clone_tenant(
        &self,
        tenant: &Tenant,
        id: TenantId,
        new: &NewCopy,
        watch: &mut Watch<'_>,
    ) -> Result<Copied, TenantsError> {
        match self.clone_rows(tenant, id, new, watch).await {
            Err(error) => Err(self.unless_deleted(tenant, error).await),
            copied => copied,
        }
    }

    async fn clone_rows(
        &self,
        tenant: &Tenant,
        id: TenantId,
        new: &NewCopy,
        watch: &mut Watch<'_>,
    ) -> Result<Copied, TenantsError> {
        let opened = source::open(&self.deps, &self.migrator, &self.scope, tenant);
        let (manifest, origin) = opened.await?;
        let making = Making {
            deps: &self.deps,
            migrator: &self.migrator,
            context: &self.context,
            scope: &self.scope,
            manifest: &manifest,
            action: "tenant.cloned",
        };
        making.make(id, new, origin, watch).await
    }

    /// What failed, or that the source was deleted meanwhile, for which any of its tables may have been missing.
    async fn unless_deleted(&self, source: &Tenant, error: TenantsError) -> TenantsError {
        self.deps.tenancy.forget(source.id);
        match self.deps.tenancy.find(&TenantKey::Id(source.id)).await {
            Ok(Some(now)) if now.status != Status::Deleted => error,
            Ok(_) => TenantsError::InvalidTransition {
                from: Status::Deleted,
                verb: "copied",
            },
            Err(_) => error,
        }
    }

    /// Before anything leaves the tenant: into the platform's log, and into its own.
    pub(super) async fn note(
        &self,
        tx: &mut ControlTransaction,
        tenant: &Tenant,
        action: &'static str,
        to: Value,
    ) -> Result<(), TenantsError> {
        let act = Act {
            action,
            resource: "tenant",
            resource_id: Some(tenant.id.0),
            before: None,
            after: Some(to),
        };
        audit::record_in_both(tx, &self.context, &self.deps.clock, tenant, act).await?;
        Ok(())
    }
}

impl NewCopy {
    /// # Errors
    /// [`TenantsError::Name`].
    pub(super) fn check(&self) -> Result<(), TenantsError> {
        let name = self.name.as_deref();
        name.map_or(Ok(()), |name| check_name("/name", name))
    }
}

impl Tenants<'_> {
    /// Writes all of a tenant but its credentials into the file `to`, as it is at one moment.
    ///
    /// # Errors
    /// [`TenantsError::Copy`], [`TenantsError::NotFound`], or the caller may not.
    pub async fn export(
        &self,
        id: Uuid,
        to: &Path,
        mut progress: impl FnMut(CopyProgress) + Send,
    ) -> Result<Exported, TenantsError> {
        let copier = Copier::of(self)?;
        let tenant = self.to_be_copied(&copier, id).await?;
        let name = to.file_name().unwrap_or_default().to_string_lossy();
        let mut tx = self.deps.tenancy.control("export a tenant").await?;
        let to_file = json!({ "file": name });
        copier
            .note(&mut tx, &tenant, "tenant.exported", to_file)
            .await?;
        tx.commit().await?;
        let mut watch = Watch {
            rows: &mut progress,
            steps: None,
        };
        copier.export(&tenant, to, &mut watch).await
    }

    /// Makes a tenant of the export `from`, whose rows may unpack to `most` bytes. Nothing stays of one that fails.
    ///
    /// # Errors
    /// [`TenantsError::Copy`], [`TenantsError::SlugTaken`], or the caller may not.
    pub async fn import(
        &self,
        from: &Path,
        most: u64,
        new: &NewCopy,
        mut progress: impl FnMut(CopyProgress) + Send,
    ) -> Result<Copied, TenantsError> {
        let copier = Copier::of(self)?;
        new.check()?;
        let mut watch = Watch {
            rows: &mut progress,
            steps: None,
        };
        let id = TenantId(new_id());
        copier.import(from, most, id, new, &mut watch).await
    }

    /// Makes a tenant that has what another has at this moment, but for its credentials.
    ///
    /// # Errors
    /// [`TenantsError::Copy`], [`TenantsError::SlugTaken`], [`TenantsError::NotFound`], or the caller may not.
    pub async fn clone_tenant(
        &self,
        id: Uuid,
        new: &NewCopy,
        mut progress: impl FnMut(CopyProgress) + Send,
    ) -> Result<Copied, TenantsError> {
        let copier = Copier::of(self)?;
        new.check()?;
        let tenant = self.to_be_copied(&copier, id).await?;
        let mut tx = self.deps.tenancy.control("clone a tenant").await?;
        let to = json!({ "slug": new.slug.as_str() });
        copier.note(&mut tx, &tenant, "tenant.copied", to).await?;
        tx.commit().await?;
        let mut watch = Watch {
            rows: &mut progress,
            steps: None,
        };
        let made = TenantId(new_id());
        copier.clone_tenant(&tenant, made, new, &mut watch).await
    }

    /// The tenant, if it can be copied.
    pub(super) async fn to_be_copied(
        &self,
        copier: &Copier,
        id: Uuid,
    ) -> Result<Arc<Tenant>, TenantsError> {
        let tenant = self.visible(copier.scope.extent(), id).await?;
        if tenant.slug.as_str() == PLATFORM_SLUG {
            return Err(CopyError::Platform.into());
        }
        if tenant.status == Status::Deleted {
            return Err(TenantsError::InvalidTransition {
                from: tenant.status,
                verb: "copied",
            });
        }
        Ok(tenant)
    }
}
