//! The use cases of copies that go on after their answer.

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::error::TenantsError;
use super::super::repository as tenants;
use super::super::service::Tenants;
use super::flow::Watch;
use super::folder::CopyRules;
use super::service::Copier;
use super::target::{Copied, NewCopy};
use crate::domains::idempotency::{self, IdempotencyKey, Once};
use crate::domains::operations::{self, Operation, Starter};
use crate::ids::new_id;
use crate::tenancy::{ControlTransaction, TenantId};

/// The kind of an operation that exports.
pub(super) const EXPORT: &str = "tenant.export";
const EXPORT_STEPS: [&str; 3] = ["open_tenant", "copy_rows", "finish_file"];
const COPY_STEPS: [&str; 3] = ["build_schema", "copy_rows", "migrate"];

impl Tenants<'_> {
    /// Starts [`Tenants::export`] into the deployment's folder. The operation's result names the file.
    ///
    /// # Errors
    /// See there; [`super::CopyError::Off`], or the key's own.
    pub async fn start_export(
        &self,
        id: Uuid,
        rules: &CopyRules,
        key: Option<&IdempotencyKey>,
    ) -> Result<Once<Operation>, TenantsError> {
        let copier = Copier::of(self)?;
        self.migrator.ensure_able().await?;
        // Looked for before the transaction takes its connection, and judged behind the kept answer, which outlives it.
        let tenant = self.to_be_copied(&copier, id).await;
        let mut tx = self.deps.tenancy.control("export a tenant").await?;
        if let Some(before) = self.replayed(&mut tx, key).await? {
            return Ok(Once::Before(before));
        }
        let tenant = tenant?;
        let operation = self.running(EXPORT, id, &EXPORT_STEPS);
        let day = operation.created_at.format("%Y%m%d");
        let name = format!("{}-{day}-{}.tar", tenant.slug, operation.id.simple());
        let path = rules.new_file(&name)?;
        self.insert(&mut tx, &operation).await?;
        self.keep(&mut tx, &operation, key).await?;
        let to = json!({ "file": name });
        copier.note(&mut tx, &tenant, "tenant.exported", to).await?;
        tx.commit().await?;
        let rules = rules.clone();
        operations::go_on(self.deps, operation.clone(), async move |steps| {
            let _turn = rules.turn().await;
            let mut watch = Watch {
                rows: &mut |_| {},
                steps: Some(steps),
            };
            let made = copier.export(&tenant, &path, &mut watch).await?;
            Ok(Some(json!({
                "file": name,
                "bytes": made.file.bytes,
                "tables": made.tables,
                "rows": made.rows,
            })))
        });
        Ok(Once::Now(operation))
    }

    /// Starts [`Tenants::import`] of a file in the deployment's folder.
    ///
    /// # Errors
    /// See there; [`super::CopyError::Off`], [`super::CopyError::Name`], [`super::CopyError::NoFile`], or the key's own.
    pub async fn start_import(
        &self,
        file: &str,
        new: NewCopy,
        rules: &CopyRules,
        key: Option<&IdempotencyKey>,
    ) -> Result<Once<Operation>, TenantsError> {
        let copier = Copier::of(self)?;
        self.migrator.ensure_able().await?;
        let mut tx = self.deps.tenancy.control("import a tenant").await?;
        if let Some(before) = self.replayed(&mut tx, key).await? {
            return Ok(Once::Before(before));
        }
        let path = rules.file(file)?;
        let id = TenantId(new_id());
        let operation = self.running("tenant.import", id.0, &COPY_STEPS);
        self.begin(&mut tx, &operation, &new, key).await?;
        tx.commit().await?;
        let rules = rules.clone();
        operations::go_on(self.deps, operation.clone(), async move |steps| {
            let _turn = rules.turn().await;
            let mut watch = Watch {
                rows: &mut |_| {},
                steps: Some(steps),
            };
            let made = copier.import(&path, rules.most(), id, &new, &mut watch);
            Ok(Some(result(&made.await?)))
        });
        Ok(Once::Now(operation))
    }

    /// Starts [`Tenants::clone_tenant`].
    ///
    /// # Errors
    /// See there, or the key's own.
    pub async fn start_clone(
        &self,
        source: Uuid,
        new: NewCopy,
        rules: &CopyRules,
        key: Option<&IdempotencyKey>,
    ) -> Result<Once<Operation>, TenantsError> {
        let copier = Copier::of(self)?;
        self.migrator.ensure_able().await?;
        let tenant = self.to_be_copied(&copier, source).await;
        let mut tx = self.deps.tenancy.control("clone a tenant").await?;
        if let Some(before) = self.replayed(&mut tx, key).await? {
            return Ok(Once::Before(before));
        }
        let tenant = tenant?;
        let id = TenantId(new_id());
        let operation = self.running("tenant.clone", id.0, &COPY_STEPS);
        self.begin(&mut tx, &operation, &new, key).await?;
        let to = json!({ "slug": new.slug.as_str() });
        copier.note(&mut tx, &tenant, "tenant.copied", to).await?;
        tx.commit().await?;
        let rules = rules.clone();
        operations::go_on(self.deps, operation.clone(), async move |steps| {
            let _turn = rules.turn().await;
            let mut watch = Watch {
                rows: &mut |_| {},
                steps: Some(steps),
            };
            let made = copier.clone_tenant(&tenant, id, &new, &mut watch);
            Ok(Some(result(&made.await?)))
        });
        Ok(Once::Now(operation))
    }

    fn running(&self, kind: &str, id: Uuid, steps: &[&str]) -> Operation {
        Operation::running(new_id(), kind, Some(id), steps, self.deps.clock.now())
    }

    async fn replayed(
        &self,
        tx: &mut ControlTransaction,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<Operation>, TenantsError> {
        if key.is_none() {
            return Ok(None);
        }
        let home = tx.tenant(self.context.tenant()).await?;
        Ok(idempotency::replayed(home, &self.deps.clock, key).await?)
    }

    /// Writes the operation down, if the slug is free as yet; the work itself makes sure of it.
    async fn begin(
        &self,
        tx: &mut ControlTransaction,
        operation: &Operation,
        new: &NewCopy,
        key: Option<&IdempotencyKey>,
    ) -> Result<(), TenantsError> {
        self.insert(tx, operation).await?;
        if tenants::slug_exists(tx.public().await?, new.slug.as_str()).await? {
            return Err(TenantsError::SlugTaken(new.slug.to_string()));
        }
        self.keep(tx, operation, key).await
    }

    async fn keep(
        &self,
        tx: &mut ControlTransaction,
        operation: &Operation,
        key: Option<&IdempotencyKey>,
    ) -> Result<(), TenantsError> {
        if key.is_none() {
            return Ok(());
        }
        let home = tx.tenant(self.context.tenant()).await?;
        Ok(idempotency::keep(home, &self.deps.clock, key, operation).await?)
    }

    async fn insert(
        &self,
        tx: &mut ControlTransaction,
        operation: &Operation,
    ) -> Result<(), TenantsError> {
        let starter = Starter {
            tenant: self.context.tenant().id,
            user: self.context.user_id().unwrap_or_default(),
        };
        operations::insert(tx.public().await?, operation, &starter).await?;
        Ok(())
    }
}

fn result(made: &Copied) -> Value {
    json!({
        "tenant_id": made.tenant.id,
        "slug": made.tenant.slug,
        "rows": made.rows,
        "notes": made.notes,
    })
}
