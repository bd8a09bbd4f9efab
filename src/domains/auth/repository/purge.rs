//! Deleting what has expired, some rows at a time. Rows that somebody works with are left for the next time.

use chrono::{DateTime, Utc};

use crate::tenancy::{DbError, Scoped, Sql};

const LOCK: Sql = Sql::new(
    "auth.purge_lock",
    "SELECT pg_try_advisory_xact_lock(hashtextextended('purge ' || current_schema(), 0)) AS locked",
);
const TOKENS: Sql = Sql::new(
    "auth.purge_tokens",
    "DELETE FROM refresh_tokens WHERE hash IN ( \
         SELECT hash FROM refresh_tokens WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
);
const ONE_TIME_TOKENS: Sql = Sql::new(
    "auth.purge_one_time_tokens",
    "DELETE FROM one_time_tokens WHERE hash IN ( \
         SELECT hash FROM one_time_tokens WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
);
const SESSIONS: Sql = Sql::new(
    "auth.purge_sessions",
    "DELETE FROM sessions WHERE id IN ( \
         SELECT id FROM sessions s WHERE revoked_at IS NOT NULL OR ends_at <= $1 \
         OR (impersonator_id IS NULL AND NOT EXISTS (SELECT FROM refresh_tokens t WHERE t.session_id = s.id)) \
         LIMIT $2 FOR UPDATE SKIP LOCKED)",
);

/// Rows that were deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::domains::auth) struct Deleted {
    pub(in crate::domains::auth) rows: u64,
    /// Whether some statement deleted as many as it may, so there may be more.
    pub(in crate::domains::auth) more: bool,
}

/// Deletes at most `limit` rows of each kind; nothing where another node is at it. To be called in a transaction, which holds the lock.
pub(in crate::domains::auth) async fn purge_tenant(
    db: &mut Scoped,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Deleted, DbError> {
    let mut deleted = Deleted::default();
    if !db.query_one(&LOCK, &[]).await?.get::<bool>("locked")? {
        return Ok(deleted);
    }
    for statement in [&TOKENS, &ONE_TIME_TOKENS, &SESSIONS] {
        let rows = db.execute(statement, &[&now, &limit]).await?;
        deleted.rows += rows;
        deleted.more |= i64::try_from(rows).is_ok_and(|rows| rows >= limit);
    }
    Ok(deleted)
}
