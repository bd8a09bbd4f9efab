//! A deleted tenant's schema: put out of reach, and brought back. What hands or a server's move have taken away is left out.
//!
//! Invariant: whoever changes a tenant's schema holds that tenant's advisory lock.

use super::apply::{ApplyError, LockBudget};
use super::fleet::{Migrator, lock, tenant_lock};
use crate::tenancy::{DbError, DdlTransaction, Params, SchemaName, Sql, TenantId, quote_ident};

const TRY_LOCK: Sql = Sql::new(
    "tombstone.try_lock",
    "SELECT pg_try_advisory_xact_lock($1) AS locked",
);
const REMAINS: Sql = Sql::new(
    "tombstone.remains",
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1) AS schema, \
     EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $2) AS tombstone, \
     EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $3) AS role",
);

/// What the database has of a tenant.
#[derive(Debug, Clone, Copy)]
pub struct Remains {
    /// The schema that it has while it is not deleted.
    pub schema: bool,
    /// The one that it has while it is.
    pub tombstone: bool,
    /// Who uses them: the tenant's role, or without the fence the application's login.
    pub role: bool,
}

impl Migrator {
    /// How long and how often locks are waited for.
    pub fn locks(&self) -> LockBudget {
        self.locks
    }

    /// Starts a DDL transaction that has the tenant's schema for itself: no migration, deletion or restoring of it runs beside.
    ///
    /// # Errors
    /// When there is no connection, or somebody else has it for too long ([`DbError::is_lock_timeout`]).
    pub async fn begin_alone(&self, id: TenantId) -> Result<DdlTransaction, DbError> {
        let mut tx = self.begin().await?;
        lock(&mut tx, tenant_lock(id)).await?;
        Ok(tx)
    }

    /// The same, without waiting: `None` where somebody else has it.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn try_begin_alone(&self, id: TenantId) -> Result<Option<DdlTransaction>, DbError> {
        let mut tx = self.begin().await?;
        let rows = tx.query(&TRY_LOCK, &[&tenant_lock(id)]).await?;
        let locked = rows.first().map(|row| row.get("locked")).transpose()?;
        Ok((locked == Some(true)).then_some(tx))
    }

    /// Waits until nobody writes to one of the tenant's tables, and lets nobody begin to before this transaction ends.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn hold_table(
        &self,
        tx: &mut DdlTransaction,
        id: TenantId,
        table: &'static str,
    ) -> Result<(), DbError> {
        let (schema, _) = names(id);
        let table = quote_ident(table);
        tx.batch(&format!(
            "LOCK TABLE {schema}.{table} IN SHARE ROW EXCLUSIVE MODE"
        ))
        .await
    }

    /// What is there of a tenant.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn remains(&self, tx: &mut DdlTransaction, id: TenantId) -> Result<Remains, DbError> {
        let (schema, tombstone) = (SchemaName::of(id), SchemaName::tombstone(id));
        let role = if self.fence {
            schema.as_str()
        } else {
            &*self.login
        };
        let params: Params<'_> = &[&schema.as_str(), &tombstone.as_str(), &role];
        let row = tx.scoped().query_one(&REMAINS, params).await?;
        Ok(Remains {
            schema: row.get("schema")?,
            tombstone: row.get("tombstone")?,
            role: row.get("role")?,
        })
    }

    /// Takes what remains of the schema from under its tenant. Whatever was prepared for it, and whatever wears it, finds neither its tables
    /// nor a right to them from the commit on.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn bury(
        &self,
        tx: &mut DdlTransaction,
        id: TenantId,
        remains: Remains,
    ) -> Result<(), DbError> {
        if !remains.schema {
            return Ok(());
        }
        let (schema, tombstone) = names(id);
        tx.batch(&format!("ALTER SCHEMA {schema} RENAME TO {tombstone}"))
            .await?;
        if !remains.role {
            return Ok(());
        }
        let user = self.user_of(id);
        tx.batch(&format!("REVOKE USAGE ON SCHEMA {tombstone} FROM {user}"))
            .await
    }

    /// Gives a deleted tenant's schema its name back, and nobody a right to it.
    pub(super) async fn unearth(
        &self,
        tx: &mut DdlTransaction,
        id: TenantId,
    ) -> Result<(), DbError> {
        let (schema, tombstone) = names(id);
        tx.batch(&format!("ALTER SCHEMA {tombstone} RENAME TO {schema}"))
            .await
    }

    /// Gives a deleted tenant its schema back, with the migrations that it missed. Schema and role must be there.
    ///
    /// # Errors
    /// When one of them fails; the transaction is of no use then.
    pub async fn raise(&self, tx: &mut DdlTransaction, id: TenantId) -> Result<(), ApplyError> {
        self.unearth(tx, id).await?;
        let (schema, _) = names(id);
        let user = self.user_of(id);
        tx.batch(&format!("GRANT USAGE ON SCHEMA {schema} TO {user}"))
            .await?;
        self.bring_up(tx, id, &SchemaName::of(id)).await
    }

    /// Who uses the schema: the tenant's role, or without the fence the application's login.
    fn user_of(&self, id: TenantId) -> String {
        if self.fence {
            SchemaName::of(id).quoted()
        } else {
            quote_ident(&self.login)
        }
    }
}

fn names(id: TenantId) -> (String, String) {
    (
        SchemaName::of(id).quoted(),
        SchemaName::tombstone(id).quoted(),
    )
}
