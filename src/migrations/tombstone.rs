//! A deleted tenant's schema: put out of reach, brought back, and dropped in parts.
//!
//! Invariant: one transaction takes no more locks than a small part of `max_locks_per_transaction` times the connections, however many
//! tables a schema has; and whoever changes a tenant's schema holds that tenant's advisory lock.

use super::apply::{ApplyError, LockBudget};
use super::fleet::{Migrator, lock, tenant_lock};
use super::schema;
use crate::tenancy::{DbError, DdlTransaction, Row, SchemaName, Sql, TenantId, quote_ident};

/// Tables of one part. With its indexes, types, constraints and the like a table takes about 15 locks; PostgreSQL has some 7,000 by default, for
/// everybody.
pub const PART: i64 = 50;

const TRY_LOCK: Sql = Sql::new(
    "tombstone.try_lock",
    "SELECT pg_try_advisory_xact_lock($1) AS locked",
);
/// Those that a partition has from its parent go with the parent's.
const FOREIGN_KEYS: Sql = Sql::new(
    "tombstone.foreign_keys",
    "SELECT c.relname::text AS name, k.conname::text AS key \
     FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
     WHERE k.contype = 'f' AND k.conparentid = 0 \
     AND c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1) LIMIT $2",
);
/// In an order in which nothing takes much with it: what reads tables before them, partitions before the partitioned, and sequences last,
/// since most go with their table.
const RELATIONS: Sql = Sql::new(
    "tombstone.relations",
    "SELECT name, kind FROM (SELECT c.oid, c.relispartition, c.relname::text AS name, CASE c.relkind \
         WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' \
         WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind, \
         array_position(ARRAY['v', 'm', 'f', 'r', 'p', 'S'], c.relkind::text) AS turn \
     FROM pg_catalog.pg_class c WHERE c.relkind IN ('v', 'm', 'f', 'r', 'p', 'S') \
     AND c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1)) AS relations \
     ORDER BY turn, relispartition DESC, oid DESC LIMIT $2",
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

    /// Drops at most `part` of what a tombstone holds. `false` where there was nothing left.
    ///
    /// # Errors
    /// See [`DbError`]; [`DbError::is_out_of_locks`] asks for a smaller part.
    pub async fn drop_part(
        &self,
        tx: &mut DdlTransaction,
        id: TenantId,
        part: i64,
    ) -> Result<bool, DbError> {
        let tombstone = SchemaName::tombstone(id);
        let schema = tombstone.quoted();
        // First, or else a table that everybody refers to would take a lock on everybody when it goes.
        let keys = tx
            .query(&FOREIGN_KEYS, &[&tombstone.as_str(), &part])
            .await?;
        let drop_key = |row: &Row| {
            let (table, key) = (text(row, "name")?, text(row, "key")?);
            Ok(format!(
                "ALTER TABLE {schema}.{table} DROP CONSTRAINT {key};\n"
            ))
        };
        let statements: Result<String, DbError> = if keys.is_empty() {
            let relations = tx.query(&RELATIONS, &[&tombstone.as_str(), &part]).await?;
            let drop_one = |row: &Row| {
                let (kind, name): (String, _) = (row.get("kind")?, text(row, "name")?);
                // It may have gone with another already.
                Ok(format!("DROP {kind} IF EXISTS {schema}.{name} CASCADE;\n"))
            };
            relations.iter().map(drop_one).collect()
        } else {
            keys.iter().map(drop_key).collect()
        };
        let statements = statements?;
        if statements.is_empty() {
            return Ok(false);
        }
        tx.batch(&statements).await?;
        Ok(true)
    }

    /// Drops what [`Migrator::drop_part`] has left: the schema itself, and the role.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn drop_rest(&self, tx: &mut DdlTransaction, id: TenantId) -> Result<(), DbError> {
        schema::drop_schema(tx, id).await
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

fn text(row: &Row, column: &'static str) -> Result<String, DbError> {
    let name: String = row.get(column)?;
    Ok(quote_ident(&name))
}
