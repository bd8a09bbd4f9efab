//! A tenant's schema dropped: at once where it is small, else some tables at a time.
//!
//! Invariant: one transaction takes no more locks than a small part of `max_locks_per_transaction` times the connections, however many tables
//! a schema has; the schema and its role go with the last, so that whoever was killed is gone on with.

use super::apply::LockBudget;
use super::fleet::Migrator;
use crate::tenancy::{DbError, DdlTransaction, Row, SchemaName, Sql, TenantId, quote_ident};

/// Tables of one part. With its indexes, types, constraints and the like a table takes about 15 locks; PostgreSQL has some 7,000 by default, for
/// everybody.
pub const PART: i64 = 50;

/// Those that a partition has from its parent go with the parent's.
const FOREIGN_KEYS: Sql = Sql::new(
    "parts.foreign_keys",
    "SELECT c.relname::text AS name, k.conname::text AS key \
     FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
     WHERE k.contype = 'f' AND k.conparentid = 0 \
     AND c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1) LIMIT $2",
);
/// In an order in which nothing takes much with it: what reads tables before them, partitions before the partitioned, and sequences last,
/// since most go with their table.
const RELATIONS: Sql = Sql::new(
    "parts.relations",
    "SELECT name, kind FROM (SELECT c.oid, c.relispartition, c.relname::text AS name, CASE c.relkind \
         WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' \
         WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind, \
         array_position(ARRAY['v', 'm', 'f', 'r', 'p', 'S'], c.relkind::text) AS turn \
     FROM pg_catalog.pg_class c WHERE c.relkind IN ('v', 'm', 'f', 'r', 'p', 'S') \
     AND c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1)) AS relations \
     ORDER BY turn, relispartition DESC, oid DESC LIMIT $2",
);

/// How a drop in parts goes on after a failure.
#[derive(Debug)]
pub struct Pace {
    part: i64,
    tries: u32,
    locks: LockBudget,
}

impl Pace {
    /// Tables that go in the next transaction.
    pub fn part(&self) -> i64 {
        self.part
    }

    /// A part is dropped.
    pub fn went_on(&mut self) {
        self.tries = 1;
    }

    /// The server has no more locks ([`DbError::is_out_of_locks`]): whether to try with less at once.
    pub fn less(&mut self) -> bool {
        let can_be_less = self.part > 1;
        self.part = (self.part / 2).max(1);
        can_be_less
    }

    /// Somebody holds a lock ([`DbError::is_lock_timeout`]): waits, and says whether to try again.
    pub async fn wait(&mut self) -> bool {
        let again = self.locks.wait(self.tries).await;
        self.tries += 1;
        again
    }
}

impl Migrator {
    /// What a drop in parts begins with.
    pub fn pace(&self) -> Pace {
        Pace {
            part: PART,
            tries: 1,
            locks: self.locks,
        }
    }
}

/// Drops a tenant's schema, be the tenant deleted or not, and its role, if that is no more than a part; else nothing. `true` where neither is
/// there any more.
///
/// # Errors
/// See [`DbError`]; [`DbError::is_out_of_locks`] where its tables are larger than most.
pub async fn drop_if_small(tx: &mut DdlTransaction, id: TenantId) -> Result<bool, DbError> {
    Doomed::tenant(id).drop_up_to(tx, PART).await
}

/// Drops a tenant's schema, be the tenant deleted or not, and its role, or `part` of its tables where it has more. `true` where neither is
/// there any more; else the caller commits and comes again.
///
/// # Errors
/// See [`DbError`]; [`DbError::is_out_of_locks`] asks for a smaller part.
pub async fn drop_some(tx: &mut DdlTransaction, id: TenantId, part: i64) -> Result<bool, DbError> {
    Doomed::tenant(id).drop_some(tx, part).await
}

/// The same for one schema without its role.
pub(super) async fn drop_some_of_schema(
    tx: &mut DdlTransaction,
    schema: &SchemaName,
    part: i64,
) -> Result<bool, DbError> {
    let doomed = Doomed {
        schemas: vec![schema.clone()],
        then: String::new(),
    };
    doomed.drop_some(tx, part).await
}

