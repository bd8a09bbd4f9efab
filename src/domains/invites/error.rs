//! What can go wrong with invitations, and what it means.

use crate::domains::access::Denied;
use crate::domains::idempotency::IdempotencyError;
use crate::domains::passwords::HashError;
use crate::domains::users::{Email, UserError};
use crate::error::{Error, ErrorKind};
use crate::ids::NoRandomness;
use crate::tenancy::DbError;

/// A use case that failed.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// There is none with this id that the caller may see.
    #[error("there is no such invitation")]
    NotFound,
    /// An invitation of this address waits for its answer.
    #[error("`{0}` is invited already; send that invitation again, or withdraw it")]
    AlreadyInvited(Email),
    /// Unknown here, accepted, withdrawn, or replaced by a later mail: nobody is told which.
    #[error("this token is unknown, was used, or was replaced by that of a later mail")]
    TokenInvalid,
    /// The token was good for a week.
    #[error("this invitation is older than a week; ask for a new one")]
    Expired,
    /// The role, or the user to be.
    #[error(transparent)]
    User(#[from] UserError),
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
    /// The `Idempotency-Key`.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<InviteError> for Error {
    fn from(error: InviteError) -> Self {
        let (kind, code) = match error {
            InviteError::AlreadyInvited(_) => (ErrorKind::Conflict, "already_invited"),
            InviteError::TokenInvalid => (ErrorKind::Malformed, "token_invalid"),
            InviteError::Expired => (ErrorKind::Gone, "invite_expired"),
            InviteError::NotFound => return Self::not_found("invitation"),
            InviteError::User(failure) => return failure.into(),
            InviteError::Denied(denied) => return denied.into(),
            InviteError::Hash(failure) => return failure.into(),
            InviteError::Idempotency(failure) => return failure.into(),
            InviteError::Db(failure) => return failure.into(),
            InviteError::NoRandomness(_) | InviteError::Template(_) => {
                return Self::internal(error);
            }
        };
        Self::new(kind, code, error.to_string())
    }
}
