//! The SQL of second factors. What a person does to their own demands the scope of it; what a sign-in asks goes round it, for there nobody is
//! known yet.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::model::{Factor, MfaState};
use crate::domains::access::{MfaManage, RoleName, RoleNameError, Scope};
use crate::tenancy::{DbError, Param, Scoped, Sql};

const STATE: Sql = Sql::new(
    "mfa.state",
    "SELECT (SELECT confirmed_at FROM totp WHERE user_id = $1 AND ($2::uuid IS NULL OR user_id = $2)) AS confirmed_at, \
     (SELECT count(*) FROM recovery_codes WHERE user_id = $1 AND ($2::uuid IS NULL OR user_id = $2)) AS codes_left",
);
const EMAIL: Sql = Sql::new(
    "mfa.email",
    "SELECT email FROM users WHERE id = $1 AND ($2::uuid IS NULL OR id = $2)",
);
const SET_UP: Sql = Sql::new(
    "mfa.set_up",
    "INSERT INTO totp (user_id, secret, created_at) SELECT id, $3, $4 FROM users \
     WHERE id = $1 AND ($2::uuid IS NULL OR id = $2) \
     ON CONFLICT (user_id) DO UPDATE SET secret = $3, last_step = 0, created_at = $4 \
     WHERE totp.confirmed_at IS NULL",
);
const CONFIRM: Sql = Sql::new(
    "mfa.confirm",
    "UPDATE totp SET confirmed_at = $3, last_step = $4 \
     WHERE user_id = $1 AND ($2::uuid IS NULL OR user_id = $2) AND confirmed_at IS NULL",
);
const TURN_OFF: Sql = Sql::new(
    "mfa.turn_off",
    "WITH codes AS (DELETE FROM recovery_codes WHERE user_id = $1 AND ($2::uuid IS NULL OR user_id = $2)) \
     DELETE FROM totp WHERE user_id = $1 AND ($2::uuid IS NULL OR user_id = $2)",
);
const FORGET_CODES: Sql = Sql::new(
    "mfa.forget_codes",
    "DELETE FROM recovery_codes WHERE user_id = $1 AND ($2::uuid IS NULL OR user_id = $2)",
);
const KEEP_CODE: Sql = Sql::new(
    "mfa.keep_code",
    "INSERT INTO recovery_codes (hash, user_id) SELECT $3, id FROM users \
     WHERE id = $1 AND ($2::uuid IS NULL OR id = $2)",
);
const FACTOR: Sql = Sql::new(
    "mfa.factor",
    "SELECT secret, confirmed_at FROM totp WHERE user_id = $1 FOR UPDATE",
);
const CHALLENGE: Sql = Sql::new(
    "mfa.challenge",
    "INSERT INTO one_time_tokens (hash, kind, user_id, created_at, expires_at) \
     SELECT $1, 'mfa', user_id, $3, $4 FROM totp WHERE user_id = $2 AND confirmed_at IS NOT NULL",
);
const CHALLENGED: Sql = Sql::new(
    "mfa.challenged",
    "SELECT t.user_id, u.role FROM one_time_tokens t JOIN users u ON u.id = t.user_id \
     WHERE t.hash = $1 AND t.kind = 'mfa' AND t.expires_at > $2 FOR SHARE OF u",
);
// Over all of the user's tokens: a new sign-in gives no new tries.
const TRIES: Sql = Sql::new(
    "mfa.tries",
    "SELECT coalesce(sum(attempts), 0) AS tries, coalesce(bool_or(hash = $2), false) AS alive \
     FROM one_time_tokens WHERE user_id = $1 AND kind = 'mfa' AND expires_at > $3",
);
const COUNT_TRY: Sql = Sql::new(
    "mfa.count_try",
    "UPDATE one_time_tokens SET attempts = attempts + 1 WHERE hash = $1 AND kind = 'mfa'",
);
const USE_STEP: Sql = Sql::new(
    "mfa.use_step",
    "UPDATE totp SET last_step = $2 WHERE user_id = $1 AND confirmed_at IS NOT NULL AND last_step < $2",
);
const USE_CODE: Sql = Sql::new(
    "mfa.use_code",
    "DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2",
);
const USE_TOKEN: Sql = Sql::new(
    "mfa.use_token",
    "DELETE FROM one_time_tokens WHERE hash = $1 AND kind = 'mfa'",
);

pub(super) async fn state(
    db: &mut Scoped,
    scope: &Scope<MfaManage>,
    user: Uuid,
) -> Result<MfaState, DbError> {
    let row = db.query_one(&STATE, &[&user, &scope.owner()]).await?;
    Ok(MfaState {
        confirmed_at: row.get("confirmed_at")?,
        recovery_codes_left: row.get("codes_left")?,
    })
}

