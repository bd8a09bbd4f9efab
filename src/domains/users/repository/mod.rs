//! The SQL of users. What a caller sees is filtered by the scope of the action; only the lookup of a sign-in goes round it, by name.

mod changes;

use std::str::FromStr;

use uuid::Uuid;

pub(super) use changes::{delete, lock, lock_with_peers, rename, set_password, set_role};

use super::authorization::MakesUsers;
use super::email::Email;
use super::error::UserError;
use super::model::{Credentials, User};
use super::subject::{Subject, SubjectError};
use crate::domains::access::{RoleName, Scope, UsersRead};
use crate::domains::passwords::PasswordHash;
use crate::tenancy::{DbError, Param, Row, Scoped, Sql};

const FIND: Sql = Sql::new(
    "users.find",
    "SELECT id, email, email_verified, name, role, external_subject, created_at, updated_at FROM users \
     WHERE id = $1 AND ($2::uuid IS NULL OR id = $2)",
);
const FIND_BY_EMAIL: Sql = Sql::new(
    "users.find_by_email",
    "SELECT id, email, email_verified, name, role, external_subject, created_at, updated_at FROM users \
     WHERE email = $1 AND ($2::uuid IS NULL OR id = $2)",
);
const PAGE: Sql = Sql::new(
    "users.page",
    "SELECT id, email, email_verified, name, role, external_subject, created_at, updated_at FROM users \
     WHERE ($1::uuid IS NULL OR id > $1) AND ($2::uuid IS NULL OR id = $2) \
     ORDER BY id LIMIT $3",
);
const INSERT: Sql = Sql::new(
    "users.insert",
    "INSERT INTO users (id, email, email_verified, name, role, external_subject, password_hash, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
);
const CREDENTIALS: Sql = Sql::new(
    "users.credentials",
    "SELECT id, password_hash, email_verified FROM users WHERE email = $1",
);
const BY_SUBJECT: Sql = Sql::new(
    "users.by_subject",
    "SELECT id, role FROM users WHERE external_subject = $1",
);
const CONFIRM: Sql = Sql::new(
    "users.confirm",
    "SELECT role FROM users WHERE id = $1 AND password_hash = $2 FOR SHARE",
);
const ROLE_OF: Sql = Sql::new("users.role_of", "SELECT role FROM users WHERE id = $1");
const HOLD_ROLE: Sql = Sql::new(
    "users.hold_role",
    "SELECT role FROM users WHERE id = $1 FOR SHARE",
);
const REPLACE_HASH: Sql = Sql::new(
    "users.replace_hash",
    "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
);

pub(super) async fn find(
    db: &mut Scoped,
    scope: &Scope<UsersRead>,
    id: Uuid,
) -> Result<Option<User>, DbError> {
    let row = db.query_opt(&FIND, &[&id, &scope.owner()]).await?;
    row.as_ref().map(user_of).transpose()
}

pub(super) async fn find_by_email(
    db: &mut Scoped,
    scope: &Scope<UsersRead>,
    email: &Email,
) -> Result<Option<User>, DbError> {
    let params: &[&dyn Param] = &[&email.as_str(), &scope.owner()];
    let row = db.query_opt(&FIND_BY_EMAIL, params).await?;
    row.as_ref().map(user_of).transpose()
}

