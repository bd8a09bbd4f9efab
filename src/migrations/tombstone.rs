//! A deleted tenant's schema: put out of reach, and brought back.
//!
//! Invariant: whoever changes a tenant's schema holds that tenant's advisory lock.

use super::apply::{ApplyError, LockBudget};
use super::fleet::{Migrator, lock, tenant_lock};
use crate::tenancy::{DbError, DdlTransaction, SchemaName, Sql, TenantId, quote_ident};

const TRY_LOCK: Sql = Sql::new(
    "tombstone.try_lock",
    "SELECT pg_try_advisory_xact_lock($1) AS locked",
);

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

    /// Takes the schema from under its tenant. Whatever was prepared for it, and whatever wears it, finds neither its tables nor a right
    /// to them from the commit on.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn bury(&self, tx: &mut DdlTransaction, id: TenantId) -> Result<(), DbError> {
        let (schema, tombstone) = names(id);
        let user = self.user_of(id);
        tx.batch(&format!(
            "ALTER SCHEMA {schema} RENAME TO {tombstone};
             REVOKE USAGE ON SCHEMA {tombstone} FROM {user}"
        ))
        .await
    }

    /// Gives a deleted tenant its schema back, with the migrations that it missed.
    ///
    /// # Errors
    /// When one of them fails; the transaction is of no use then.
    pub async fn raise(&self, tx: &mut DdlTransaction, id: TenantId) -> Result<(), ApplyError> {
        let (schema, tombstone) = names(id);
        let user = self.user_of(id);
        tx.batch(&format!(
            "ALTER SCHEMA {tombstone} RENAME TO {schema};
             GRANT USAGE ON SCHEMA {schema} TO {user}"
        ))
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
