//! Tokens, sessions and the work of hashing passwords. There is no default secret.

use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::env::{Reader, Reported};
use super::oidc::OidcConfig;
use super::parse::{self, count, seconds};
use super::variable::{Fallback, Group, Variable};
use crate::signing::{KeyError, PublicKey, SigningKey};

const JWT_SECRET: Variable = Variable {
    name: "JWT_SECRET",
    default: Fallback::Nothing,
    shape: "a secret of at least 32 bytes (`openssl rand -base64 48` makes one)",
    doc: "Signs access tokens; this or JWT_PRIVATE_KEY is needed to serve wherever DATABASE_URL is set and in production.",
    secret: true,
};
const JWT_PRIVATE_KEY: Variable = Variable {
    name: "JWT_PRIVATE_KEY",
    default: Fallback::Nothing,
    shape: "a PKCS#8 private key in PEM form, Ed25519 or RSA of 2048 to 8192 bits (`openssl genpkey -algorithm ED25519` makes one)",
    doc: "Signs access tokens in place of JWT_SECRET; its public half is published in /.well-known/jwks.json.",
    secret: true,
};
const JWT_PREVIOUS_KEYS: Variable = Variable {
    name: "JWT_PREVIOUS_KEYS",
    default: Fallback::Nothing,
    shape: "one or several public keys in PEM form, Ed25519 or RSA of 2048 to 8192 bits",
    doc: "Keys whose access tokens are accepted too, and which are published: the last ones, or the next.",
    secret: true,
};
const APP_SECRET: Variable = Variable {
    name: "APP_SECRET",
    default: Fallback::Computed("JWT_SECRET"),
    shape: "a secret of at least 32 bytes (`openssl rand -base64 48` makes one)",
    doc: "Keys the hashes of API keys and seals what must be kept secret in the database; changing it makes those worthless.",
    secret: true,
};
const JWT_ISSUER: Variable = Variable {
    name: "JWT_ISSUER",
    default: Fallback::Value("tenantry"),
    shape: "any text",
    doc: "Issuer (`iss`) that access tokens carry and must carry.",
    secret: false,
};
const JWT_AUDIENCE: Variable = Variable {
    name: "JWT_AUDIENCE",
    default: Fallback::Value("tenantry-api"),
    shape: "any text",
    doc: "Audience (`aud`) that access tokens carry and must carry.",
    secret: false,
};
const ACCESS_TOKEN_TTL_SECONDS: Variable = Variable {
    name: "ACCESS_TOKEN_TTL_SECONDS",
    default: Fallback::Value("900"),
    shape: parse::SECONDS,
    doc: "Life of an access token.",
    secret: false,
};
const REFRESH_TOKEN_TTL_SECONDS: Variable = Variable {
    name: "REFRESH_TOKEN_TTL_SECONDS",
    default: Fallback::Value("604800"),
    shape: parse::SECONDS,
    doc: "Life of a refresh token; each use starts it anew.",
    secret: false,
};
const SESSION_MAX_AGE_SECONDS: Variable = Variable {
    name: "SESSION_MAX_AGE_SECONDS",
    default: Fallback::Value("2592000"),
    shape: parse::SECONDS,
    doc: "Age at which a session ends, however often it was refreshed.",
    secret: false,
};
const REFRESH_TOKEN_CLEANUP_INTERVAL_SECONDS: Variable = Variable {
    name: "REFRESH_TOKEN_CLEANUP_INTERVAL_SECONDS",
    default: Fallback::Value("3600"),
    shape: parse::SECONDS,
    doc: "How often expired tokens, ended sessions and old idempotency keys are deleted.",
    secret: false,
};
const PASSWORD_HASH_CONCURRENCY: Variable = Variable {
    name: "PASSWORD_HASH_CONCURRENCY",
    default: Fallback::Computed("the number of processor cores"),
    shape: parse::COUNT,
    doc: "How many passwords are hashed at once.",
    secret: false,
};

pub(super) const GROUP: Group = Group {
    title: "Authentication",
    variables: &[
        JWT_SECRET,
        JWT_PRIVATE_KEY,
        JWT_PREVIOUS_KEYS,
        APP_SECRET,
        JWT_ISSUER,
        JWT_AUDIENCE,
        ACCESS_TOKEN_TTL_SECONDS,
        REFRESH_TOKEN_TTL_SECONDS,
        SESSION_MAX_AGE_SECONDS,
        REFRESH_TOKEN_CLEANUP_INTERVAL_SECONDS,
        PASSWORD_HASH_CONCURRENCY,
    ],
};

