//! What can go wrong with an e-mail flow, and what it means.

use crate::domains::access::Denied;
use crate::domains::passwords::HashError;
use crate::domains::users::{Email, UserError};
use crate::error::{Error, ErrorKind};
use crate::ids::NoRandomness;
use crate::tenancy::DbError;

/// A use case that failed.
#[derive(Debug, thiserror::Error)]
pub enum EmailFlowError {
    /// Unknown here, used, too old, for something else, or for an address that is no longer the user's: nobody is told which.
    #[error("this token is unknown, was used, or is older than an hour; ask for a new mail")]
    TokenInvalid,
    /// There is no user with this id that the caller may see.
    #[error("there is no such user")]
    NotFound,
    /// Another user has this address.
    #[error("another user of this tenant has the e-mail address `{0}`; choose another")]
    EmailTaken(Email),
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The password was not hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// No randomness for a token.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The mail cannot be written.
    #[error("a mail's template cannot be filled in")]
    Template(#[from] askama::Error),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<EmailFlowError> for Error {
    fn from(error: EmailFlowError) -> Self {
        match error {
            EmailFlowError::TokenInvalid => {
                Self::new(ErrorKind::Malformed, "token_invalid", error.to_string())
            }
            EmailFlowError::NotFound => UserError::NotFound.into(),
            EmailFlowError::EmailTaken(email) => UserError::EmailTaken(email).into(),
            EmailFlowError::Denied(denied) => denied.into(),
            EmailFlowError::Hash(failure) => failure.into(),
            EmailFlowError::Db(failure) => failure.into(),
            EmailFlowError::NoRandomness(_) | EmailFlowError::Template(_) => Self::internal(error),
        }
    }
}
