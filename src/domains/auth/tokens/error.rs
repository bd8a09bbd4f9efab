//! Why an access token does not hold. The caller is told; nobody can do more with it than read the words.

use super::TYP;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// No JWT, or not with the claims of an access token.
    #[error("this is no access token of this server")]
    Malformed,
    /// Its header names a key that is not among ours, or no longer.
    #[error("the access token is signed with a key that is not known here")]
    UnknownKey,
    /// `alg` is another than the key's.
    #[error("the access token is signed in a way that is not accepted")]
    Algorithm,
    /// `crit` asks for what is not understood here.
    #[error("the access token's header asks for extensions (`crit`), of which none is known here")]
    Critical,
    /// Signed with another key, or changed since.
    #[error("the access token's signature does not fit")]
    Signature,
    /// Signed for another use.
    #[error("expected an access token (`{TYP}`), found a token for another use")]
    Type,
    /// `iss` is another.
    #[error("the access token comes from another issuer")]
    Issuer,
    /// `aud` is another.
    #[error("the access token is for another audience")]
    Audience,
    /// Past its time.
    #[error("the access token has expired; refresh it")]
    Expired,
    /// `iat` or `nbf` lies ahead.
    #[error("the access token says that it holds from a time in the future")]
    FromTheFuture,
}
