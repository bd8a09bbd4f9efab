//! The SQL of operators' sessions as a tenant's users.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domains::access::Origin;
use crate::domains::auth::model::Session;
use crate::tenancy::{DbError, Param, Scoped, Sql};

const INSERT_ACTING: Sql = Sql::new(
    "auth.insert_acting",
    "INSERT INTO sessions (id, user_id, created_at, last_used_at, ends_at, address, user_agent, impersonator_id) \
     VALUES ($1, $2, $3, $3, $4, $5, $6, $7)",
);
const HOLD: Sql = Sql::new(
    "auth.hold",
    "SELECT revoked_at IS NOT NULL AS ended FROM sessions WHERE id = $1 FOR SHARE",
);
// Locked in one order, as the sessions are.
const END_IMPERSONATIONS: Sql = Sql::new(
    "auth.end_impersonations",
    "WITH ending AS ( \
         SELECT id FROM public.impersonations WHERE (session_id = ANY($1) OR operator_session_id = ANY($1)) \
         AND ended_at IS NULL AND expires_at > $2 ORDER BY id FOR UPDATE \
     ) UPDATE public.impersonations i SET ended_at = $2 FROM ending WHERE i.id = ending.id RETURNING i.session_id",
);

pub(in crate::domains::auth) async fn insert_acting(
    db: &mut Scoped,
    session: &Session,
    operator: Uuid,
    origin: &Origin,
) -> Result<(), DbError> {
    let params: &[&dyn Param] = &[
        &session.id,
        &session.user_id,
        &session.created_at,
        &session.ends_at,
        &origin.address,
        &origin.user_agent,
        &operator,
    ];
    db.execute(&INSERT_ACTING, params).await.map(drop)
}

/// Keeps the session from ending until the transaction does; whether it has ended before. Rows that were purged tell nothing: what ended is
/// known to every node long before.
pub(in crate::domains::auth) async fn hold(
    db: &mut Scoped,
    session: Uuid,
) -> Result<bool, DbError> {
    match db.query_opt(&HOLD, &[&session]).await? {
        Some(row) => row.get("ended"),
        None => Ok(false),
    }
}

/// Ends the impersonations that go on in these sessions, or were begun from them; tells the sessions in which they went on.
pub(in crate::domains::auth) async fn end_impersonations(
    db: &mut Scoped,
    sessions: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, DbError> {
    let rows = db.query(&END_IMPERSONATIONS, &[&sessions, &now]).await?;
    rows.iter().map(|row| row.get("session_id")).collect()
}
