//! The fleet ledger, `public.tenant_migrations`: where each tenant stands, in one table that one query reads.

use chrono::{DateTime, Utc};

use super::set::Target;
use crate::tenancy::{DbError, DdlTransaction, Event, Row, Scoped, Slug, Sql, TenantId};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FleetCounts {
    /// All tenants that still have a schema.
    pub total: i64,
    /// Those at the target.
    pub current: i64,
    /// Those behind it.
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

const BEHIND: Sql = Sql::new(
    "ledger.behind",
    select_line!(
        "(m.tenant_id IS NULL OR m.version < $1 OR m.state = 'failed' \
         OR (m.version = $1 AND m.checksum <> $2)) ORDER BY t.id"
    ),
);
const TROUBLED: Sql = Sql::new(
    "ledger.troubled",
    select_line!(
        "(m.tenant_id IS NULL OR m.version <> $1 OR m.state = 'failed' OR m.last_error IS NOT NULL) ORDER BY t.id LIMIT $2"
    ),
);
const ONE: Sql = Sql::new("ledger.one", select_line!("t.id = $1"));
const COUNT: Sql = Sql::new(
    "ledger.count",
    "SELECT count(*) AS total, \
     count(*) FILTER (WHERE m.version = $1 AND m.state = 'current') AS current, \
     count(*) FILTER (WHERE (m.tenant_id IS NULL OR m.version < $1) AND m.state IS DISTINCT FROM 'failed') AS pending, \
     count(*) FILTER (WHERE m.state = 'failed') AS failed, \
     count(*) FILTER (WHERE m.version > $1 AND m.state = 'current') AS ahead \
     FROM public.tenants t LEFT JOIN public.tenant_migrations m ON m.tenant_id = t.id \
     WHERE t.status <> 'deleted'",
);

/// Whether a transaction of ours is still the one that began; a COMMIT inside a migration would have ended it.
const RECORD_SUCCESS: Sql = Sql::new(
    "ledger.record_success",
    "INSERT INTO public.tenant_migrations AS m \
     (tenant_id, version, checksum, needs_binary, state, attempts, last_error, duration_ms, updated_at) \
     SELECT $1, $2, $3, $4, 'current', 0, NULL, $5, now() \
     WHERE current_setting('tenantry.migrating', true) = $6 \
     ON CONFLICT (tenant_id) DO UPDATE SET \
     version = excluded.version, checksum = excluded.checksum, needs_binary = excluded.needs_binary, \
     state = 'current', attempts = 0, last_error = NULL, duration_ms = excluded.duration_ms, updated_at = now() \
     WHERE m.version <= excluded.version",
);
const CLEAR_FAILURE: Sql = Sql::new(
    "ledger.clear_failure",
    "UPDATE public.tenant_migrations SET state = 'current', attempts = 0, last_error = NULL, updated_at = now() \
     WHERE tenant_id = $1 AND (state = 'failed' OR last_error IS NOT NULL)",
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
     WHERE m.version < $3 OR m.state = 'failed' OR NOT $4",
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
    let rows = db.query(&TROUBLED, &[&target.version, &limit]).await?;
    rows.iter().map(line_of).collect()
}

/// One tenant's line; `None` where there is no such tenant.
pub async fn line(db: &mut Scoped, id: TenantId) -> Result<Option<LedgerLine>, DbError> {
    let row = db.query_opt(&ONE, &[&id]).await?;
    row.as_ref().map(line_of).transpose()
}

/// The fleet in numbers.
pub async fn counts(db: &mut Scoped, target: &Target) -> Result<FleetCounts, DbError> {
    let row = db.query_one(&COUNT, &[&target.version]).await?;
    Ok(FleetCounts {
        total: row.get("total")?,
        current: row.get("current")?,
        pending: row.get("pending")?,
        failed: row.get("failed")?,
        ahead: row.get("ahead")?,
    })
}

/// Writes a success into the transaction that made it. `false` if that transaction is no longer the one marked `marker`.
pub(super) async fn record_success(
    tx: &mut DdlTransaction,
    id: TenantId,
    target: &Target,
    duration_ms: i32,
    marker: &str,
) -> Result<bool, DbError> {
    let written = tx
        .execute(
            &RECORD_SUCCESS,
            &[
                &id,
                &target.version,
                &target.checksum,
                &target.needs_binary,
                &duration_ms,
                &marker,
            ],
        )
        .await?;
    Ok(written == 1)
}

/// Nothing was to be done for a tenant that had failed before.
pub(super) async fn clear_failure(tx: &mut DdlTransaction, id: TenantId) -> Result<(), DbError> {
    tx.execute(&CLEAR_FAILURE, &[&id]).await.map(drop)
}

/// Writes a failure down, and tells the nodes. `stops_serving` marks the tenant as failed, so that it answers 503.
pub(super) async fn record_failure(
    db: &mut Scoped,
    id: TenantId,
    slug: &Slug,
    error: &str,
    target: &Target,
    stops_serving: bool,
) -> Result<(), DbError> {
    db.execute(
        &RECORD_FAILURE,
        &[&id, &error, &target.version, &stops_serving],
    )
    .await?;
    let event = Event::TenantChanged {
        id,
        slug: slug.to_string(),
    };
    event.publish(db).await
}