/// Tokens, sessions and the hashing of passwords.
#[derive(Debug, Clone)]
pub struct AuthConfig {
    /// Signs access tokens, unless the private key does. Neither is set only in development mode, until a secret is generated.
    pub jwt_secret: Option<SecretString>,
    /// Signs access tokens in place of the secret.
    pub jwt_private_key: Option<SigningKey>,
    /// Keys whose access tokens are accepted beside the signing key's.
    pub jwt_previous_keys: Vec<PublicKey>,
    /// Keys hashes and seals in the database. Unset: [`Self::jwt_secret`] does.
    pub app_secret: Option<SecretString>,
    /// `iss` of access tokens.
    pub jwt_issuer: String,
    /// `aud` of access tokens.
    pub jwt_audience: String,
    /// Life of an access token.
    pub access_token_ttl: Duration,
    /// Life of a refresh token, from its last use.
    pub refresh_token_ttl: Duration,
    /// Age at which a session ends for good.
    pub session_max_age: Duration,
    /// Between two deletions of what has expired.
    pub cleanup_interval: Duration,
    /// How many passwords are hashed at once.
    pub password_hash_concurrency: usize,
    /// An outside issuer whose tokens are accepted as well.
    pub oidc: Option<OidcConfig>,
}

impl AuthConfig {
    /// What the vault works with.
    pub fn vault_secret(&self) -> Option<&SecretString> {
        self.app_secret.as_ref().or(self.jwt_secret.as_ref())
    }

    /// Reads the section.
    pub(super) fn from_env(reader: &mut Reader, signs: bool) -> Result<Self, Reported> {
        let secret = reader.needed_if(
            signs && !reader.is_set(&JWT_PRIVATE_KEY),
            "neither is JWT_PRIVATE_KEY, and a server has no default key",
            &JWT_SECRET,
            signing_secret,
        );
        let private = reader.optional(&JWT_PRIVATE_KEY, SigningKey::from_pem);
        let keys = one_key(reader, secret, private);
        let previous = reader.optional(&JWT_PREVIOUS_KEYS, PublicKey::all_from_pem);
        let app_secret = reader.needed_if(
            signs && reader.is_set(&JWT_PRIVATE_KEY),
            "JWT_PRIVATE_KEY signs, so no JWT_SECRET stands in for it",
            &APP_SECRET,
            signing_secret,
        );
        let jwt_issuer = reader.value(&JWT_ISSUER, str::parse::<String>);
        let jwt_audience = reader.value(&JWT_AUDIENCE, str::parse);
        let access_token_ttl = reader.value(&ACCESS_TOKEN_TTL_SECONDS, seconds);
        let refresh_token_ttl = reader.value(&REFRESH_TOKEN_TTL_SECONDS, seconds);
        let session_max_age = reader.value(&SESSION_MAX_AGE_SECONDS, seconds);
        let cleanup_interval = reader.value(&REFRESH_TOKEN_CLEANUP_INTERVAL_SECONDS, seconds);
        let concurrency = reader.optional(&PASSWORD_HASH_CONCURRENCY, count);
        let oidc = OidcConfig::from_env(reader, jwt_issuer.as_deref().ok());
        let (jwt_secret, jwt_private_key) = keys?;
        Ok(Self {
            jwt_secret,
            jwt_private_key,
            jwt_previous_keys: previous?.unwrap_or_default(),
            app_secret: app_secret?,
            jwt_issuer: jwt_issuer?,
            jwt_audience: jwt_audience?,
            access_token_ttl: access_token_ttl?,
            refresh_token_ttl: refresh_token_ttl?,
            session_max_age: session_max_age?,
            cleanup_interval: cleanup_interval?,
            password_hash_concurrency: concurrency?.unwrap_or_else(cores),
            oidc: oidc?,
        })
    }

    /// What signs access tokens, if there is anything; a secret can still be too short where it did not come through the environment.
    pub fn signing_key(&self) -> Option<Result<SigningKey, KeyError>> {
        let secret = self.jwt_secret.as_ref();
        let secret = || secret.map(|secret| SigningKey::from_secret(secret.expose_secret()));
        self.jwt_private_key.clone().map(Ok).or_else(secret)
    }
}

type Keys = (Option<SecretString>, Option<SigningKey>);

/// Two keys that could sign are one too many: nobody could tell which does.
fn one_key(
    reader: &mut Reader,
    secret: Result<Option<SecretString>, Reported>,
    private: Result<Option<SigningKey>, Reported>,
) -> Result<Keys, Reported> {
    match (secret?, private?) {
        (Some(_), Some(_)) => Err(reader.report(
            JWT_PRIVATE_KEY.name,
            "expected one key that signs access tokens; JWT_SECRET is set as well; unset one of them",
        )),
        keys => Ok(keys),
    }
}

fn signing_secret(text: &str) -> Result<SecretString, KeyError> {
    SigningKey::from_secret(text).map(|_| text.into())
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
