//! The second step of a sign-in: a token for who had the right password, which a code turns into a session.
//!
//! Invariant: five wrong codes within a token's life, over all tokens of the user, and none is accepted until those tokens have expired.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::error::MfaError;
use super::totp::Secret;
use super::{recovery, repository};
use crate::domains::access::RoleName;
use crate::ids::random_token;
use crate::tenancy::Scoped;
use crate::vault::Vault;

/// Life of a token.
const LIFE: TimeDelta = TimeDelta::minutes(5);
/// Wrong codes that are borne.
const TRIES: i64 = 5;

/// What a client gets instead of tokens. Not shown: the token is worth a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    /// For `POST /auth/mfa/verify`.
    pub mfa_token: String,
    /// Its life, in seconds.
    pub expires_in: u64,
}

/// What proves the second factor. Not shown.
#[derive(Clone, PartialEq, Eq)]
pub enum Proof {
    /// Of an authenticator app.
    Code(String),
    /// Of the list that was shown once.
    RecoveryCode(String),
}

/// What an answer to a challenge is worth.
pub(in crate::domains) enum Answer {
    /// The token, and what proved it, are used; the role cannot change until the transaction ends.
    Right {
        user: Uuid,
        role: RoleName,
        /// By a recovery code.
        recovered: bool,
    },
    /// The try is counted, if it was somebody's.
    Wrong { user: Option<Uuid> },
}

/// In the transaction of a sign-in whose password was right: a challenge, if the user has a second factor in force.
pub(in crate::domains) async fn challenge(
    db: &mut Scoped,
    user: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Challenge>, MfaError> {
    let mfa_token = random_token()?;
    let asked = repository::challenge(db, &hash_of(&mfa_token), user, now, now + LIFE).await?;
    Ok(asked.then(|| Challenge {
        mfa_token,
        expires_in: LIFE.num_seconds().unsigned_abs(),
    }))
}

/// Compares and uses up, or counts, in a transaction that the caller commits either way.
pub(in crate::domains) async fn answer(
    db: &mut Scoped,
    vault: &Vault,
    token: &str,
    proof: &Proof,
    now: DateTime<Utc>,
) -> Result<Answer, MfaError> {
    let hash = hash_of(token);
    let Some((user, role)) = repository::challenged(db, &hash, now).await? else {
        return Ok(Answer::Wrong { user: None });
    };
    let wrong = Answer::Wrong { user: Some(user) };
    let factor = repository::factor(db, user).await?;
    let Some(factor) = factor.filter(|factor| factor.confirmed_at.is_some()) else {
        return Ok(wrong);
    };
    // Under the factor's lock: whoever came first with this token or another of the user has been counted.
    let (tries, alive) = repository::tries(db, user, &hash, now).await?;
    if !alive || tries >= TRIES {
        return Ok(wrong);
    }
    let right = match proof {
        Proof::Code(code) => match Secret::open(vault, &factor.secret)?.step(code, now)? {
            Some(step) => repository::use_step(db, user, step).await?,
            None => false,
        },
        Proof::RecoveryCode(code) => {
            let code = recovery::hash(vault, user, code)?;
            repository::use_code(db, user, &code).await?
        }
    };
    if !right {
        repository::count_try(db, &hash).await?;
        return Ok(wrong);
    }
    repository::use_token(db, &hash).await?;
    Ok(Answer::Right {
        user,
        role,
        recovered: matches!(proof, Proof::RecoveryCode(_)),
    })
}

/// SHA-256 is enough for 256 random bits.
fn hash_of(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}
