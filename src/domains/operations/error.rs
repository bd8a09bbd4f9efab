//! What can go wrong with operations, and what it means.

use crate::domains::access::Denied;
use crate::error::Error;
use crate::tenancy::DbError;

/// A use case that failed.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// There is none with this id that the caller may see.
    #[error("there is no such operation")]
    NotFound,
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<OperationError> for Error {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::NotFound => Self::not_found("operation"),
            OperationError::Denied(denied) => denied.into(),
            OperationError::Db(failure) => failure.into(),
        }
    }
}
