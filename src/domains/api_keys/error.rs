//! What can go wrong with API keys, and what it means.

use crate::domains::access::Denied;
use crate::domains::idempotency::IdempotencyError;
use crate::error::{Error, ErrorKind, FieldError};
use crate::ids::NoRandomness;
use crate::tenancy::DbError;
use crate::vault::VaultError;

/// A use case that failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiKeyError {
    /// There is none with this id that the caller may see.
    #[error("there is no such API key")]
    NotFound,
    /// Keys have an owner, and the system is nobody.
    #[error("an API key needs an owner, and the system cannot be one")]
    NoOwner,
    /// Scopes that name no permission, by their places in the list.
    #[error("a scope is the name of a permission; GET /permissions lists them; see `errors`")]
    UnknownPermission(Vec<usize>),
    /// Scopes that the owner does not have, by their places in the list.
    #[error("a key can be limited to permissions that you have, and to no others; see `errors`")]
    ScopeBeyondOwner(Vec<usize>),
    /// The end lies behind.
    #[error("a key ends in the future, or never")]
    ExpiresInPast,
    /// Unknown here, rotated, deleted or expired: its holder is not told which.
    #[error("this API key does not hold")]
    Invalid,
    /// The key is another tenant's.
    #[error("this API key is for another tenant than the request")]
    TenantMismatch,
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The `Idempotency-Key`.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// A kept answer cannot be read.
    #[error("a kept answer holds no API key")]
    KeptAnswer,
    /// The key cannot be hashed or sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// No randomness for a key.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<ApiKeyError> for Error {
    fn from(error: ApiKeyError) -> Self {
        let words = error.to_string();
        let at = |places: Vec<usize>, code, detail: &str| {
            let mistake = |place| FieldError::new(format!("/scopes/{place}"), code, detail);
            let mistakes = places.into_iter().map(mistake).collect();
            Self::new(ErrorKind::Invalid, code, words.clone()).with_fields(mistakes)
        };
        match error {
            ApiKeyError::NotFound => Self::not_found("API key"),
            ApiKeyError::NoOwner => Self::new(ErrorKind::Forbidden, "no_owner", words),
            ApiKeyError::UnknownPermission(places) => {
                at(places, "unknown_permission", "expected a permission's name")
            }
            ApiKeyError::ScopeBeyondOwner(places) => at(
                places,
                "scope_beyond_owner",
                "expected a permission that you have",
            ),
            ApiKeyError::ExpiresInPast => {
                Self::validation(vec![FieldError::new("/expires_at", "not_in_future", words)])
            }
            ApiKeyError::Invalid => Self::new(ErrorKind::Unauthenticated, "invalid_api_key", words),
            ApiKeyError::TenantMismatch => {
                Self::new(ErrorKind::Forbidden, "tenant_mismatch", words)
            }
            ApiKeyError::Denied(denied) => denied.into(),
            ApiKeyError::Idempotency(failure) => failure.into(),
            ApiKeyError::Db(failure) => failure.into(),
            ApiKeyError::KeptAnswer | ApiKeyError::Vault(_) | ApiKeyError::NoRandomness(_) => {
                Self::internal(error)
            }
        }
    }
}
