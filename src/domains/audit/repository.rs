//! The log's SQL. What reads it demands the scope of looking, and filters by it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::chain::{Head, Link};
use super::model::{Act, Entry, Filter};
use crate::domains::access::{AuditView, Origin, Scope};
use crate::tenancy::{DbError, Param, Row, Scoped, Sql};

/// One row to be; the database links it to the chain.
pub(super) struct Line<'a> {
    pub(super) id: Uuid,
    pub(super) at: DateTime<Utc>,
    pub(super) kind: &'static str,
    pub(super) actor_id: Option<Uuid>,
    pub(super) impersonator_id: Option<Uuid>,
    pub(super) reason: Option<String>,
    pub(super) act: Act,
    pub(super) origin: &'a Origin,
}

const INSERT: Sql = Sql::new(
    "audit.insert",
    "INSERT INTO audit_log (id, at, actor_kind, actor_id, impersonator_id, reason, action, resource, resource_id, \
     before, after, address, user_agent, request_id) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
);

macro_rules! entries {
    ($name:literal, $($rest:tt)*) => {
        Sql::new(
            $name,
            concat!(
                "SELECT id, seq, at, actor_kind, actor_id, impersonator_id, reason, action, resource, resource_id, before, after, \
                 address, user_agent, request_id, hash FROM audit_log WHERE ($1::uuid IS NULL OR actor_id = $1) AND ",
                $($rest)*
            ),
        )
    };
}

/// `$1` is the scope, `$2` to `$7` the filter, `$8` where the page before ended, `$9` the rows.
macro_rules! filtered {
    ($name:literal, $rest:literal) => {
        entries!(
            $name,
            concat!(
                "($2::uuid IS NULL OR actor_id = $2) AND ($3::text IS NULL OR action = $3) \
                 AND ($4::text IS NULL OR resource = $4) AND ($5::uuid IS NULL OR resource_id = $5) \
                 AND ($6::timestamptz IS NULL OR at >= $6) AND ($7::timestamptz IS NULL OR at < $7) AND ",
                $rest
            )
        )
    };
}

const FIND: Sql = entries!("audit.find", "id = $2");
const PAGE: Sql = filtered!(
    "audit.page",
    "($8::uuid IS NULL OR seq < (SELECT seq FROM audit_log WHERE id = $8)) ORDER BY seq DESC LIMIT $9"
);
const EXPORT: Sql = filtered!("audit.export", "seq > $8 ORDER BY seq LIMIT $9");

/// Links after a place, with the head as it was at that very moment. The same columns in the same order as in the function
/// `audit_chain` of the migration, by PostgreSQL's own functions alone: what hashes the rows must not be what is stored with them.
const LINKS: Sql = Sql::new(
    "audit.links",
    "SELECT head.seq AS head_seq, head.hash AS head_hash, link.* FROM (SELECT 1) AS always \
     LEFT JOIN audit_head AS head ON true \
     LEFT JOIN LATERAL (SELECT log.seq, log.id, coalesce(log.prev_hash, '') AS prev_hash, coalesce(log.hash, '') AS hash, ARRAY[ \
         log.seq::text, pg_catalog.encode(log.prev_hash, 'hex'), log.id::text, extract(epoch FROM log.at)::text, \
         log.actor_kind, log.actor_id::text, log.impersonator_id::text, log.reason, \
         log.action, log.resource, log.resource_id::text, log.before::text, log.after::text, \
         log.address, log.user_agent, log.request_id]::text[] AS fields \
     FROM audit_log AS log WHERE (log.seq, log.id) > ($1, $2) ORDER BY log.seq, log.id LIMIT $3) AS link ON true",
);
/// Constraints say that there is none, but constraints can be dropped.
const WITHOUT_PLACE: Sql = Sql::new(
    "audit.without_place",
    "SELECT id FROM audit_log WHERE seq IS NULL LIMIT 1",
);

