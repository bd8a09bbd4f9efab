//! Public keys: those that check, and how they are published (RFC 7517).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rsa::PublicKey as RsaPublicKey;
use aws_lc_rs::signature::{ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;

use super::{Algorithm, KeyError};

/// What stands before the 32 bytes of an Ed25519 key in its `SubjectPublicKeyInfo` (RFC 8410).
const ED25519_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
/// Sizes of an RSA key, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A public key. Cheap to clone; it is parsed once.
#[derive(Clone)]
pub struct PublicKey {
    inner: Arc<Inner>,
}

struct Inner {
    parsed: ParsedPublicKey,
    kid: String,
    jwk: Jwk,
}

/// The numbers of a public key as a JSON Web Key tells them: base64url without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Jwk {
    /// `kty` is `OKP`, `crv` is `Ed25519`.
    Ed25519 {
        /// The key.
        x: String,
    },
    /// `kty` is `RSA`.
    Rsa {
        /// The modulus.
        n: String,
        /// The exponent.
        e: String,
    },
}

impl PublicKey {
    /// Every `PUBLIC KEY` section of a PEM text, at least one.
    pub fn all_from_pem(text: &str) -> Result<Vec<Self>, KeyError> {
        let sections = SubjectPublicKeyInfoDer::pem_slice_iter(text.as_bytes());
        let keys: Vec<Self> = sections
            .map(|section| Self::from_spki(section.map_err(|_| KeyError::Pem)?.as_ref()))
            .collect::<Result<_, _>>()?;
        if keys.is_empty() {
            Err(KeyError::Pem)
        } else {
            Ok(keys)
        }
    }

    fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        match der.strip_prefix(&ED25519_PREFIX) {
            Some(key) => Self::ed25519(key),
            None => Self::rsa(&RsaPublicKey::from_der(der).map_err(|_| KeyError::Kind)?),
        }
    }

    pub(super) fn ed25519(key: &[u8]) -> Result<Self, KeyError> {
        let parsed = ParsedPublicKey::new(&ED25519, key).map_err(|_| KeyError::Kind)?;
        let x = BASE64_URL_SAFE_NO_PAD.encode(key);
        Ok(Self::new(parsed, Jwk::Ed25519 { x }))
    }

    pub(super) fn rsa(key: &RsaPublicKey) -> Result<Self, KeyError> {
        let modulus = key.modulus();
        let modulus = modulus.big_endian_without_leading_zero();
        let unused = modulus.first().map_or(0, |byte| byte.leading_zeros());
        if !RSA_BITS.contains(&(modulus.len() * 8 - unused as usize)) {
            return Err(KeyError::Kind);
        }
        let parsed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        let exponent = key.exponent();
        let jwk = Jwk::Rsa {
            n: BASE64_URL_SAFE_NO_PAD.encode(modulus),
            e: BASE64_URL_SAFE_NO_PAD.encode(exponent.big_endian_without_leading_zero()),
        };
        Ok(Self::new(parsed.map_err(|_| KeyError::Kind)?, jwk))
    }

    fn new(parsed: ParsedPublicKey, jwk: Jwk) -> Self {
        let kid = jwk.thumbprint();
        Self {
            inner: Arc::new(Inner { parsed, kid, jwk }),
        }
    }

    /// The algorithm that goes with it.
    pub fn algorithm(&self) -> Algorithm {
        match self.inner.jwk {
            Jwk::Ed25519 { .. } => Algorithm::EdDsa,
            Jwk::Rsa { .. } => Algorithm::Rs256,
        }
    }

    /// Its name: the same wherever it is computed, for it is made of the key alone (RFC 7638).
    pub fn kid(&self) -> &str {
        &self.inner.kid
    }

    /// Its numbers, for publishing.
    pub fn jwk(&self) -> &Jwk {
        &self.inner.jwk
    }

    pub(super) fn fits(&self, message: &[u8], signature: &[u8]) -> bool {
        self.inner.parsed.verify_sig(message, signature).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.kid())
    }
}

impl Jwk {
    pub(super) fn thumbprint(&self) -> String {
        let canonical = match self {
            Self::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#),
            Self::Rsa { n, e } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
        };
        BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes()))
    }
}
