//! One tenant's migration, asked for by an operator: it goes on after the answer.

use serde_json::{Value, json};
use uuid::Uuid;

use super::error::TenantsError;
use super::service::Tenants;
use crate::domains::access::{Scope, TenantsManage, authorize};
use crate::domains::audit::Act;
use crate::domains::idempotency::{self, IdempotencyKey, Once};
use crate::domains::operations::{self, Operation, Starter};
use crate::error::{Error, ErrorKind};
use crate::ids::new_id;
use crate::migrations::{ApplyError, Migrator};
use crate::tenancy::{Status, TenantId};

impl Tenants<'_> {
    /// Migrates one tenant, behind or failed or neither. Asking twice is safe: whoever comes second finds nothing to do.
    ///
    /// # Errors
    /// [`TenantsError::NotFound`], [`TenantsError::InvalidTransition`] where it is deleted, the key's own, or the caller may not.
    pub async fn migrate(
        &self,
        id: Uuid,
        key: Option<&IdempotencyKey>,
    ) -> Result<Once<Operation>, TenantsError> {
        let scope: Scope<TenantsManage> = authorize(&self.context)?;
        let tenant = self.visible(scope.extent(), id).await?;
        self.migrator.ensure_able().await?;
        let home = self.context.tenant();
        let clock = &self.deps.clock;
        let user = self.context.user_id().ok_or(TenantsError::OperatorsAlone)?;
        let kind = "tenant.migrate";
        let operation = Operation::running(new_id(), kind, Some(id), &["migrate"], clock.now());
        let mut tx = self.deps.tenancy.control("migrate a tenant").await?;
        let log = tx.tenant(home).await?;
        if let Some(before) = idempotency::replayed(log, clock, key).await? {
            return Ok(Once::Before(before));
        }
        if tenant.status == Status::Deleted {
            return Err(TenantsError::InvalidTransition {
                from: tenant.status,
                verb: "migrated",
            });
        }
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
        idempotency::keep(tx.tenant(home).await?, clock, key, &operation).await?;
        self.note_in_both(&mut tx, Some(&tenant), act).await?;
        tx.commit().await?;
        let migrator = self.migrator.clone();
        operations::go_on(self.deps, operation.clone(), move |_| async move {
            migrate(&migrator, tenant.id).await
        });
        Ok(Once::Now(operation))
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
