//! One tenant's migration, asked for by an operator: it goes on after the answer.

use serde_json::{Value, json};
use uuid::Uuid;

use super::error::TenantsError;
use super::service::Tenants;
use crate::domains::access::{Scope, TenantsManage, authorize};
use crate::domains::audit::{self, Act};
use crate::domains::operations::{self, Operation, Starter};
use crate::error::{Error, ErrorKind};
use crate::ids::new_id;
use crate::migrations::{ApplyError, Migrator};
use crate::tenancy::{Status, TenantId};

impl Tenants<'_> {
    /// Migrates one tenant, behind or failed or neither. Asking twice is safe: whoever comes second finds nothing to do.
    ///
    /// # Errors
    /// [`TenantsError::NotFound`], [`TenantsError::InvalidTransition`] where it is deleted, or the caller may not.
    pub async fn migrate(&self, id: Uuid) -> Result<Operation, TenantsError> {
        let scope: Scope<TenantsManage> = authorize(&self.context)?;
        let tenant = self.visible(scope.extent(), id).await?;
        if tenant.status == Status::Deleted {
            return Err(TenantsError::InvalidTransition {
                from: tenant.status,
                verb: "migrated",
            });
        }
        let home = self.context.tenant();
        let clock = &self.deps.clock;
        let user = self.context.user_id().ok_or(TenantsError::OperatorsAlone)?;
        let kind = "tenant.migrate";
        let operation = Operation::running(new_id(), kind, Some(id), &["migrate"], clock.now());
        let mut tx = self.deps.tenancy.control("migrate a tenant").await?;
        let starter = Starter {
            tenant: home.id,
            user,
        };
        operations::insert(tx.public().await?, &operation, &starter).await?;
        let act = Act {
            action: "tenant.migration_started",
            resource: "tenant",
            resource_id: Some(id),
            before: None,
            after: Some(json!({ "operation": operation.id })),
        };
        // Into the operator's log alone: the tenant's own table may be what the migration has to make.
        audit::record(tx.tenant(home).await?, &self.context, clock, act).await?;
        tx.commit().await?;
        let migrator = self.migrator.clone();
        operations::go_on(self.deps, operation.clone(), move |_| async move {
            migrate(&migrator, tenant.id).await
        });
        Ok(operation)
    }
}

async fn migrate(migrator: &Migrator, id: TenantId) -> Result<Option<Value>, Error> {
    match migrator.migrate_one(id).await {
        Ok(Some(done)) => Ok(Some(
            json!({ "from": done.from, "to": done.to, "tries": done.tries }),
        )),
        Ok(None) => Err(TenantsError::NotFound.into()),
        Err(ApplyError::Db(failure)) if !failure.is_lock_timeout() => Err(failure.into()),
        // What PostgreSQL said is for the operator, who wrote the migration.
        Err(error) => Err(Error::new(
            ErrorKind::Conflict,
            "migration_failed",
            error.reason(),
        )),
    }
}
