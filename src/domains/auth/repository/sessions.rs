//! What callers see of sign-ins, filtered by the scope of the action.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domains::access::{Scope, SessionsRead};
use crate::domains::auth::model::OpenSession;
use crate::pagination::PageRequest;
use crate::tenancy::{DbError, Param, Row, Scoped, Sql};

const PAGE: Sql = Sql::new(
    "auth.page_sessions",
    "SELECT id, created_at, last_used_at, ends_at, address, user_agent, impersonator_id FROM sessions s \
     WHERE user_id = $1 AND ($2::uuid IS NULL OR user_id = $2) AND ($3::uuid IS NULL OR id > $3) \
     AND revoked_at IS NULL AND ends_at > $4 \
     AND (impersonator_id IS NOT NULL \
         OR EXISTS (SELECT FROM refresh_tokens t WHERE t.session_id = s.id AND t.expires_at > $4)) \
     ORDER BY id LIMIT $5",
);

/// A user's sessions that can go on, oldest first.
pub(in crate::domains::auth) async fn page(
    db: &mut Scoped,
    scope: &Scope<SessionsRead>,
    user: Uuid,
    request: &PageRequest,
    now: DateTime<Utc>,
) -> Result<Vec<OpenSession>, DbError> {
    let params: &[&dyn Param] = &[
        &user,
        &scope.owner(),
        &request.after,
        &now,
        &request.rows_to_fetch(),
    ];
    let rows = db.query(&PAGE, params).await?;
    rows.iter().map(session_of).collect()
}

fn session_of(row: &Row) -> Result<OpenSession, DbError> {
    Ok(OpenSession {
        id: row.get("id")?,
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
        ends_at: row.get("ends_at")?,
        address: row.get("address")?,
        user_agent: row.get("user_agent")?,
        impersonator_id: row.get("impersonator_id")?,
    })
}
