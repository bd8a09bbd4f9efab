//! Reads an issuer's keys: the discovery document says where they are (`OpenID` Connect Discovery 1.0).
//!
//! Invariant: encrypted or from this machine, no redirects, bounded in size and time. The issuer is the operator's choice, not the caller's.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::config::is_safe_transport;

/// Longest document that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// How long each of the two documents may take.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The system's certificates cannot be used for HTTPS.
#[derive(Debug, thiserror::Error)]
#[error("no HTTPS client can be made to read the outside issuer's keys")]
pub struct NoHttpClient(#[source] reqwest::Error);

/// Why the keys could not be read; for the log.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("the issuer does not answer as it should")]
    Http(#[from] reqwest::Error),
    #[error("expected a document of at most {MAX_BYTES} bytes, found a longer one")]
    TooLong,
    #[error("the issuer's document cannot be understood")]
    Document(#[from] serde_json::Error),
    #[error("expected the document of the issuer in OIDC_ISSUER, found that of {0:?}")]
    Issuer(String),
    #[error("expected keys at an https address, found {0:?}")]
    Address(String),
}

/// A key of the issuer, and the only algorithm that goes with it.
pub(super) struct OutsideKey {
    pub(super) key: DecodingKey,
    pub(super) validation: Validation,
}

/// By `kid`.
pub(super) type KeySet = HashMap<String, Arc<OutsideKey>>;

/// Where the keys come from.
pub(super) struct Source {
    client: Client,
    issuer: String,
    discovery: Url,
}

#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct Published {
    /// Each is parsed by itself: one that we do not understand does not hide the others.
    keys: Vec<Value>,
}

impl Source {
    pub(super) fn new(issuer: &str, discovery: Url) -> Result<Self, NoHttpClient> {
        let client = Client::builder().redirect(Policy::none()).timeout(TIMEOUT);
        Ok(Self {
            client: client.build().map_err(NoHttpClient)?,
            issuer: issuer.to_owned(),
            discovery,
        })
    }

    pub(super) async fn fetch(&self) -> Result<KeySet, FetchError> {
        let found: Discovered = self.read(self.discovery.clone()).await?;
        if found.issuer != self.issuer {
            return Err(FetchError::Issuer(found.issuer));
        }
        let Some(keys) = found.jwks_uri.parse().ok().filter(is_safe_transport) else {
            return Err(FetchError::Address(found.jwks_uri));
        };
        let published: Published = self.read(keys).await?;
        let keys = published.keys.into_iter().filter_map(usable);
        Ok(keys.collect())
    }

    async fn read<T: DeserializeOwned>(&self, url: Url) -> Result<T, FetchError> {
        let response = self.client.get(url).send().await?.error_for_status()?;
        Ok(serde_json::from_slice(&limited(response).await?)?)
    }
}

async fn limited(mut response: Response) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(FetchError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A key that signs under RS256 or ES256 and has a name. Its kind decides; `alg` may agree or be silent.
fn usable(value: Value) -> Option<(String, Arc<OutsideKey>)> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        _ => return None,
    };
    let for_signing = matches!(
        jwk.common.public_key_use,
        None | Some(PublicKeyUse::Signature)
    );
    if !for_signing || jwk.common.key_algorithm.is_some_and(|alg| alg != named) {
        return None;
    }
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    // The claims are checked by our own clock, which tests can set, and by our own rules.
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let key = OutsideKey { key, validation };
    Some((jwk.common.key_id?, Arc::new(key)))
}