/// What is to go, and what is said when it has.
struct Doomed {
    schemas: Vec<SchemaName>,
    then: String,
}

impl Doomed {
    fn tenant(id: TenantId) -> Self {
        let name = SchemaName::of(id);
        Self {
            then: drop_role(&name),
            schemas: vec![name, SchemaName::tombstone(id)],
        }
    }

    async fn drop_some(&self, tx: &mut DdlTransaction, part: i64) -> Result<bool, DbError> {
        if self.drop_up_to(tx, part).await? {
            return Ok(true);
        }
        for schema in &self.schemas {
            if drop_part(tx, schema, part).await? {
                return Ok(false);
            }
        }
        // No table is left, only what takes one lock each.
        self.drop_up_to(tx, i64::MAX).await
    }

    /// All of it in one message, unless it is more than this.
    async fn drop_up_to(&self, tx: &mut DdlTransaction, most: i64) -> Result<bool, DbError> {
        let listed = |each: fn(&SchemaName) -> String| {
            let names: Vec<String> = self.schemas.iter().map(each).collect();
            names.join(", ")
        };
        let names = listed(SchemaName::quoted);
        let literals = listed(|name| format!("'{}'", name.as_str()));
        let then = &self.then;
        // Counted by what depends on the schema, for which PostgreSQL has an index: it has none for the relations of a schema.
        let text = format!(
            "DO $$ BEGIN
                 IF (SELECT count(*) FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_namespace n ON n.oid = d.refobjid
                     WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND n.nspname IN ({literals})) <= {most} THEN
                     DROP SCHEMA IF EXISTS {names} CASCADE;
                     {then}
                 END IF;
             END $$;
             SELECT count(*) AS schemas FROM pg_catalog.pg_namespace WHERE nspname IN ({literals})"
        );
        let rows = tx.rows(&text).await?;
        let left: Option<i64> = rows.first().map(|row| row.get("schemas")).transpose()?;
        Ok(left == Some(0))
    }
}

/// Drops at most `part` of what a schema holds. `false` where there was nothing left.
async fn drop_part(tx: &mut DdlTransaction, name: &SchemaName, part: i64) -> Result<bool, DbError> {
    let schema = name.quoted();
    // First, or else a table that everybody refers to would take a lock on everybody when it goes.
    let keys = tx.query(&FOREIGN_KEYS, &[&name.as_str(), &part]).await?;
    let drop_key = |row: &Row| {
        let (table, key) = (text(row, "name")?, text(row, "key")?);
        Ok(format!(
            "ALTER TABLE {schema}.{table} DROP CONSTRAINT {key};\n"
        ))
    };
    let statements: Result<String, DbError> = if keys.is_empty() {
        let relations = tx.query(&RELATIONS, &[&name.as_str(), &part]).await?;
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

/// For PL/pgSQL. Nothing happens where the role is not there.
fn drop_role(name: &SchemaName) -> String {
    let (role, literal) = (name.quoted(), name.as_str());
    format!(
        "-- Two who change the database's one row at once would fail, so it is left alone where there is nothing to take away.
         IF EXISTS (SELECT FROM pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) AS granted
                    JOIN pg_catalog.pg_roles r ON r.oid = granted.grantee
                    WHERE d.datname = current_database() AND r.rolname = '{literal}') THEN
             EXECUTE format('REVOKE ALL ON DATABASE %I FROM {role}', current_database());
         END IF;
         -- Whoever could sign in as the role may have made what stands in no schema, such as a large object.
         IF EXISTS (SELECT FROM pg_catalog.pg_shdepend s JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid
                    JOIN pg_catalog.pg_database d ON d.oid = s.dbid
                    WHERE d.datname = current_database() AND r.rolname = '{literal}'
                    AND s.refclassid = 'pg_catalog.pg_authid'::regclass AND s.deptype = 'o') THEN
             GRANT {role} TO CURRENT_USER;
             DROP OWNED BY {role};
         END IF;
         DROP ROLE IF EXISTS {role};"
    )
}

fn text(row: &Row, column: &'static str) -> Result<String, DbError> {
    let name: String = row.get(column)?;
    Ok(quote_ident(&name))
}
