//! What can go wrong with looking into the log, and what it means.

use crate::domains::access::Denied;
use crate::error::Error;
use crate::tenancy::DbError;

/// A use case that failed.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// There is none with this id that the caller may see.
    #[error("there is no such entry")]
    NotFound,
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<AuditError> for Error {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::NotFound => Self::not_found("entry"),
            AuditError::Denied(denied) => denied.into(),
            AuditError::Db(failure) => failure.into(),
        }
    }
}
