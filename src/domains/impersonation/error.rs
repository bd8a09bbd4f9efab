//! What can go wrong with impersonations, and what it means.

use crate::domains::access::Denied;
use crate::domains::auth::AuthError;
use crate::domains::idempotency::IdempotencyError;
use crate::error::{Error, ErrorKind};
use crate::tenancy::DbError;
use crate::vault::VaultError;

/// A use case that failed.
#[derive(Debug, thiserror::Error)]
pub enum ImpersonationError {
    /// There is none with this id.
    #[error("there is no such impersonation")]
    NotFound,
    /// The tenant has no such user.
    #[error("there is no such user in this tenant")]
    UserNotFound,
    /// Operators answer for what they do under their own names.
    #[error("nobody acts as an operator; choose a user of a tenant")]
    NeverAnOperator,
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The session.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The `Idempotency-Key`.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// A kept answer cannot be read.
    #[error("a kept answer holds no access token")]
    KeptAnswer,
    /// The token cannot be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The tenant is not there, or not served.
    #[error(transparent)]
    Tenant(#[from] Error),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<ImpersonationError> for Error {
    fn from(error: ImpersonationError) -> Self {
        match error {
            ImpersonationError::NotFound => Self::not_found("impersonation"),
            ImpersonationError::UserNotFound => Self::not_found("user"),
            ImpersonationError::NeverAnOperator => {
                Self::new(ErrorKind::Forbidden, "never_an_operator", error.to_string())
            }
            ImpersonationError::Denied(denied) => denied.into(),
            ImpersonationError::Auth(failure) => failure.into(),
            ImpersonationError::Idempotency(failure) => failure.into(),
            ImpersonationError::Tenant(failure) => failure,
            ImpersonationError::Db(failure) => failure.into(),
            ImpersonationError::KeptAnswer | ImpersonationError::Vault(_) => Self::internal(error),
        }
    }
}
