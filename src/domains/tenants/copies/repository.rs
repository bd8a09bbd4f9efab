//! The SQL of copying a tenant: what its schema holds, read at one moment, and what stands in the way of loading rows.
//!
//! Invariant: names of tables, columns, constraints and triggers come from PostgreSQL's catalogs, never from a file.

use super::file::Sequence;
use crate::domains::access::{Scope, TenantsManage};
use crate::tenancy::{
    DbError, DdlTransaction, Row, SchemaName, Scoped, Sql, TenantId, quote_ident,
};

const TABLES: Sql = Sql::new(
    "copies.tables",
    "SELECT c.relname::text AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
     WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'p', 'f') \
     AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' \
     GROUP BY c.relname ORDER BY c.relname",
);
const SEQUENCES: Sql = Sql::new(
    "copies.sequences",
    "SELECT sequencename::text AS name, last_value FROM pg_catalog.pg_sequences \
     WHERE schemaname = $1 ORDER BY sequencename",
);
/// The catalog as the transaction sees it, beside the catalog of now.
const REWRITTEN: Sql = Sql::new(
    "copies.rewritten",
    "SELECT c.relname::text AS name FROM pg_catalog.pg_class c \
     WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r' \
     AND c.relfilenode IS DISTINCT FROM pg_catalog.pg_relation_filenode(c.oid) LIMIT 1",
);
const LEDGER: Sql = Sql::new(
    "copies.ledger",
    "SELECT version, checksum FROM public.tenant_migrations WHERE tenant_id = $1 AND version > 0",
);
const SERVER: Sql = Sql::new(
    "copies.server",
    "SELECT current_setting('server_version_num')::integer / 10000 AS major",
);
const SET_SEQUENCE: Sql = Sql::new(
    "copies.set_sequence",
    "SELECT setval(format('%I.%I', $1, $2)::regclass, $3, true)",
);
/// Where there is such a plan here.
const SET_PLAN: Sql = Sql::new(
    "copies.set_plan",
    "UPDATE public.tenants SET plan = $2 \
     WHERE id = $1 AND EXISTS (SELECT FROM public.plans WHERE key = $2)",
);
const OPERATORS: Sql = Sql::new(
    "copies.operators",
    "SELECT 1 AS one FROM users WHERE role = 'super_admin' LIMIT 1",
);
/// What fires on each row, with the words that switch it off and on again.
const GUARDS: Sql = Sql::new(
    "copies.guards",
    "SELECT format('ALTER TABLE %I.%I DROP CONSTRAINT %I', $1, t.relname, c.conname) AS off, \
     format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', $1, t.relname, c.conname, pg_get_constraintdef(c.oid)) AS back \
     FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_class t ON t.oid = c.conrelid \
     WHERE c.connamespace = $1::regnamespace AND c.contype = 'f' \
     UNION ALL \
     SELECT format('ALTER TABLE %I.%I DISABLE TRIGGER %I', $1, t.relname, g.tgname), \
     format('ALTER TABLE %I.%I ENABLE %s TRIGGER %I', $1, t.relname, CASE g.tgenabled WHEN 'A' THEN 'ALWAYS' ELSE '' END, g.tgname) \
     FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class t ON t.oid = g.tgrelid \
     WHERE t.relnamespace = $1::regnamespace AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')",
);

/// A table as the catalog has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
}

/// What keeps a schema's rows right, and so in the way of rows that come in any order.
#[derive(Debug)]
pub(super) struct Guards {
    off: Vec<String>,
    back: Vec<String>,
}

pub(super) async fn shapes(
    db: &mut Scoped,
    _scope: &Scope<TenantsManage>,
    schema: &SchemaName,
) -> Result<Vec<Shape>, DbError> {
    let rows = db.query(&TABLES, &[&schema.as_str()]).await?;
    let shape = |row: &Row| {
        Ok(Shape {
            name: row.get("name")?,
            columns: row.get("columns")?,
        })
    };
    rows.iter().map(shape).collect()
}

pub(super) async fn sequences(
    db: &mut Scoped,
    schema: &SchemaName,
) -> Result<Vec<Sequence>, DbError> {
    let rows = db.query(&SEQUENCES, &[&schema.as_str()]).await?;
    let sequence = |row: &Row| {
        Ok(Sequence {
            name: row.get("name")?,
            last: row.get("last_value")?,
        })
    };
    rows.iter().map(sequence).collect()
}

