//! The only place that makes identifiers and random tokens.

use std::time::Duration;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// The machine has no randomness to give. Nothing secret can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system's source of randomness failed")]
pub struct NoRandomness;

/// A new id: UUIDv7, so that rows sort by the time of their making.
#[expect(clippy::disallowed_methods, reason = "the one place that may")]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// A part of `whole` that chance gives, so that those who met do not meet again; nothing where the machine has no randomness.
pub fn random_part(whole: Duration) -> Duration {
    let [part] = random_bytes().unwrap_or_default();
    whole * u32::from(part) / u32::from(u8::MAX)
}

/// A new secret: 256 random bits as 43 characters of base64url.
pub fn random_token() -> Result<String, NoRandomness> {
    random_bytes::<32>().map(|bits| URL_SAFE_NO_PAD.encode(bits))
}

/// A new secret of `N` bytes.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}
