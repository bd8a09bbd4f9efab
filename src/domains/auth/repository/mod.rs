//! The SQL of sign-ins: the tenant's sessions and refresh tokens, and what is revoked, which all nodes share.
//!
//! No scope filters here: a session is reached by a secret that its owner holds, or by the claims of a token that was verified. What a
//! caller sees of sessions is in `sessions`, and filtered.

mod acting;
mod purge;
mod sessions;

pub(super) use acting::{end_impersonations, hold, insert_acting};
pub(super) use purge::purge_tenant;
pub(super) use sessions::page;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::ending::Which;
use super::model::Session;
use super::revocations::Ending;
use super::rotation::Found;
use crate::domains::access::{Origin, RoleNameError};
use crate::tenancy::{DbError, Param, Row, Scoped, Sql};

const INSERT_SESSION: Sql = Sql::new(
    "auth.insert_session",
    "INSERT INTO sessions (id, user_id, created_at, last_used_at, ends_at, address, user_agent) \
     VALUES ($1, $2, $3, $3, $4, $5, $6)",
);
const INSERT_TOKEN: Sql = Sql::new(
    "auth.insert_token",
    "INSERT INTO refresh_tokens (hash, session_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
);
// Both rows are locked, so that two who come with one token, or with a token and a sign-out, come one after the other. The session comes
// first, as everywhere: whoever deletes one takes its tokens after it.
const FIND_TOKEN: Sql = Sql::new(
    "auth.find_token",
    "WITH s AS MATERIALIZED ( \
         SELECT id, user_id, created_at, ends_at, revoked_at FROM sessions \
         WHERE id = (SELECT session_id FROM refresh_tokens WHERE hash = $1) FOR UPDATE \
     ) SELECT t.session_id, t.expires_at, t.used_at, t.uses, s.user_id, s.created_at, s.ends_at, \
         s.revoked_at IS NOT NULL AS revoked, u.role \
     FROM s JOIN refresh_tokens t ON t.session_id = s.id JOIN users u ON u.id = s.user_id \
     WHERE t.hash = $1 FOR UPDATE OF t",
);
const USE_TOKEN: Sql = Sql::new(
    "auth.use_token",
    "WITH used AS (UPDATE refresh_tokens SET used_at = coalesce(used_at, $3), uses = uses + 1 WHERE hash = $1) \
     UPDATE sessions SET last_used_at = $3 WHERE id = $2",
);
// Locked in one order, so that two who end the same sessions do not wait for each other.
const END_SESSIONS: Sql = Sql::new(
    "auth.end_sessions",
    "WITH ending AS ( \
         SELECT id FROM sessions WHERE user_id = $1 AND ($2::uuid IS NULL OR id = $2) \
         AND ($3::uuid IS NULL OR id <> $3) AND revoked_at IS NULL ORDER BY id FOR UPDATE \
     ) UPDATE sessions s SET revoked_at = $4 FROM ending WHERE s.id = ending.id RETURNING s.id",
);
const END_ALL: Sql = Sql::new(
    "auth.end_all",
    "WITH mailed AS (DELETE FROM one_time_tokens), \
     ended AS (UPDATE sessions SET revoked_at = $1 WHERE revoked_at IS NULL RETURNING id, last_used_at) \
     SELECT id FROM ended WHERE last_used_at > $2",
);
const REVOKE: Sql = Sql::new(
    "auth.revoke",
    "INSERT INTO public.revoked_sessions (session_id, expires_at, with_tenant) \
     SELECT session, $2, $3 FROM unnest($1::uuid[]) AS session ORDER BY session \
     ON CONFLICT (session_id) DO NOTHING",
);
const REVOKED: Sql = Sql::new(
    "auth.revoked",
    "SELECT session_id, expires_at, with_tenant FROM public.revoked_sessions WHERE expires_at > $1",
);
const REVOKED_OF: Sql = Sql::new(
    "auth.revoked_of",
    "SELECT session_id, expires_at, with_tenant FROM public.revoked_sessions \
     WHERE expires_at > $1 AND session_id = ANY($2)",
);
const PURGE_REVOKED: Sql = Sql::new(
    "auth.purge_revoked",
    "DELETE FROM public.revoked_sessions WHERE expires_at <= $1",
);

