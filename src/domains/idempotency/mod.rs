//! `Idempotency-Key`: the same request again gives the same answer.
//!
//! Invariant: the answer is kept in the transaction that made the thing, so there is no thing without its answer, and no answer without
//! its thing. Keys belong to their actor and are kept for 24 hours.

mod repository;

use chrono::TimeDelta;
use serde_json::Value;
use uuid::Uuid;

use crate::clock::Clock;
use crate::error::{Error, ErrorKind};
use crate::tenancy::{DbError, Scoped};

/// How long a key is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// A request that may come again.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// Who sends it.
    pub actor: Uuid,
    /// What the client calls it, 1 to 255 characters.
    pub key: String,
    /// SHA-256 of method, path and body.
    pub fingerprint: Vec<u8>,
}

/// The answer to a creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The `Location` of what was made.
    pub location: String,
    /// The body.
    pub body: Value,
}

/// Why a key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdempotencyError {
    /// Another request had this key.
    #[error("this Idempotency-Key was sent with another request; use a new one for each request")]
    Mismatch,
    /// The first request with this key is at work.
    #[error("the first request with this Idempotency-Key is still running; try again soon")]
    Running,
}

impl From<IdempotencyError> for Error {
    fn from(error: IdempotencyError) -> Self {
        let (kind, code) = match error {
            IdempotencyError::Mismatch => (ErrorKind::Invalid, "idempotency_mismatch"),
            IdempotencyError::Running => (ErrorKind::Conflict, "idempotency_running"),
        };
        Self::new(kind, code, error.to_string())
    }
}

/// Asks, at the start of the creating transaction, whether this request was answered before. Holds the key until the transaction ends.
///
/// # Errors
/// [`IdempotencyError`] inside, the database's failure outside.
pub async fn claim(
    db: &mut Scoped,
    clock: &Clock,
    key: &IdempotencyKey,
) -> Result<Result<Option<Stored>, IdempotencyError>, DbError> {
    if !repository::lock(db, key).await? {
        return Ok(Err(IdempotencyError::Running));
    }
    repository::purge(db, key, clock.now() - KEPT).await?;
    Ok(match repository::find(db, key).await? {
        Some((fingerprint, _)) if fingerprint != key.fingerprint => Err(IdempotencyError::Mismatch),
        Some((_, stored)) => Ok(Some(stored)),
        None => Ok(None),
    })
}

/// Keeps the answer, at the end of the creating transaction.
///
/// # Errors
/// See [`DbError`].
pub async fn keep(
    db: &mut Scoped,
    clock: &Clock,
    key: &IdempotencyKey,
    answer: &Stored,
) -> Result<(), DbError> {
    repository::insert(db, key, answer, clock.now()).await
}
