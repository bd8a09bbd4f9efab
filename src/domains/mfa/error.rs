//! What can go wrong with second factors, and what it means.

use crate::domains::access::Denied;
use crate::error::{Error, ErrorKind};
use crate::ids::NoRandomness;
use crate::tenancy::DbError;
use crate::vault::VaultError;

/// A use case that failed.
#[derive(Debug, thiserror::Error)]
pub enum MfaError {
    /// There is one already.
    #[error("a second factor is in force already; turn it off first")]
    Enabled,
    /// There is none to confirm, or none in force to work on.
    #[error("there is no second factor for this; begin with POST /users/me/mfa/totp")]
    NotSetUp,
    /// The code is wrong, late, or was used.
    #[error("this code is wrong or was used; wait for the next one, and see that the clocks agree")]
    InvalidCode,
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The stored secret makes no codes.
    #[error("a second factor's secret cannot be used: {0}")]
    Totp(String),
    /// A secret cannot be sealed or opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// No randomness for a secret.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<MfaError> for Error {
    fn from(error: MfaError) -> Self {
        let (kind, code) = match error {
            MfaError::Enabled => (ErrorKind::Conflict, "mfa_enabled"),
            MfaError::NotSetUp => (ErrorKind::Conflict, "mfa_not_set_up"),
            MfaError::InvalidCode => (ErrorKind::Invalid, "invalid_code"),
            MfaError::Denied(denied) => return denied.into(),
            MfaError::Db(failure) => return failure.into(),
            MfaError::Totp(_) | MfaError::Vault(_) | MfaError::NoRandomness(_) => {
                return Self::internal(error);
            }
        };
        Self::new(kind, code, error.to_string())
    }
}