pub(super) async fn insert_session(
    db: &mut Scoped,
    session: &Session,
    origin: &Origin,
) -> Result<(), DbError> {
    let params: &[&dyn Param] = &[
        &session.id,
        &session.user_id,
        &session.created_at,
        &session.ends_at,
        &origin.address,
        &origin.user_agent,
    ];
    db.execute(&INSERT_SESSION, params).await.map(drop)
}

pub(super) async fn insert_token(
    db: &mut Scoped,
    hash: Vec<u8>,
    session: Uuid,
    now: DateTime<Utc>,
    expires: DateTime<Utc>,
) -> Result<(), DbError> {
    let params: &[&dyn Param] = &[&hash, &session, &now, &expires];
    db.execute(&INSERT_TOKEN, params).await.map(drop)
}

/// The token with this hash. It and its session stay locked until the transaction ends.
pub(super) async fn find_token(db: &mut Scoped, hash: &[u8]) -> Result<Option<Found>, DbError> {
    let row = db.query_opt(&FIND_TOKEN, &[&hash]).await?;
    row.as_ref().map(found_of).transpose()
}

/// Marks the token as used, once, and its session as alive.
pub(super) async fn use_token(
    db: &mut Scoped,
    hash: &[u8],
    session: Uuid,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    db.execute(&USE_TOKEN, &[&hash, &session, &now])
        .await
        .map(drop)
}

/// The sessions of the user that ended by this.
pub(super) async fn end_sessions(
    db: &mut Scoped,
    user: Uuid,
    which: Which,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, DbError> {
    let (only, except) = match which {
        Which::All => (None, None),
        Which::One(session) => (Some(session), None),
        Which::AllBut(session) => (None, Some(session)),
    };
    let rows = db
        .query(&END_SESSIONS, &[&user, &only, &except, &now])
        .await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// Ends every session of the tenant and forgets the secrets that it sent; tells the sessions that were used after `since`.
pub(super) async fn end_all(
    db: &mut Scoped,
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> Result<Vec<Uuid>, DbError> {
    let rows = db.query(&END_ALL, &[&now, &since]).await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// Makes the access tokens of these sessions dead, for every node that reads it.
pub(super) async fn revoke(
    db: &mut Scoped,
    sessions: &[Uuid],
    ending: Ending,
) -> Result<(), DbError> {
    let params: &[&dyn Param] = &[&sessions, &ending.expires, &ending.with_tenant];
    db.execute(&REVOKE, params).await.map(drop)
}

/// Sessions whose access tokens are dead and have not expired by themselves.
pub(super) async fn revoked(
    db: &mut Scoped,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Ending)>, DbError> {
    let rows = db.query(&REVOKED, &[&now]).await?;
    rows.iter().map(ending_of).collect()
}

/// The same of these sessions alone.
pub(super) async fn revoked_of(
    db: &mut Scoped,
    now: DateTime<Utc>,
    sessions: &[Uuid],
) -> Result<Vec<(Uuid, Ending)>, DbError> {
    let rows = db.query(&REVOKED_OF, &[&now, &sessions]).await?;
    rows.iter().map(ending_of).collect()
}

fn ending_of(row: &Row) -> Result<(Uuid, Ending), DbError> {
    let ending = Ending {
        expires: row.get("expires_at")?,
        with_tenant: row.get("with_tenant")?,
    };
    Ok((row.get("session_id")?, ending))
}

pub(super) async fn purge_revoked(db: &mut Scoped, now: DateTime<Utc>) -> Result<u64, DbError> {
    db.execute(&PURGE_REVOKED, &[&now]).await
}

fn found_of(row: &Row) -> Result<Found, DbError> {
    let role: String = row.get("role")?;
    let session = Session {
        id: row.get("session_id")?,
        user_id: row.get("user_id")?,
        role: role
            .parse()
            .map_err(|e: RoleNameError| DbError::Inconsistent {
                column: "role",
                reason: e.to_string(),
            })?,
        created_at: row.get("created_at")?,
        ends_at: row.get("ends_at")?,
    };
    Ok(Found {
        session,
        expires_at: row.get("expires_at")?,
        used_at: row.get("used_at")?,
        uses: row.get("uses")?,
        revoked: row.get("revoked")?,
    })
}
