//! What can go wrong with users, and what it means.

use crate::domains::access::{Denied, RoleName};
use crate::domains::idempotency::IdempotencyError;
use crate::domains::passwords::HashError;
use crate::error::{Error, ErrorKind, FieldError};
use crate::tenancy::DbError;

use super::email::Email;
use super::subject::Subject;

/// A use case that failed.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// There is none with this id that the caller may see.
    #[error("there is no such user")]
    NotFound,
    /// Another user has this address.
    #[error("another user of this tenant has the e-mail address `{0}`; choose another")]
    EmailTaken(Email),
    /// Another user has this subject.
    #[error("another user of this tenant has the subject `{0}`; take it from them first")]
    SubjectTaken(Subject),
    /// Super admins exist in the platform's tenant only.
    #[error("expected guest, member or admin, found super_admin, which only the platform has")]
    SuperAdminOfTenant,
    /// The tenant has no such role.
    #[error("there is no role `{0}`; GET /roles lists them")]
    UnknownRole(RoleName),
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The password was not hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The `Idempotency-Key`.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<UserError> for Error {
    fn from(error: UserError) -> Self {
        match error {
            UserError::NotFound => Self::not_found("user"),
            UserError::EmailTaken(_) => {
                Self::new(ErrorKind::Conflict, "email_taken", error.to_string())
            }
            UserError::SubjectTaken(_) => {
                Self::new(ErrorKind::Conflict, "subject_taken", error.to_string())
            }
            UserError::SuperAdminOfTenant => Self::validation(vec![FieldError::new(
                "/role",
                "role_not_here",
                error.to_string(),
            )]),
            UserError::UnknownRole(_) => Self::validation(vec![FieldError::new(
                "/role",
                "unknown_role",
                error.to_string(),
            )]),
            UserError::Denied(denied) => denied.into(),
            UserError::Hash(failure) => failure.into(),
            UserError::Idempotency(failure) => failure.into(),
            UserError::Db(failure) => failure.into(),
        }
    }
}