pub(super) async fn email(
    db: &mut Scoped,
    scope: &Scope<MfaManage>,
    user: Uuid,
) -> Result<Option<String>, DbError> {
    let row = db.query_opt(&EMAIL, &[&user, &scope.owner()]).await?;
    row.map(|row| row.get("email")).transpose()
}

/// In the place of one that was not confirmed. Whether it was done: not where one is in force.
pub(super) async fn set_up(
    db: &mut Scoped,
    scope: &Scope<MfaManage>,
    user: Uuid,
    sealed: &[u8],
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let params: &[&dyn Param] = &[&user, &scope.owner(), &sealed, &now];
    Ok(db.execute(&SET_UP, params).await? == 1)
}

/// Whether there was one to confirm.
pub(super) async fn confirm(
    db: &mut Scoped,
    scope: &Scope<MfaManage>,
    user: Uuid,
    step: i64,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let params: &[&dyn Param] = &[&user, &scope.owner(), &now, &step];
    Ok(db.execute(&CONFIRM, params).await? == 1)
}

/// With its recovery codes. Whether there was one.
pub(super) async fn turn_off(
    db: &mut Scoped,
    scope: &Scope<MfaManage>,
    user: Uuid,
) -> Result<bool, DbError> {
    Ok(db.execute(&TURN_OFF, &[&user, &scope.owner()]).await? == 1)
}

/// These are the user's codes from now on, and no others.
pub(super) async fn replace_codes(
    db: &mut Scoped,
    scope: &Scope<MfaManage>,
    user: Uuid,
    hashes: &[Vec<u8>],
) -> Result<(), DbError> {
    db.execute(&FORGET_CODES, &[&user, &scope.owner()]).await?;
    for hash in hashes {
        db.execute(&KEEP_CODE, &[&user, &scope.owner(), hash])
            .await?;
    }
    Ok(())
}

/// Locked until the transaction ends, so that a user's tries come one after the other.
pub(super) async fn factor(db: &mut Scoped, user: Uuid) -> Result<Option<Factor>, DbError> {
    let row = db.query_opt(&FACTOR, &[&user]).await?;
    let factor = row.map(|row| {
        Ok(Factor {
            secret: row.get("secret")?,
            confirmed_at: row.get("confirmed_at")?,
        })
    });
    factor.transpose()
}

/// Whether the user has a second factor in force; only then a token is kept.
pub(super) async fn challenge(
    db: &mut Scoped,
    hash: &[u8],
    user: Uuid,
    now: DateTime<Utc>,
    expires: DateTime<Utc>,
) -> Result<bool, DbError> {
    let params: &[&dyn Param] = &[&hash, &user, &now, &expires];
    Ok(db.execute(&CHALLENGE, params).await? == 1)
}

/// Whose token this is, and their role, which cannot change until the transaction ends.
pub(super) async fn challenged(
    db: &mut Scoped,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<(Uuid, RoleName)>, DbError> {
    let Some(row) = db.query_opt(&CHALLENGED, &[&hash, &now]).await? else {
        return Ok(None);
    };
    let role: String = row.get("role")?;
    let role = role
        .parse()
        .map_err(|e: RoleNameError| DbError::Inconsistent {
            column: "role",
            reason: e.to_string(),
        })?;
    Ok(Some((row.get("user_id")?, role)))
}

/// How often the user was wrong of late, and whether the token is still there. Ask under the lock of [`factor`].
pub(super) async fn tries(
    db: &mut Scoped,
    user: Uuid,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<(i64, bool), DbError> {
    let row = db.query_one(&TRIES, &[&user, &hash, &now]).await?;
    Ok((row.get("tries")?, row.get("alive")?))
}

pub(super) async fn count_try(db: &mut Scoped, hash: &[u8]) -> Result<(), DbError> {
    db.execute(&COUNT_TRY, &[&hash]).await.map(drop)
}

/// Whether no code of this step or a later one was used before.
pub(super) async fn use_step(db: &mut Scoped, user: Uuid, step: i64) -> Result<bool, DbError> {
    Ok(db.execute(&USE_STEP, &[&user, &step]).await? == 1)
}

/// Whether it was one of the user's.
pub(super) async fn use_code(db: &mut Scoped, user: Uuid, hash: &[u8]) -> Result<bool, DbError> {
    Ok(db.execute(&USE_CODE, &[&user, &hash]).await? == 1)
}

pub(super) async fn use_token(db: &mut Scoped, hash: &[u8]) -> Result<(), DbError> {
    db.execute(&USE_TOKEN, &[&hash]).await.map(drop)
}