/// Oldest first, those after the id `after`.
pub(super) async fn page(
    db: &mut Scoped,
    scope: &Scope<UsersRead>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<User>, DbError> {
    let rows = db.query(&PAGE, &[&after, &scope.owner(), &limit]).await?;
    rows.iter().map(user_of).collect()
}

pub(super) async fn insert<A: MakesUsers>(
    db: &mut Scoped,
    _scope: &Scope<A>,
    user: &User,
    hash: &PasswordHash,
) -> Result<(), UserError> {
    let subject = user.external_subject.as_ref().map(Subject::as_str);
    let params: &[&dyn Param] = &[
        &user.id,
        &user.email.as_str(),
        &user.email_verified,
        &user.name,
        &user.role.as_str(),
        &subject,
        &hash.as_str(),
        &user.created_at,
    ];
    let result = db.execute(&INSERT, params).await;
    result
        .map(drop)
        .map_err(|error| match (error.constraint(), &user.external_subject) {
            (Some("users_email_key"), _) => UserError::EmailTaken(user.email.clone()),
            (Some("users_external_subject_key"), Some(subject)) => {
                UserError::SubjectTaken(subject.clone())
            }
            // It was deleted after it was looked up.
            (Some("users_role_fkey"), _) => UserError::UnknownRole(user.role.clone()),
            _ => error.into(),
        })
}

/// Round the scope: at a sign-in there is no caller yet. Whoever asks compares the password before anything is done or told.
pub(in crate::domains) async fn credentials(
    db: &mut Scoped,
    email: &Email,
) -> Result<Option<Credentials>, DbError> {
    let row = db.query_opt(&CREDENTIALS, &[&email.as_str()]).await?;
    let Some(row) = row else { return Ok(None) };
    let hash: Option<String> = row.get("password_hash")?;
    Ok(Some(Credentials {
        user_id: row.get("id")?,
        password_hash: hash.map(PasswordHash::stored),
        email_verified: row.get("email_verified")?,
    }))
}

/// Round the scope, for a token of the outside issuer that was verified: whose it is, and their role now.
pub(in crate::domains) async fn by_subject(
    db: &mut Scoped,
    subject: &Subject,
) -> Result<Option<(Uuid, RoleName)>, DbError> {
    let row = db.query_opt(&BY_SUBJECT, &[&subject.as_str()]).await?;
    let user = |row: &Row| Ok((row.get("id")?, parsed(row, "role")?));
    row.as_ref().map(user).transpose()
}

/// Round the scope, for a sign-in whose password was right: the user's role, if the password is still the one that was compared. Until
/// the transaction ends, it cannot change.
pub(in crate::domains) async fn confirm(
    db: &mut Scoped,
    id: Uuid,
    hash: &PasswordHash,
) -> Result<Option<RoleName>, DbError> {
    let row = db.query_opt(&CONFIRM, &[&id, &hash.as_str()]).await?;
    row.as_ref().map(|row| parsed(row, "role")).transpose()
}

/// Round the scope, for what belongs to a user in another slice, which asks its own scope: the user's role, if there is one.
pub(in crate::domains) async fn role_of(
    db: &mut Scoped,
    id: Uuid,
) -> Result<Option<RoleName>, DbError> {
    let row = db.query_opt(&ROLE_OF, &[&id]).await?;
    row.as_ref().map(|row| parsed(row, "role")).transpose()
}

/// The same, for who opens a session for them: until the transaction ends, the role cannot change, and the user cannot go.
pub(in crate::domains) async fn hold_role(
    db: &mut Scoped,
    id: Uuid,
) -> Result<Option<RoleName>, DbError> {
    let row = db.query_opt(&HOLD_ROLE, &[&id]).await?;
    row.as_ref().map(|row| parsed(row, "role")).transpose()
}

/// Round the scope, for a sign-in whose password was right: keeps the same password in a stronger hash. Nothing happens where the
/// password has changed since.
pub(in crate::domains) async fn replace_hash(
    db: &mut Scoped,
    id: Uuid,
    old: &PasswordHash,
    new: &PasswordHash,
) -> Result<(), DbError> {
    let params: &[&dyn Param] = &[&id, &old.as_str(), &new.as_str()];
    db.execute(&REPLACE_HASH, params).await.map(drop)
}

fn user_of(row: &Row) -> Result<User, DbError> {
    Ok(User {
        id: row.get("id")?,
        email: parsed(row, "email")?,
        email_verified: row.get("email_verified")?,
        name: row.get("name")?,
        role: parsed(row, "role")?,
        external_subject: subject_of(row)?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

fn subject_of(row: &Row) -> Result<Option<Subject>, DbError> {
    let text: Option<String> = row.get("external_subject")?;
    let subject = text.map(|text| text.parse());
    subject
        .transpose()
        .map_err(|e: SubjectError| DbError::Inconsistent {
            column: "external_subject",
            reason: e.to_string(),
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