/// Version and checksum of the tenant's migrations.
pub(super) async fn ledger(
    db: &mut Scoped,
    id: TenantId,
) -> Result<Option<(i32, String)>, DbError> {
    let row = db.query_opt(&LEDGER, &[&id]).await?;
    row.map(|row| Ok((row.get("version")?, row.get("checksum")?)))
        .transpose()
}

/// PostgreSQL's major version.
pub(super) async fn server(db: &mut Scoped) -> Result<i32, DbError> {
    db.query_one(&SERVER, &[]).await?.get("major")
}

/// Nobody changes these tables' structure until the transaction ends. Everybody reads and writes them as before.
pub(super) async fn hold(
    tx: &mut DdlTransaction,
    schema: &SchemaName,
    tables: &[Shape],
) -> Result<(), DbError> {
    let names: Vec<String> = tables.iter().map(|table| name(schema, table)).collect();
    tx.batch(&format!(
        "LOCK TABLE {} IN ACCESS SHARE MODE",
        names.join(", ")
    ))
    .await
}

/// A table that was written anew between the transaction's moment and [`hold`]: PostgreSQL would show it empty.
pub(super) async fn rewritten(
    db: &mut Scoped,
    schema: &SchemaName,
) -> Result<Option<String>, DbError> {
    let row = db.query_opt(&REWRITTEN, &[&schema.as_str()]).await?;
    row.map(|row| row.get("name")).transpose()
}

pub(super) async fn count(
    tx: &mut DdlTransaction,
    schema: &SchemaName,
    table: &Shape,
) -> Result<u64, DbError> {
    let text = format!("SELECT count(*) AS rows FROM {}", name(schema, table));
    let rows = tx.query_text(&text).await?;
    let rows: i64 = rows.first().map_or(Ok(0), |row| row.get("rows"))?;
    Ok(u64::try_from(rows).unwrap_or_default())
}

/// Empties what the migrations filled, and takes every guard away.
pub(super) async fn open_for_rows(
    tx: &mut DdlTransaction,
    schema: &SchemaName,
    tables: &[Shape],
) -> Result<Guards, DbError> {
    let rows = tx.query(&GUARDS, &[&schema.as_str()]).await?;
    let mut guards = Guards {
        off: Vec::new(),
        back: Vec::new(),
    };
    for row in &rows {
        guards.off.push(row.get("off")?);
        guards.back.push(row.get("back")?);
    }
    let names: Vec<String> = tables.iter().map(|table| name(schema, table)).collect();
    guards.off.push(format!("TRUNCATE {}", names.join(", ")));
    tx.batch(&guards.off.join(";\n")).await?;
    Ok(guards)
}

/// Puts every guard back; a foreign key looks at all rows then.
pub(super) async fn close_behind_rows(
    tx: &mut DdlTransaction,
    guards: &Guards,
) -> Result<(), DbError> {
    if guards.back.is_empty() {
        return Ok(());
    }
    tx.batch(&guards.back.join(";\n")).await
}

pub(super) async fn set_sequence(
    db: &mut Scoped,
    schema: &SchemaName,
    name: &str,
    last: i64,
) -> Result<(), DbError> {
    db.execute(&SET_SEQUENCE, &[&schema.as_str(), &name, &last])
        .await
        .map(drop)
}

/// Whether there is such a plan here.
pub(super) async fn set_plan(
    db: &mut Scoped,
    _scope: &Scope<TenantsManage>,
    id: TenantId,
    plan: &str,
) -> Result<bool, DbError> {
    Ok(db.execute(&SET_PLAN, &[&id, &plan]).await? == 1)
}

/// Whether somebody in the entered schema has the role that is the platform's alone.
pub(super) async fn has_operators(db: &mut Scoped) -> Result<bool, DbError> {
    Ok(db.query_opt(&OPERATORS, &[]).await?.is_some())
}

fn name(schema: &SchemaName, table: &Shape) -> String {
    format!("{}.{}", schema.quoted(), quote_ident(&table.name))
}
