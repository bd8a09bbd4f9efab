//! The keys of access tokens: one that signs, and those that are accepted beside it while keys are rotated.
//!
//! Invariant: a token is checked with the key that its header names, under that key's own algorithm. Keys and addresses that a header
//! carries (`jwk`, `jku`, `x5u`, `x5c`) are never read.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::TYP;
use super::error::TokenError;
use crate::signing::{CheckingKey, MAX_SIGNATURE_BYTES, PublicKey, SigningFailed, SigningKey};

/// See the module.
pub(super) struct Keyring {
    signing: SigningKey,
    /// The signing key's own first.
    accepted: Vec<Accepted>,
}

/// A key whose tokens are accepted.
struct Accepted {
    /// The header that this server writes with it, encoded. A token that begins with it needs no parsing to know its key.
    header: String,
    key: CheckingKey,
}

/// What counts of a header that somebody else wrote, or an older version of this server.
#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

impl Keyring {
    pub(super) fn new(signing: SigningKey, previous: &[PublicKey]) -> Self {
        let own = signing.checking().clone();
        let others = previous
            .iter()
            .filter(|key| own.public().map(PublicKey::kid) != Some(key.kid()))
            .cloned()
            .map(CheckingKey::Public);
        let accepted = others.map(Accepted::new).collect::<Vec<_>>();
        let mut all = vec![Accepted::new(own)];
        all.extend(accepted);
        Self {
            signing,
            accepted: all,
        }
    }

    /// The public halves, the signing key's first. A shared secret has none.
    pub(super) fn public(&self) -> impl Iterator<Item = &PublicKey> {
        self.accepted.iter().filter_map(|known| known.key.public())
    }

    /// A token with these claims.
    pub(super) fn sign(&self, claims: &[u8]) -> Result<String, SigningFailed> {
        let own = self.accepted.first().ok_or(SigningFailed)?;
        let mut token = String::with_capacity(own.header.len() + claims.len() * 4 / 3 + 128);
        token.push_str(&own.header);
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self.signing.sign(token.as_bytes())?;
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    /// The claims of a token whose signature fits.
    pub(super) fn open(&self, token: &str) -> Result<Vec<u8>, TokenError> {
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(TokenError::Malformed)?;
        let key = self.named_by(header)?;
        let mut bytes = [0; MAX_SIGNATURE_BYTES];
        let length = BASE64_URL_SAFE_NO_PAD
            .decode_slice(signature, &mut bytes)
            .map_err(|_| TokenError::Malformed)?;
        let signature = bytes.get(..length).ok_or(TokenError::Malformed)?;
        if !key.fits(message.as_bytes(), signature) {
            return Err(TokenError::Signature);
        }
        BASE64_URL_SAFE_NO_PAD
            .decode(claims)
            .map_err(|_| TokenError::Malformed)
    }

    fn named_by(&self, encoded: &str) -> Result<&CheckingKey, TokenError> {
        let mut accepted = self.accepted.iter();
        if let Some(known) = accepted.find(|known| known.header == encoded) {
            return Ok(&known.key);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded);
        let bytes = bytes.map_err(|_| TokenError::Malformed)?;
        let header: Header = serde_json::from_slice(&bytes).map_err(|_| TokenError::Malformed)?;
        if header.crit.is_some() {
            return Err(TokenError::Critical);
        }
        if header.typ.as_deref() != Some(TYP) {
            return Err(TokenError::Type);
        }
        let mut accepted = self.accepted.iter();
        let named = accepted.find(|known| known.kid() == header.kid.as_deref());
        let key = &named.ok_or(TokenError::UnknownKey)?.key;
        if key.algorithm().as_str() == header.alg {
            Ok(key)
        } else {
            Err(TokenError::Algorithm)
        }
    }
}

impl Accepted {
    fn new(key: CheckingKey) -> Self {
        let mut header = json!({ "typ": TYP, "alg": key.algorithm().as_str() });
        if let Some(public) = key.public() {
            header["kid"] = json!(public.kid());
        }
        let header = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
        Self { header, key }
    }

    /// A shared secret has no name: there is one at most, and a name made of it would help to guess it.
    fn kid(&self) -> Option<&str> {
        self.key.public().map(PublicKey::kid)
    }
}
