//! The SQL of invitations. What a caller sees is filtered by the scope; only who comes with a token goes round it.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::error::InviteError;
use super::model::Invite;
use crate::domains::access::{InvitesManage, Scope};
use crate::domains::users::Email;
use crate::tenancy::{DbError, Param, Row, Scoped, Sql};

const FIND: Sql = Sql::new(
    "invites.find",
    "SELECT id, email, role, invited_by, created_at, expires_at FROM invites \
     WHERE id = $1 AND ($2::uuid IS NULL OR invited_by = $2)",
);
const PAGE: Sql = Sql::new(
    "invites.page",
    "SELECT id, email, role, invited_by, created_at, expires_at FROM invites \
     WHERE ($1::uuid IS NULL OR id > $1) AND ($2::uuid IS NULL OR invited_by = $2) \
     ORDER BY id LIMIT $3",
);
const IS_USER: Sql = Sql::new(
    "invites.is_user",
    "SELECT EXISTS (SELECT FROM users WHERE email = $1) AS taken",
);
const DROP_EXPIRED: Sql = Sql::new(
    "invites.drop_expired",
    "DELETE FROM invites WHERE email = $1 AND expires_at <= $2",
);
const INSERT: Sql = Sql::new(
    "invites.insert",
    "INSERT INTO invites (id, email, role, token_hash, invited_by, created_at, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)",
);
const RENEW: Sql = Sql::new(
    "invites.renew",
    "UPDATE invites SET token_hash = $3, expires_at = $4 WHERE id = $1 AND ($2::uuid IS NULL OR invited_by = $2) \
     RETURNING id, email, role, invited_by, created_at, expires_at",
);
const DELETE: Sql = Sql::new(
    "invites.delete",
    "DELETE FROM invites WHERE id = $1 AND ($2::uuid IS NULL OR invited_by = $2)",
);
const BY_TOKEN: Sql = Sql::new(
    "invites.by_token",
    "SELECT id, email, role, invited_by, created_at, expires_at FROM invites WHERE token_hash = $1",
);
const TAKE: Sql = Sql::new(
    "invites.take",
    "DELETE FROM invites WHERE token_hash = $1 AND expires_at > $2 \
     RETURNING id, email, role, invited_by, created_at, expires_at",
);

pub(super) async fn find(
    db: &mut Scoped,
    scope: &Scope<InvitesManage>,
    id: Uuid,
) -> Result<Option<Invite>, DbError> {
    let row = db.query_opt(&FIND, &[&id, &scope.owner()]).await?;
    row.as_ref().map(invite_of).transpose()
}

/// Oldest first, those after the id `after`.
pub(super) async fn page(
    db: &mut Scoped,
    scope: &Scope<InvitesManage>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Invite>, DbError> {
    let rows = db.query(&PAGE, &[&after, &scope.owner(), &limit]).await?;
    rows.iter().map(invite_of).collect()
}

/// Whether a user of the tenant has this address.
pub(super) async fn is_user(db: &mut Scoped, email: &Email) -> Result<bool, DbError> {
    db.query_one(&IS_USER, &[&email.as_str()])
        .await?
        .get("taken")
}

/// Keeps the invitation. One of the same address that was too old at its making gives way.
pub(super) async fn insert(
    db: &mut Scoped,
    _scope: &Scope<InvitesManage>,
    invite: &Invite,
    token_hash: &[u8],
) -> Result<(), InviteError> {
    let email = invite.email.as_str();
    db.execute(&DROP_EXPIRED, &[&email, &invite.created_at])
        .await?;
    let params: &[&dyn Param] = &[
        &invite.id,
        &email,
        &invite.role.as_str(),
        &token_hash,
        &invite.invited_by,
        &invite.created_at,
        &invite.expires_at,
    ];
    let result = db.execute(&INSERT, params).await;
    result.map(drop).map_err(|error| match error.constraint() {
        Some("invites_email_key") => InviteError::AlreadyInvited(invite.email.clone()),
        _ => error.into(),
    })
}

/// Puts another token in the place of the last one.
pub(super) async fn renew(
    db: &mut Scoped,
    scope: &Scope<InvitesManage>,
    id: Uuid,
    token_hash: &[u8],
    expires_at: DateTime<Utc>,
) -> Result<Option<Invite>, DbError> {
    let params: &[&dyn Param] = &[&id, &scope.owner(), &token_hash, &expires_at];
    let row = db.query_opt(&RENEW, params).await?;
    row.as_ref().map(invite_of).transpose()
}

/// Whether there was one to delete.
pub(super) async fn delete(
    db: &mut Scoped,
    scope: &Scope<InvitesManage>,
    id: Uuid,
) -> Result<bool, DbError> {
    Ok(db.execute(&DELETE, &[&id, &scope.owner()]).await? == 1)
}

/// Round the scope, for the bearer of a token: the invitation that it is of, too old or not.
pub(super) async fn by_token(
    db: &mut Scoped,
    token_hash: &[u8],
) -> Result<Option<Invite>, DbError> {
    let row = db.query_opt(&BY_TOKEN, &[&token_hash]).await?;
    row.as_ref().map(invite_of).transpose()
}

/// Round the scope, for the bearer of a token: uses it up, once.
pub(super) async fn take(
    db: &mut Scoped,
    token_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Invite>, DbError> {
    let row = db.query_opt(&TAKE, &[&token_hash, &now]).await?;
    row.as_ref().map(invite_of).transpose()
}

fn invite_of(row: &Row) -> Result<Invite, DbError> {
    Ok(Invite {
        id: row.get("id")?,
        email: parsed(row, "email")?,
        role: parsed(row, "role")?,
        invited_by: row.get("invited_by")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
    })
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(
    row: &Row,
    column: &'static str,
) -> Result<T, DbError> {
    let text: String = row.get(column)?;
    text.parse().map_err(|e: T::Err| DbError::Inconsistent {
        column,
        reason: e.to_string(),
    })
}
