//! Keys that sign and check JSON Web Signatures (RFC 7515): HMAC-SHA-256, Ed25519, and RSA with SHA-256.
//!
//! Invariant: the algorithm is the key's own. Nothing here takes one as an argument, so nothing that a token says can choose it.

mod private;
mod public;
#[cfg(test)]
mod tests;

pub use private::SigningKey;
pub use public::{Jwk, PublicKey};

use std::sync::Arc;

use aws_lc_rs::hmac;

/// Fewest bytes of a shared secret: as many as its hash has.
pub const MIN_SECRET_BYTES: usize = 32;
/// Longest signature, in bytes: that of the longest RSA key (8192 bits).
pub const MAX_SIGNATURE_BYTES: usize = 1024;

/// What is used with a key, as `alg` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC-SHA-256.
    Hs256,
    /// Ed25519.
    EdDsa,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

impl Algorithm {
    /// As `alg` names it (RFC 7518, RFC 8037).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
        }
    }
}

/// Why a text holds no key that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A shared secret of fewer than [`MIN_SECRET_BYTES`].
    #[error("too short")]
    ShortSecret,
    /// No PEM, or with other sections than were expected.
    #[error("no such section in PEM form")]
    Pem,
    /// Neither Ed25519 nor RSA, or damaged.
    #[error("neither an Ed25519 nor an RSA key of 2048 to 8192 bits")]
    Kind,
}

/// The key did not sign; only a machine without randomness or memory comes here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signing key failed")]
pub struct SigningFailed;

/// Checks signatures. Cheap to clone.
#[derive(Clone)]
pub enum CheckingKey {
    /// The secret that signs as well.
    Secret(Arc<hmac::Key>),
    /// The public half.
    Public(PublicKey),
}

impl CheckingKey {
    /// The only algorithm under which it checks.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Secret(_) => Algorithm::Hs256,
            Self::Public(key) => key.algorithm(),
        }
    }

    /// The public half; a secret has none.
    pub fn public(&self) -> Option<&PublicKey> {
        match self {
            Self::Secret(_) => None,
            Self::Public(key) => Some(key),
        }
    }

    /// Whether `signature` is this key's, of `message`.
    pub fn fits(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Secret(key) => hmac::verify(key, message, signature).is_ok(),
            Self::Public(key) => key.fits(message, signature),
        }
    }
}
