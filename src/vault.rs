//! What the database keeps must be worth nothing without the server's own secret: keyed hashes and sealed texts, under `APP_SECRET`.
//!
//! Invariant: each use has a key of its own, derived by HKDF-SHA-256 from its name, so that what was made for one is nothing to another.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use aws_lc_rs::{hmac, rand};
use secrecy::{ExposeSecret, SecretString};

/// Why nothing was hashed, sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// Not sealed here for this use, or changed since; or the machine has no randomness.
    #[error("a sealed value cannot be opened or made; was APP_SECRET changed?")]
    Unspecified,
    /// There is no secret to work with.
    #[error("neither APP_SECRET nor JWT_SECRET is set; set APP_SECRET, the same on every node")]
    NoSecret,
}

impl From<Unspecified> for VaultError {
    fn from(_: Unspecified) -> Self {
        Self::Unspecified
    }
}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    root: Option<Arc<Prk>>,
}

/// 256 bits.
struct Bits256;

impl KeyType for Bits256 {
    fn len(&self) -> usize {
        32
    }
}

impl Vault {
    /// Under `secret`, at least 32 bytes. Commands that have none get a vault that refuses.
    pub fn new(secret: Option<&SecretString>) -> Self {
        let salt = Salt::new(HKDF_SHA256, b"tenantry vault");
        let root = secret.map(|secret| salt.extract(secret.expose_secret().as_bytes()));
        Self {
            root: root.map(Arc::new),
        }
    }

    /// HMAC-SHA-256 of `message`, for the use that `purpose` names.
    pub fn hmac(&self, purpose: &str, message: &[u8]) -> Result<Vec<u8>, VaultError> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.key("hmac", purpose)?);
        Ok(hmac::sign(&key, message).as_ref().to_vec())
    }

    /// Encrypts and authenticates by AES-256-GCM; the nonce stands before it.
    pub fn seal(&self, purpose: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce)?;
        let mut sealed = plain.to_vec();
        let aad = Aad::from(purpose.as_bytes());
        let nonce_used = Nonce::assume_unique_for_key(nonce);
        self.sealing_key(purpose)?
            .seal_in_place_append_tag(nonce_used, aad, &mut sealed)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// What [`Vault::seal`] was given.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (nonce, sealed) = sealed
            .split_at_checked(NONCE_LEN)
            .ok_or(VaultError::Unspecified)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce)?;
        let mut sealed = sealed.to_vec();
        let aad = Aad::from(purpose.as_bytes());
        let plain = self
            .sealing_key(purpose)?
            .open_in_place(nonce, aad, &mut sealed)?;
        Ok(plain.to_vec())
    }

    fn sealing_key(&self, purpose: &str) -> Result<LessSafeKey, VaultError> {
        let key = UnboundKey::new(&AES_256_GCM, &self.key("seal", purpose)?)?;
        Ok(LessSafeKey::new(key))
    }

    fn key(&self, kind: &str, purpose: &str) -> Result<[u8; 32], VaultError> {
        let mut key = [0; 32];
        let info = [kind.as_bytes(), b"\0", purpose.as_bytes()];
        let root = self.root.as_ref().ok_or(VaultError::NoSecret)?;
        root.expand(&info, Bits256)?.fill(&mut key)?;
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(secret: &str) -> Vault {
        Vault::new(Some(&secret.into()))
    }

    #[test]
    fn what_is_sealed_opens_for_the_same_use_under_the_same_secret_alone() {
        let sealed = vault("one").seal("totp", b"text").unwrap();
        assert_eq!(vault("one").open("totp", &sealed).unwrap(), b"text");
        assert_eq!(
            vault("one").open("other", &sealed),
            Err(VaultError::Unspecified)
        );
        assert_eq!(
            vault("two").open("totp", &sealed),
            Err(VaultError::Unspecified)
        );
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(
            vault("one").open("totp", &changed),
            Err(VaultError::Unspecified)
        );
        assert_eq!(
            vault("one").open("totp", b"short"),
            Err(VaultError::Unspecified)
        );
        assert_ne!(vault("one").seal("totp", b"text").unwrap(), sealed);
    }

    #[test]
    fn a_keyed_hash_depends_on_secret_and_use() {
        let hash = vault("one").hmac("keys", b"k").unwrap();
        assert_eq!(vault("one").hmac("keys", b"k").unwrap(), hash);
        assert_ne!(vault("one").hmac("codes", b"k").unwrap(), hash);
        assert_ne!(vault("two").hmac("keys", b"k").unwrap(), hash);
    }
}