pub(super) async fn insert(db: &mut Scoped, line: &Line<'_>) -> Result<(), DbError> {
    let Line { act, origin, .. } = line;
    db.execute(
        &INSERT,
        &[
            &line.id,
            &line.at,
            &line.kind,
            &line.actor_id,
            &line.impersonator_id,
            &line.reason,
            &act.action,
            &act.resource,
            &act.resource_id,
            &act.before,
            &act.after,
            &origin.address,
            &origin.user_agent,
            &origin.request_id,
        ],
    )
    .await
    .map(drop)
}

pub(super) async fn find(
    db: &mut Scoped,
    scope: &Scope<AuditView>,
    id: Uuid,
) -> Result<Option<Entry>, DbError> {
    let row = db.query_opt(&FIND, &[&scope.owner(), &id]).await?;
    row.as_ref().map(entry_of).transpose()
}

/// Newest first, those before the entry `after`.
pub(super) async fn page(
    db: &mut Scoped,
    scope: &Scope<AuditView>,
    filter: &Filter,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Entry>, DbError> {
    filtered(db, &PAGE, scope, filter, &after, limit).await
}

/// Oldest first, those after the place `seq`.
pub(super) async fn export(
    db: &mut Scoped,
    scope: &Scope<AuditView>,
    filter: &Filter,
    seq: i64,
    limit: i64,
) -> Result<Vec<Entry>, DbError> {
    filtered(db, &EXPORT, scope, filter, &seq, limit).await
}

async fn filtered(
    db: &mut Scoped,
    sql: &Sql,
    scope: &Scope<AuditView>,
    filter: &Filter,
    start: &dyn Param,
    limit: i64,
) -> Result<Vec<Entry>, DbError> {
    let params: &[&dyn Param] = &[
        &scope.owner(),
        &filter.actor,
        &filter.action,
        &filter.resource,
        &filter.resource_id,
        &filter.from,
        &filter.to,
        start,
        &limit,
    ];
    let rows = db.query(sql, params).await?;
    rows.iter().map(entry_of).collect()
}

/// Links by place after `(seq, id)`, and the head; `None` where it is not there.
pub(super) async fn links(
    db: &mut Scoped,
    _scope: &Scope<AuditView>,
    after: (i64, Uuid),
    limit: i64,
) -> Result<(Vec<Link>, Option<Head>), DbError> {
    let rows = db.query(&LINKS, &[&after.0, &after.1, &limit]).await?;
    let head = match rows.first() {
        Some(row) => head_of(row)?,
        None => None,
    };
    let links = rows.iter().filter_map(|row| link_of(row).transpose());
    Ok((links.collect::<Result<_, _>>()?, head))
}

/// A row that stands nowhere in the chain.
pub(super) async fn without_place(
    db: &mut Scoped,
    _scope: &Scope<AuditView>,
) -> Result<Option<Uuid>, DbError> {
    let row = db.query_opt(&WITHOUT_PLACE, &[]).await?;
    row.map(|row| row.get("id")).transpose()
}

fn head_of(row: &Row) -> Result<Option<Head>, DbError> {
    let Some(seq) = row.get("head_seq")? else {
        return Ok(None);
    };
    let hash = row.get("head_hash")?;
    Ok(Some(Head { seq, hash }))
}

fn link_of(row: &Row) -> Result<Option<Link>, DbError> {
    let Some(seq) = row.get("seq")? else {
        return Ok(None);
    };
    Ok(Some(Link {
        seq,
        id: row.get("id")?,
        prev_hash: row.get("prev_hash")?,
        hash: row.get("hash")?,
        fields: row.get("fields")?,
    }))
}

fn entry_of(row: &Row) -> Result<Entry, DbError> {
    Ok(Entry {
        id: row.get("id")?,
        seq: row.get("seq")?,
        at: row.get("at")?,
        actor_kind: row.get("actor_kind")?,
        actor_id: row.get("actor_id")?,
        impersonator_id: row.get("impersonator_id")?,
        reason: row.get("reason")?,
        action: row.get("action")?,
        resource: row.get("resource")?,
        resource_id: row.get("resource_id")?,
        before: row.get("before")?,
        after: row.get("after")?,
        address: row.get("address")?,
        user_agent: row.get("user_agent")?,
        request_id: row.get("request_id")?,
        hash: row.get("hash")?,
    })
}
