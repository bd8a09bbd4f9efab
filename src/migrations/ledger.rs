//! The fleet ledger, `public.tenant_migrations`: where each tenant stands, in one table that one query reads.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::apply::ENDED;
use super::set::Target;
use crate::tenancy::{DbError, Event, Params, Row, Scoped, Sql, TenantId, quote_literal};

/// One tenant's line.
#[derive(Debug, Clone)]
pub struct LedgerLine {
    /// The tenant.
    pub id: TenantId,
    /// Its slug.
    pub slug: String,
    /// Last migration that its schema has; 0 is none.
    pub version: i32,
    /// Its last try failed.
    pub failed: bool,
    /// Tries since the last success.
    pub attempts: i32,
    /// What the last failure said.
    pub last_error: Option<String>,
    /// How long the last success took.
    pub duration_ms: Option<i32>,
    /// When the line last changed.
    pub updated_at: Option<DateTime<Utc>>,
}

/// How the fleet stands, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FleetCounts {
    /// All tenants that still have a schema.
    pub total: i64,
    /// Those at the target.
    pub current: i64,
    /// Those behind it, or at it by another text than the files have now.
    pub pending: i64,
    /// Those whose last try failed.
    pub failed: i64,
    /// Those that a newer binary has migrated.
    pub ahead: i64,
}

macro_rules! select_line {
    ($rest:literal) => {
        concat!(
            "SELECT t.id, t.slug, coalesce(m.version, 0) AS version, \
             coalesce(m.state = 'failed', false) AS failed, coalesce(m.attempts, 0) AS attempts, \
             m.last_error, m.duration_ms, m.updated_at \
             FROM public.tenants t LEFT JOIN public.tenant_migrations m ON m.tenant_id = t.id \
             WHERE t.status <> 'deleted' AND ",
            $rest
        )
    };
}

/// Each start asks this, and nearly always nobody is behind: then no row of the one table is looked for in the other. A line is always a tenant's, so where
/// both tables have as many rows, no tenant lacks its line.
const BEHIND: Sql = Sql::new(
    "ledger.behind",
    select_line!(
        "t.id IN (\
         SELECT tenant_id FROM public.tenant_migrations \
         WHERE version < $1 OR state = 'failed' OR (version = $1 AND checksum <> $2) \
         UNION ALL \
         SELECT o.id FROM public.tenants o WHERE \
         (SELECT count(*) FROM public.tenants) > (SELECT count(*) FROM public.tenant_migrations) \
         AND NOT EXISTS (SELECT FROM public.tenant_migrations l WHERE l.tenant_id = o.id)) ORDER BY t.id"
    ),
);
const TROUBLED: Sql = Sql::new(
    "ledger.troubled",
    select_line!(
        "(m.tenant_id IS NULL OR m.version <> $1 OR m.checksum <> $2 OR m.state = 'failed' OR m.last_error IS NOT NULL) \
         ORDER BY t.id LIMIT $3"
    ),
);
const ONE: Sql = Sql::new("ledger.one", select_line!("t.id = $1"));
const COUNT: Sql = Sql::new(
    "ledger.count",
    "SELECT count(*) AS total, \
     count(*) FILTER (WHERE m.version = $1 AND m.checksum = $2 AND m.state = 'current') AS current, \
     count(*) FILTER (WHERE (m.tenant_id IS NULL OR m.version < $1 OR (m.version = $1 AND m.checksum <> $2)) \
         AND m.state IS DISTINCT FROM 'failed') AS pending, \
     count(*) FILTER (WHERE m.state = 'failed') AS failed, \
     count(*) FILTER (WHERE m.version > $1 AND m.state = 'current') AS ahead \
     FROM public.tenants t LEFT JOIN public.tenant_migrations m ON m.tenant_id = t.id \
     WHERE t.status <> 'deleted'",
);

/// A success of another runner meanwhile is not overwritten.
const RECORD_FAILURE: Sql = Sql::new(
    "ledger.record_failure",
    "INSERT INTO public.tenant_migrations AS m \
     (tenant_id, version, checksum, needs_binary, state, attempts, last_error, updated_at) \
     VALUES ($1, 0, '', 0, CASE WHEN $4 THEN 'failed' ELSE 'current' END, 1, $2, now()) \
     ON CONFLICT (tenant_id) DO UPDATE SET \
     state = CASE WHEN $4 THEN 'failed' ELSE m.state END, \
     attempts = m.attempts + 1, last_error = excluded.last_error, updated_at = now() \
     WHERE m.version < $3 OR (m.version = $3 AND m.checksum <> $5) OR m.state = 'failed' OR NOT $4",
);

