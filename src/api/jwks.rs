//! `/.well-known/jwks.json`: the keys by which others can check our access tokens. Public by their nature.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};

use super::Tag;
use super::state::State;
use crate::signing::{self, PublicKey};

/// Short enough that a key published five minutes before its first use is known everywhere.
const CACHE_CONTROL: &str = "public, max-age=300";

/// A public key (RFC 7517).
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
struct Jwk {
    /// `OKP` or `RSA`.
    kty: String,
    /// Its name in the header of tokens: the SHA-256 thumbprint of the key (RFC 7638).
    kid: String,
    /// The only algorithm it is used with: `EdDSA` or `RS256`.
    alg: String,
    /// Always `sig`.
    #[oai(rename = "use")]
    usage: String,
    /// Of an `OKP` key: always `Ed25519`.
    crv: Option<String>,
    /// Of an `OKP` key: the key, in base64url.
    x: Option<String>,
    /// Of an `RSA` key: the modulus, in base64url.
    n: Option<String>,
    /// Of an `RSA` key: the exponent, in base64url.
    e: Option<String>,
}

impl From<&PublicKey> for Jwk {
    fn from(key: &PublicKey) -> Self {
        let (kty, crv, x, n, e) = match key.jwk().clone() {
            signing::Jwk::Ed25519 { x } => ("OKP", Some("Ed25519"), Some(x), None, None),
            signing::Jwk::Rsa { n, e } => ("RSA", None, None, Some(n), Some(e)),
        };
        Self {
            kty: kty.to_owned(),
            kid: key.kid().to_owned(),
            alg: key.algorithm().as_str().to_owned(),
            usage: "sig".to_owned(),
            crv: crv.map(str::to_owned),
            x,
            n,
            e,
        }
    }
}

/// All keys (RFC 7517, section 5).
#[derive(Object)]
struct JwkSet {
    /// The key that signs first, then those that are accepted while keys are rotated. Empty where a shared secret signs.
    keys: Vec<Jwk>,
}

/// The keys, which may be kept for a while.
#[derive(ApiResponse)]
enum Published {
    /// The keys.
    #[oai(status = 200)]
    Keys(
        Json<JwkSet>,
        /// How long they may be kept.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

/// The endpoint.
pub(super) struct JwksApi;

#[expect(
    clippy::unused_async,
    reason = "endpoints are async, also those that wait for nothing"
)]
#[OpenApi(tag = "Tag::Auth")]
impl JwksApi {
    /// Public keys of access tokens
    ///
    /// By these others can check access tokens themselves. A token whose key is not among them does not hold.
    #[oai(
        path = "/.well-known/jwks.json",
        method = "get",
        operation_id = "getJwks"
    )]
    async fn keys(&self, state: Data<&Arc<State>>) -> Published {
        let keys = state.auth.public_keys().map(Jwk::from).collect();
        Published::Keys(Json(JwkSet { keys }), CACHE_CONTROL.to_owned())
    }
}
