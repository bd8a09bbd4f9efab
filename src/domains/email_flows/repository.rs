//! The SQL of the tokens that mails carry, and of what they prove of a user.
//!
//! Only the change of an address is asked for by a signed-in caller, and filtered by their scope. Everybody else comes with a token, or with
//! an address that is only written to.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::error::EmailFlowError;
use super::model::{Kind, LIFE, OneTimeToken, Person, Proof};
use crate::domains::access::{EmailsChange, Scope};
use crate::domains::passwords::PasswordHash;
use crate::domains::users::Email;
use crate::tenancy::{DbError, Param, Row, Scoped, Sql};

// The user stays locked, so that of two who ask at once only the later one's token is left.
const BY_EMAIL: Sql = Sql::new(
    "email_flows.by_email",
    "SELECT u.id, u.email, u.name, u.role, u.email_verified FROM users u \
     WHERE u.email = $1 FOR NO KEY UPDATE OF u",
);
const BY_ID: Sql = Sql::new(
    "email_flows.by_id",
    "SELECT u.id, u.email, u.name, u.role, u.email_verified FROM users u \
     WHERE u.id = $1 AND ($2::uuid IS NULL OR u.id = $2) FOR NO KEY UPDATE OF u",
);
const IS_TAKEN: Sql = Sql::new(
    "email_flows.is_taken",
    "SELECT EXISTS (SELECT FROM users WHERE email = $1 AND id <> $2) AS taken",
);
const PUT: Sql = Sql::new(
    "email_flows.put",
    "WITH dropped AS (DELETE FROM one_time_tokens WHERE user_id = $2 AND kind = $3) \
     INSERT INTO one_time_tokens (hash, user_id, kind, email, created_at, expires_at) \
     VALUES ($1, $2, $3, $4, $5, $6)",
);
const HOLDS: Sql = Sql::new(
    "email_flows.holds",
    "SELECT EXISTS (SELECT FROM one_time_tokens WHERE hash = $1 AND kind = $2 AND expires_at > $3) AS holds",
);
const TAKE: Sql = Sql::new(
    "email_flows.take",
    "DELETE FROM one_time_tokens WHERE hash = $1 AND kind = $2 AND expires_at > $3 RETURNING user_id, email",
);
// A half-done sign-in is spent and not dropped: the tries that were made with it go on counting.
const DROP: Sql = Sql::new(
    "email_flows.drop",
    "WITH spent AS (UPDATE one_time_tokens SET hash = sha256(hash) WHERE user_id = $1 AND kind = 'mfa' AND $2::text IS NULL) \
     DELETE FROM one_time_tokens WHERE user_id = $1 AND kind <> 'mfa' AND ($2::text IS NULL OR kind = $2)",
);
const VERIFY: Sql = Sql::new(
    "email_flows.verify",
    "UPDATE users SET email_verified = true, updated_at = $3 WHERE id = $1 AND email = $2",
);
const SET_PASSWORD: Sql = Sql::new(
    "email_flows.set_password",
    "UPDATE users SET password_hash = $3, email_verified = true, updated_at = $4 WHERE id = $1 AND email = $2",
);
const SET_EMAIL: Sql = Sql::new(
    "email_flows.set_email",
    "UPDATE users SET email = $2, email_verified = true, updated_at = $3 WHERE id = $1",
);

/// Round the scope: whoever asks for a mail to an address learns nothing of whose it is.
pub(super) async fn by_email(db: &mut Scoped, email: &Email) -> Result<Option<Person>, DbError> {
    let row = db.query_opt(&BY_EMAIL, &[&email.as_str()]).await?;
    row.as_ref().map(person_of).transpose()
}

pub(super) async fn by_id(
    db: &mut Scoped,
    scope: &Scope<EmailsChange>,
    id: Uuid,
) -> Result<Option<Person>, DbError> {
    let row = db.query_opt(&BY_ID, &[&id, &scope.owner()]).await?;
    row.as_ref().map(person_of).transpose()
}

