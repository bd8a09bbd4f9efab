//! What can go wrong with feature flags, and what it means.

use crate::domains::access::Denied;
use crate::domains::idempotency::IdempotencyError;
use crate::error::{Error, ErrorKind, FieldError};
use crate::tenancy::DbError;

/// A use case that failed.
#[derive(Debug, thiserror::Error)]
pub enum FeatureError {
    /// There is none with this id that the caller may see.
    #[error("there is no such feature flag")]
    NotFound,
    /// Another flag has this key.
    #[error("another feature flag of this tenant has the key `{0}`; choose another")]
    KeyTaken(String),
    /// Values that do not fit their type or their operator.
    #[error("{} values are not acceptable", .0.len())]
    Invalid(Vec<FieldError>),
    /// The system is nobody, so it must say for whom it asks.
    #[error("expected a subject, for the system is in no bucket; name one")]
    NoSubject,
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The `Idempotency-Key`.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<FeatureError> for Error {
    fn from(error: FeatureError) -> Self {
        match error {
            FeatureError::NotFound => Self::not_found("feature flag"),
            FeatureError::KeyTaken(_) => {
                Self::new(ErrorKind::Conflict, "key_taken", error.to_string())
            }
            FeatureError::Invalid(mistakes) => Self::validation(mistakes),
            FeatureError::NoSubject => Self::validation(vec![FieldError::new(
                "/subject",
                "missing_field",
                error.to_string(),
            )]),
            FeatureError::Denied(denied) => denied.into(),
            FeatureError::Idempotency(failure) => failure.into(),
            FeatureError::Db(failure) => failure.into(),
        }
    }
}
