//! What can go wrong with projects, and what it means.

use crate::domains::access::Denied;
use crate::domains::idempotency::IdempotencyError;
use crate::error::{Error, ErrorKind};
use crate::tenancy::DbError;

/// A use case that failed.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// There is none with this id that the caller may see.
    #[error("there is no such project")]
    NotFound,
    /// Another project has this name.
    #[error("another project of this tenant has the name `{0}`; choose another")]
    NameTaken(String),
    /// Projects have an owner, and the system is nobody.
    #[error("a project needs an owner, and the system cannot be one")]
    NoOwner,
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

impl From<ProjectError> for Error {
    fn from(error: ProjectError) -> Self {
        match error {
            ProjectError::NotFound => Self::not_found("project"),
            ProjectError::NameTaken(_) => {
                Self::new(ErrorKind::Conflict, "name_taken", error.to_string())
            }
            ProjectError::NoOwner => Self::new(ErrorKind::Forbidden, "no_owner", error.to_string()),
            ProjectError::Denied(denied) => denied.into(),
            ProjectError::Idempotency(failure) => failure.into(),
            ProjectError::Db(failure) => failure.into(),
        }
    }
}