fn line_of(row: &Row) -> Result<LedgerLine, DbError> {
    Ok(LedgerLine {
        id: TenantId(row.get("id")?),
        slug: row.get("slug")?,
        version: row.get("version")?,
        failed: row.get("failed")?,
        attempts: row.get("attempts")?,
        last_error: row.get("last_error")?,
        duration_ms: row.get("duration_ms")?,
        updated_at: row.get("updated_at")?,
    })
}

/// Tenants that a run has to look at: behind, failed, or migrated from other texts.
pub(super) async fn behind(db: &mut Scoped, target: &Target) -> Result<Vec<LedgerLine>, DbError> {
    let rows = db
        .query(&BEHIND, &[&target.version, &target.checksum])
        .await?;
    rows.iter().map(line_of).collect()
}

/// Tenants that are not simply at the target, at most `limit`.
pub async fn troubled(
    db: &mut Scoped,
    target: &Target,
    limit: i64,
) -> Result<Vec<LedgerLine>, DbError> {
    let rows = db
        .query(&TROUBLED, &[&target.version, &target.checksum, &limit])
        .await?;
    rows.iter().map(line_of).collect()
}

/// One tenant's line; `None` where there is no such tenant.
pub async fn line(db: &mut Scoped, id: TenantId) -> Result<Option<LedgerLine>, DbError> {
    let row = db.query_opt(&ONE, &[&id]).await?;
    row.as_ref().map(line_of).transpose()
}

/// The fleet in numbers.
pub async fn counts(db: &mut Scoped, target: &Target) -> Result<FleetCounts, DbError> {
    let row = db
        .query_one(&COUNT, &[&target.version, &target.checksum])
        .await?;
    Ok(FleetCounts {
        total: row.get("total")?,
        current: row.get("current")?,
        pending: row.get("pending")?,
        failed: row.get("failed")?,
        ahead: row.get("ahead")?,
    })
}

/// The setting that marks a migration's transaction with the tenant's id.
const MARK: &str = "tenantry.migrating";

/// Marks the open transaction: it is this tenant's migration.
pub(super) fn mark(id: TenantId) -> String {
    format!("SET LOCAL {MARK} = '{id}'")
}

/// The statements that write a success into the transaction that made it, and tell the nodes. To what was spent `before` the text
/// was written comes the time since its transaction began.
///
/// The id is taken from the mark, which a COMMIT inside a migration would have taken away: then PostgreSQL is given words for a uuid, refuses
/// them, and nothing is recorded.
pub(super) fn success(id: TenantId, target: &Target, before: Duration) -> Result<String, DbError> {
    let Target {
        version,
        checksum,
        needs_binary,
    } = target;
    let checksum = quote_literal(checksum);
    let before = before.as_millis();
    let event = Event::TenantChanged { id }.statement()?;
    Ok(format!(
        "INSERT INTO public.tenant_migrations AS m \
         (tenant_id, version, checksum, needs_binary, state, attempts, last_error, duration_ms, updated_at) \
         VALUES ((CASE WHEN current_setting('{MARK}', true) = '{id}' THEN '{id}' ELSE '{ENDED}' END)::uuid, \
         {version}, {checksum}, {needs_binary}, 'current', 0, NULL, \
         {before} + extract(epoch FROM clock_timestamp() - now()) * 1000, now()) \
         ON CONFLICT (tenant_id) DO UPDATE SET \
         version = excluded.version, checksum = excluded.checksum, needs_binary = excluded.needs_binary, \
         state = 'current', attempts = 0, last_error = NULL, duration_ms = excluded.duration_ms, updated_at = now() \
         WHERE m.version <= excluded.version; {event}"
    ))
}

/// Nothing was to be done for a tenant that may have failed before, and that a newer binary may have migrated since.
pub(super) fn clear_failure(id: TenantId) -> String {
    format!(
        "UPDATE public.tenant_migrations SET state = 'current', attempts = 0, last_error = NULL, updated_at = now() \
         WHERE tenant_id = '{id}' AND (state = 'failed' OR last_error IS NOT NULL)"
    )
}

/// Writes a failure down, and tells the nodes. `stops_serving` marks the tenant as failed, so that it answers 503.
pub(super) async fn record_failure(
    db: &mut Scoped,
    id: TenantId,
    error: &str,
    target: &Target,
    stops_serving: bool,
) -> Result<(), DbError> {
    let Target {
        version, checksum, ..
    } = target;
    let params: Params<'_> = &[&id, &error, version, &stops_serving, checksum];
    db.execute(&RECORD_FAILURE, params).await?;
    Event::TenantChanged { id }.publish(db).await
}
