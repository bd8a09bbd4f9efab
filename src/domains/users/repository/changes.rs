//! Changing and deleting users. The rows are locked first, in one order, so that the rules hold when two change at once.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::user_of;
use crate::domains::access::{PasswordsChange, PermissionsAssign, RoleName, Scope, UsersUpdate};
use crate::domains::passwords::PasswordHash;
use crate::domains::users::authorization::{ChangesUsers, RemovesAdmins};
use crate::domains::users::error::UserError;
use crate::domains::users::model::User;
use crate::tenancy::{DbError, Param, Scoped, Sql};

const LOCK: Sql = Sql::new(
    "users.lock",
    "SELECT id, email, email_verified, name, role, external_subject, created_at, updated_at, password_hash FROM users \
     WHERE id = $1 AND ($2::uuid IS NULL OR id = $2) FOR UPDATE",
);
// Where the user has the role $3, everybody who has it is locked, in one order: of two who give it up at once, one comes second and sees
// that nobody else is left.
const LOCK_WITH_PEERS: Sql = Sql::new(
    "users.lock_with_peers",
    "SELECT id, email, email_verified, name, role, external_subject, created_at, updated_at FROM users \
     WHERE (id = $1 AND ($2::uuid IS NULL OR id = $2)) OR (role = $3 AND EXISTS ( \
         SELECT FROM users target WHERE target.id = $1 AND ($2::uuid IS NULL OR target.id = $2) AND target.role = $3)) \
     ORDER BY id FOR UPDATE",
);
const RENAME: Sql = Sql::new(
    "users.rename",
    "UPDATE users SET name = $3, updated_at = $4 WHERE id = $1 AND ($2::uuid IS NULL OR id = $2)",
);
const SET_ROLE: Sql = Sql::new(
    "users.set_role",
    "UPDATE users SET role = $3, updated_at = $4 WHERE id = $1 AND ($2::uuid IS NULL OR id = $2)",
);
// Whoever asked for a reset of the old password, or with it for a new address, must not overwrite the new one, and whoever passed the first
// step of a sign-in with it must not take the second: that token is spent, while the tries that were made with it go on counting.
const SET_PASSWORD: Sql = Sql::new(
    "users.set_password",
    "WITH dropped AS (DELETE FROM one_time_tokens WHERE user_id = $1 AND kind IN ('reset_password', 'change_email')), \
     spent AS (UPDATE one_time_tokens SET hash = sha256(hash) WHERE user_id = $1 AND kind = 'mfa') \
     UPDATE users SET password_hash = $3, updated_at = $4 WHERE id = $1 AND ($2::uuid IS NULL OR id = $2)",
);
const DELETE: Sql = Sql::new(
    "users.delete",
    "DELETE FROM users WHERE id = $1 AND ($2::uuid IS NULL OR id = $2)",
);

/// The user and their password's hash, locked until the transaction ends.
pub(in crate::domains::users) async fn lock<A: ChangesUsers>(
    db: &mut Scoped,
    scope: &Scope<A>,
    id: Uuid,
) -> Result<Option<(User, Option<PasswordHash>)>, DbError> {
    let Some(row) = db.query_opt(&LOCK, &[&id, &scope.owner()]).await? else {
        return Ok(None);
    };
    let hash: Option<String> = row.get("password_hash")?;
    Ok(Some((user_of(&row)?, hash.map(PasswordHash::stored))))
}

/// The user, and how many others have the role `top` if it is theirs; all of them locked until the transaction ends.
pub(in crate::domains::users) async fn lock_with_peers<A: RemovesAdmins>(
    db: &mut Scoped,
    scope: &Scope<A>,
    id: Uuid,
    top: &RoleName,
) -> Result<Option<(User, usize)>, DbError> {
    let params: &[&dyn Param] = &[&id, &scope.owner(), &top.as_str()];
    let rows = db.query(&LOCK_WITH_PEERS, params).await?;
    let users = rows.iter().map(user_of).collect::<Result<Vec<_>, _>>()?;
    let peers = users.iter().filter(|user| user.id != id).count();
    let user = users.into_iter().find(|user| user.id == id);
    Ok(user.map(|user| (user, peers)))
}

pub(in crate::domains::users) async fn rename(
    db: &mut Scoped,
    scope: &Scope<UsersUpdate>,
    user: &User,
) -> Result<(), DbError> {
    let params: &[&dyn Param] = &[&user.id, &scope.owner(), &user.name, &user.updated_at];
    db.execute(&RENAME, params).await.map(drop)
}

pub(in crate::domains::users) async fn set_role(
    db: &mut Scoped,
    scope: &Scope<PermissionsAssign>,
    user: &User,
) -> Result<(), UserError> {
    let params: &[&dyn Param] = &[
        &user.id,
        &scope.owner(),
        &user.role.as_str(),
        &user.updated_at,
    ];
    let result = db.execute(&SET_ROLE, params).await;
    result.map(drop).map_err(|error| match error.constraint() {
        Some("users_role_fkey") => UserError::UnknownRole(user.role.clone()),
        _ => error.into(),
    })
}

pub(in crate::domains::users) async fn set_password(
    db: &mut Scoped,
    scope: &Scope<PasswordsChange>,
    id: Uuid,
    hash: &PasswordHash,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let params: &[&dyn Param] = &[&id, &scope.owner(), &hash.as_str(), &now];
    db.execute(&SET_PASSWORD, params).await.map(drop)
}

pub(in crate::domains::users) async fn delete<A: RemovesAdmins>(
    db: &mut Scoped,
    scope: &Scope<A>,
    id: Uuid,
) -> Result<(), DbError> {
    db.execute(&DELETE, &[&id, &scope.owner()]).await.map(drop)
}