/// Round the scope: whose token was used up.
pub(super) async fn by_proof(db: &mut Scoped, proof: &Proof) -> Result<Option<Person>, DbError> {
    let params: &[&dyn Param] = &[&proof.user_id, &None::<Uuid>];
    let row = db.query_opt(&BY_ID, params).await?;
    row.as_ref().map(person_of).transpose()
}

/// Whether another user has this address.
pub(super) async fn is_taken(db: &mut Scoped, email: &Email, by: Uuid) -> Result<bool, DbError> {
    let row = db.query_one(&IS_TAKEN, &[&email.as_str(), &by]).await?;
    row.get("taken")
}

/// Keeps the hash of a new token that `email` is sent; the user's earlier ones of this kind hold no longer.
pub(super) async fn put(
    db: &mut Scoped,
    token: &OneTimeToken,
    kind: Kind,
    user: Uuid,
    email: &Email,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let expires = now + LIFE;
    let params: &[&dyn Param] = &[
        &token.hash(),
        &user,
        &kind.as_str(),
        &email.as_str(),
        &now,
        &expires,
    ];
    db.execute(&PUT, params).await.map(drop)
}

/// Whether a token with this hash could be used.
pub(super) async fn holds(
    db: &mut Scoped,
    hash: &[u8],
    kind: Kind,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let row = db.query_one(&HOLDS, &[&hash, &kind.as_str(), &now]).await?;
    row.get("holds")
}

/// Uses a token up, once.
pub(super) async fn take(
    db: &mut Scoped,
    hash: &[u8],
    kind: Kind,
    now: DateTime<Utc>,
) -> Result<Option<Proof>, DbError> {
    let row = db.query_opt(&TAKE, &[&hash, &kind.as_str(), &now]).await?;
    let proof = |row: &Row| {
        Ok(Proof {
            user_id: row.get("user_id")?,
            email: parsed(row, "email")?,
        })
    };
    row.as_ref().map(proof).transpose()
}

/// Takes the user's other tokens away: those of `kind`, or all of them.
pub(super) async fn drop_tokens(
    db: &mut Scoped,
    user: Uuid,
    kind: Option<Kind>,
) -> Result<(), DbError> {
    let kind = kind.map(|kind| kind.as_str().to_owned());
    db.execute(&DROP, &[&user, &kind]).await.map(drop)
}

/// Whether the address that was proved is still the user's.
pub(super) async fn verify(
    db: &mut Scoped,
    proof: &Proof,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let params: &[&dyn Param] = &[&proof.user_id, &proof.email.as_str(), &now];
    Ok(db.execute(&VERIFY, params).await? == 1)
}

/// The same, with a new password.
pub(super) async fn set_password(
    db: &mut Scoped,
    proof: &Proof,
    hash: &PasswordHash,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let params: &[&dyn Param] = &[&proof.user_id, &proof.email.as_str(), &hash.as_str(), &now];
    Ok(db.execute(&SET_PASSWORD, params).await? == 1)
}

/// Gives the user the address that was proved.
pub(super) async fn set_email(
    db: &mut Scoped,
    proof: &Proof,
    now: DateTime<Utc>,
) -> Result<(), EmailFlowError> {
    let params: &[&dyn Param] = &[&proof.user_id, &proof.email.as_str(), &now];
    let result = db.execute(&SET_EMAIL, params).await;
    result.map(drop).map_err(|error| match error.constraint() {
        Some("users_email_key") => EmailFlowError::EmailTaken(proof.email.clone()),
        _ => error.into(),
    })
}

fn person_of(row: &Row) -> Result<Person, DbError> {
    Ok(Person {
        id: row.get("id")?,
        email: parsed(row, "email")?,
        name: row.get("name")?,
        role: parsed(row, "role")?,
        email_verified: row.get("email_verified")?,
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
