//! An export's file on its way to an operator.
//!
//! Invariant: which file it is stands in the operation's own row, and that it left is in the audit before its first byte does.

use serde_json::json;
use tokio::fs::File;
use uuid::Uuid;

use super::super::error::TenantsError;
use super::super::service::Tenants;
use super::error::CopyError;
use super::folder::CopyRules;
use super::work::EXPORT;
use crate::domains::access::{Scope, TenantsManage, authorize};
use crate::domains::audit::Act;
use crate::domains::operations::{Operation, OperationError, Operations, Status};
use crate::error::Error;
use crate::tenancy::{TenantId, TenantKey};

/// An export that is about to be read.
#[derive(Debug)]
pub struct ExportFile {
    /// Its name, without a path: letters, digits and `.-_`.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its content, from the first byte on.
    pub content: File,
}

impl Tenants<'_> {
    /// Opens the file of an export that has succeeded.
    ///
    /// # Errors
    /// [`CopyError::NoExport`], [`CopyError::Gone`], [`CopyError::Off`], [`TenantsError::NoOperation`], or the caller may not.
    pub async fn open_export(
        &self,
        operation: Uuid,
        rules: &CopyRules,
    ) -> Result<ExportFile, TenantsError> {
        let _scope: Scope<TenantsManage> = authorize(&self.context)?;
        let found = Operations::new(self.deps, self.context.clone());
        let operation = found.find(operation).await.map_err(|error| match error {
            OperationError::NotFound => TenantsError::NoOperation,
            OperationError::Denied(denied) => denied.into(),
            OperationError::Db(failure) => failure.into(),
        })?;
        let name = file_of(&operation).ok_or(CopyError::NoExport)?;
        let path = rules.file(&name).map_err(|error| match error {
            CopyError::NoFile(name) => CopyError::Gone(name),
            other => other,
        })?;
        let content = File::open(&path).await.map_err(Error::internal)?;
        let bytes = content.metadata().await.map_err(Error::internal)?.len();
        self.note_download(&operation, &name).await?;
        Ok(ExportFile {
            name,
            bytes,
            content,
        })
    }

    /// Into the platform's log, and into the tenant's own while it can be reached.
    async fn note_download(&self, operation: &Operation, name: &str) -> Result<(), TenantsError> {
        let act = Act {
            action: "tenant.export_downloaded",
            resource: "tenant",
            resource_id: operation.tenant_id,
            before: None,
            after: Some(json!({ "file": name, "operation": operation.id })),
        };
        let tenant = match operation.tenant_id {
            Some(id) => {
                let key = TenantKey::Id(TenantId(id));
                self.deps.tenancy.find(&key).await?
            }
            None => None,
        };
        let mut tx = self.deps.tenancy.control("download an export").await?;
        self.note_in_both(&mut tx, tenant.as_deref(), act).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn file_of(operation: &Operation) -> Option<String> {
    if operation.kind != EXPORT || operation.status != Status::Succeeded {
        return None;
    }
    let name = operation.result.as_ref()?.get("file")?.as_str()?;
    Some(name.to_owned())
}
