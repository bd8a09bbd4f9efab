//! What can go wrong with sign-ins, and what it means.

use std::time::Duration;

use super::outside::{NoHttpClient, OutsideError};
use super::tokens::TokenError;
use crate::domains::access::Denied;
use crate::domains::mfa::MfaError;
use crate::domains::passwords::HashError;
use crate::error::{Error, ErrorKind};
use crate::ids::NoRandomness;
use crate::signing::SigningFailed;
use crate::tenancy::{DbError, TenantId};

/// A use case that failed.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The e-mail, the password, or both: nobody is told which.
    #[error("the e-mail address or the password is wrong")]
    InvalidCredentials,
    /// The password was right, but nobody has shown that the address is theirs.
    #[error(
        "the e-mail address has not been confirmed; follow the link in the mail, or ask for another"
    )]
    EmailUnverified,
    /// The refresh token is unknown here, used, too old, or of a session that has ended.
    #[error("this refresh token does not hold; sign in again")]
    InvalidGrant,
    /// The token of the first step, the code, or both: nobody is told which.
    #[error(
        "the second factor was not proved: the code or the `mfa_token` is wrong, was used or is too old, or there were too many tries; after five minutes sign in again"
    )]
    InvalidMfa,
    /// The second factor was not looked at.
    #[error(transparent)]
    Mfa(#[from] MfaError),
    /// The access token does not hold.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The outside issuer's token does not hold, or cannot be checked.
    #[error(transparent)]
    Outside(#[from] OutsideError),
    /// The session was ended before its token was.
    #[error("the session of this access token has ended; sign in again")]
    SessionEnded,
    /// It was ended by the deletion of this tenant, which its bearer belonged to.
    #[error("the session of this access token has ended; sign in again")]
    EndedWithTenant(TenantId),
    /// The token is another tenant's.
    #[error("this access token is for another tenant than the request")]
    TenantMismatch,
    /// This node has lost sight of what is revoked.
    #[error("it cannot be told now whether this session has ended; try again in a second")]
    Unsure,
    /// Password or account changed between the check of the password and the sign-in.
    #[error("the account changed during the sign-in; try again")]
    AccountChanged,
    /// The system has no session to end, and neither have those who signed in elsewhere.
    #[error("there is no session here to end; sign out where you signed in")]
    NoSession,
    /// There is no user with this id that the caller may see.
    #[error("there is no such user")]
    UserNotFound,
    /// The user has no such session, or it has ended.
    #[error("there is no such session, or it has ended")]
    SessionNotFound,
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The password was not compared.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// No randomness for a token.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The access token was not signed.
    #[error("an access token cannot be signed")]
    Signing(#[from] SigningFailed),
    /// The outside issuer cannot be asked, ever.
    #[error(transparent)]
    NoHttpClient(#[from] NoHttpClient),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        let (kind, code) = match error {
            AuthError::InvalidCredentials => (ErrorKind::Unauthenticated, "invalid_credentials"),
            AuthError::InvalidMfa => (ErrorKind::Unauthenticated, "invalid_mfa"),
            AuthError::EmailUnverified => (ErrorKind::Forbidden, "email_unverified"),
            AuthError::InvalidGrant => (ErrorKind::Unauthenticated, "invalid_grant"),
            AuthError::Outside(OutsideError::Unavailable) => {
                (ErrorKind::Unavailable, "issuer_unavailable")
            }
            AuthError::Token(_)
            | AuthError::Outside(_)
            | AuthError::SessionEnded
            | AuthError::EndedWithTenant(_) => (ErrorKind::Unauthenticated, "invalid_token"),
            AuthError::TenantMismatch => (ErrorKind::Forbidden, "tenant_mismatch"),
            AuthError::NoSession => (ErrorKind::Forbidden, "no_session"),
            AuthError::Unsure => (ErrorKind::Unavailable, "session_state_unknown"),
            AuthError::AccountChanged => (ErrorKind::Unavailable, "login_busy"),
            AuthError::UserNotFound => return Self::not_found("user"),
            AuthError::SessionNotFound => (ErrorKind::NotFound, "not_found"),
            AuthError::Denied(denied) => return denied.into(),
            AuthError::Hash(failure) => return failure.into(),
            AuthError::Mfa(failure) => return failure.into(),
            AuthError::Db(failure) => return failure.into(),
            AuthError::NoRandomness(_) | AuthError::Signing(_) | AuthError::NoHttpClient(_) => {
                return Self::internal(error);
            }
        };
        let error = Self::new(kind, code, error.to_string());
        match kind {
            ErrorKind::Unavailable => error.retry_after(Duration::from_secs(1)),
            _ => error,
        }
    }
}
