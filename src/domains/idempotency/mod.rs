//! `Idempotency-Key`: the same request again gives the same answer.
//!
//! Invariant: the answer is kept in the transaction that made the thing, so there is no thing without its answer, and no answer without
//! its thing. Keys belong to their actor and are kept for 24 hours.

mod repository;

use chrono::TimeDelta;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::clock::Clock;
use crate::error::{Error, ErrorKind};
use crate::tenancy::{DbError, Scoped};

/// How long a key is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// A request that may come again.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// The credential that sends it: a person or an API key.
    pub actor: Uuid,
    /// What the client calls it, 1 to 255 characters.
    pub key: String,
    /// SHA-256 of method, path and body.
    pub fingerprint: Vec<u8>,
}

/// What a creation that may come again has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once<T> {
    /// Made now.
    Now(T),
    /// Made before, by the same request: the answer of then.
    Before(T),
}

impl<T> Once<T> {
    /// What was made, now or before.
    pub fn into_inner(self) -> T {
        self.into_parts().0
    }

    /// What was made, and whether that was before.
    pub fn into_parts(self) -> (T, bool) {
        match self {
            Self::Now(made) => (made, false),
            Self::Before(made) => (made, true),
        }
    }
}

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdempotencyError {
    /// Another request had this key.
    #[error("this Idempotency-Key was sent with another request; use a new one for each request")]
    Mismatch,
    /// The first request with this key is at work.
    #[error("the first request with this Idempotency-Key is still running; try again soon")]
    Running,
    /// The answer of then cannot be written or read.
    #[error("a kept answer cannot be written or read")]
    Answer(#[from] serde_json::Error),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<IdempotencyError> for Error {
    fn from(error: IdempotencyError) -> Self {
        let (kind, code) = match error {
            IdempotencyError::Mismatch => (ErrorKind::Invalid, "idempotency_mismatch"),
            IdempotencyError::Running => (ErrorKind::Conflict, "idempotency_running"),
            IdempotencyError::Answer(_) => return Self::internal(error),
            IdempotencyError::Db(failure) => return failure.into(),
        };
        Self::new(kind, code, error.to_string())
    }
}

/// The answer to the same request before, asked at the start of the creating transaction. Where there is none, holds the key until the transaction
/// ends.
///
/// # Errors
/// See [`IdempotencyError`].
pub async fn replayed<T: DeserializeOwned>(
    db: &mut Scoped,
    clock: &Clock,
    key: Option<&IdempotencyKey>,
) -> Result<Option<T>, IdempotencyError> {
    let Some(key) = key else { return Ok(None) };
    let since = clock.now() - KEPT;
    // What is kept needs no lock: a replay commits nothing, so its lock would outlive its answer, and the next replay would run into it.
    let mut kept = repository::find(db, key, since).await?;
    if kept.is_none() {
        if !repository::lock(db, key).await? {
            return Err(IdempotencyError::Running);
        }
        repository::purge(db, key, since).await?;
        kept = repository::find(db, key, since).await?;
    }
    match kept {
        Some((fingerprint, _)) if fingerprint != key.fingerprint => Err(IdempotencyError::Mismatch),
        Some((_, answer)) => Ok(Some(serde_json::from_value(answer)?)),
        None => Ok(None),
    }
}

/// Deletes at most `limit` keys of the tenant that are no longer kept; tells how many.
///
/// # Errors
/// See [`DbError`].
pub async fn purge(db: &mut Scoped, clock: &Clock, limit: i64) -> Result<u64, DbError> {
    repository::purge_all(db, clock.now() - KEPT, limit).await
}

/// Keeps the answer, before the creating transaction ends.
///
/// # Errors
/// See [`IdempotencyError`].
pub async fn keep<T: Serialize>(
    db: &mut Scoped,
    clock: &Clock,
    key: Option<&IdempotencyKey>,
    answer: &T,
) -> Result<(), IdempotencyError> {
    let Some(key) = key else { return Ok(()) };
    let answer = serde_json::to_value(answer)?;
    Ok(repository::insert(db, key, &answer, clock.now()).await?)
}
