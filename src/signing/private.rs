//! Keys that sign.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;

use super::{CheckingKey, KeyError, MIN_SECRET_BYTES, PublicKey, SigningFailed};

/// A key that signs, with the one that checks what it signed. Cheap to clone.
#[derive(Clone)]
pub struct SigningKey {
    secret: Secret,
    checking: CheckingKey,
}

#[derive(Clone)]
enum Secret {
    Hmac(Arc<hmac::Key>),
    Ed25519(Arc<Ed25519KeyPair>),
    Rsa(Arc<RsaKeyPair>),
}

impl SigningKey {
    /// HMAC-SHA-256 with a shared secret.
    pub fn from_secret(secret: &str) -> Result<Self, KeyError> {
        if secret.len() < MIN_SECRET_BYTES {
            return Err(KeyError::ShortSecret);
        }
        let key = Arc::new(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()));
        Ok(Self {
            secret: Secret::Hmac(Arc::clone(&key)),
            checking: CheckingKey::Secret(key),
        })
    }

    /// The one `PRIVATE KEY` section (PKCS#8, not encrypted) of a PEM text.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes());
        let der = der.map_err(|_| KeyError::Pem)?;
        let der = der.secret_pkcs8_der();
        let (secret, public) = if let Ok(pair) = Ed25519KeyPair::from_pkcs8(der) {
            let public = PublicKey::ed25519(pair.public_key().as_ref())?;
            (Secret::Ed25519(Arc::new(pair)), public)
        } else {
            let pair = RsaKeyPair::from_pkcs8(der).map_err(|_| KeyError::Kind)?;
            let public = PublicKey::rsa(pair.public_key())?;
            (Secret::Rsa(Arc::new(pair)), public)
        };
        let checking = CheckingKey::Public(public);
        Ok(Self { secret, checking })
    }

    /// Checks what this key signed.
    pub fn checking(&self) -> &CheckingKey {
        &self.checking
    }

    /// The signature of `message`.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        match &self.secret {
            Secret::Hmac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            Secret::Ed25519(pair) => {
                let signature = pair.try_sign(message).map_err(|_| SigningFailed)?;
                Ok(signature.as_ref().to_vec())
            }
            Secret::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(
                    &RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    message,
                    &mut signature,
                )
                .map_err(|_| SigningFailed)?;
                Ok(signature)
            }
        }
    }
}

/// Nothing secret is shown.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.checking.algorithm().as_str())
    }
}
