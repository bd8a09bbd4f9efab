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
    /// A tenant always has somebody of its top role.
    #[error("this is the tenant's last {0}; give somebody else the role first")]
    LastAdmin(RoleName),
    /// To delete oneself is another operation, which asks for a fresh sign-in.
    #[error("expected another user's id, found your own; use DELETE /users/me")]
    Oneself,
    /// One's own password is changed by who knows it.
    #[error("to change your own password, send `current_password` with it")]
    NoCurrentPassword,
    /// The password of now is another.
    #[error("this is not your current password")]
    WrongPassword,
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
            UserError::LastAdmin(_) => {
                Self::new(ErrorKind::Conflict, "last_admin", error.to_string())
            }
            UserError::Oneself => Self::new(ErrorKind::Forbidden, "not_self", error.to_string()),
            UserError::NoCurrentPassword => Self::validation(vec![FieldError::new(
                "/current_password",
                "required",
                error.to_string(),
            )]),
            UserError::WrongPassword => Self::validation(vec![FieldError::new(
                "/current_password",
                "wrong_password",
                error.to_string(),
            )]),
            UserError::Denied(denied) => denied.into(),
            UserError::Hash(failure) => failure.into(),
            UserError::Idempotency(failure) => failure.into(),
            UserError::Db(failure) => failure.into(),
        }
    }
}
