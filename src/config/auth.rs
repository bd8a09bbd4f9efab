//! Tokens, sessions and the work of hashing passwords. There is no default secret.

use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use secrecy::SecretString;

use super::env::{Reader, Reported};
use super::parse::{self, count, seconds};
use super::variable::{Fallback, Group, Variable};

const JWT_SECRET: Variable = Variable {
    name: "JWT_SECRET",
    default: Fallback::Nothing,
    shape: "a secret of at least 32 bytes (`openssl rand -base64 48` makes one)",
    doc: "Signs access tokens; needed to serve wherever DATABASE_URL is set and in production.",
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
        APP_SECRET,
        JWT_ISSUER,
        JWT_AUDIENCE,
        ACCESS_TOKEN_TTL_SECONDS,
        REFRESH_TOKEN_TTL_SECONDS,
        SESSION_MAX_AGE_SECONDS,
        PASSWORD_HASH_CONCURRENCY,
    ],
};

/// Tokens, sessions and the hashing of passwords.
#[derive(Debug, Clone)]
pub struct AuthConfig {
    /// Signs access tokens. Unset only in development mode, until one is generated.
    pub jwt_secret: Option<SecretString>,
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
    /// How many passwords are hashed at once.
    pub password_hash_concurrency: usize,
}

impl AuthConfig {
    /// What the vault works with.
    pub fn vault_secret(&self) -> Option<&SecretString> {
        self.app_secret.as_ref().or(self.jwt_secret.as_ref())
    }

    /// Reads the section.
    pub(super) fn from_env(reader: &mut Reader, signs: bool) -> Result<Self, Reported> {
        let jwt_secret = reader.needed_if(
            signs,
            "a server has no default secret",
            &JWT_SECRET,
            signing_secret,
        );
        let app_secret = reader.optional(&APP_SECRET, signing_secret);
        let jwt_issuer = reader.value(&JWT_ISSUER, str::parse);
        let jwt_audience = reader.value(&JWT_AUDIENCE, str::parse);
        let access_token_ttl = reader.value(&ACCESS_TOKEN_TTL_SECONDS, seconds);
        let refresh_token_ttl = reader.value(&REFRESH_TOKEN_TTL_SECONDS, seconds);
        let session_max_age = reader.value(&SESSION_MAX_AGE_SECONDS, seconds);
        let concurrency = reader.optional(&PASSWORD_HASH_CONCURRENCY, count);
        Ok(Self {
            jwt_secret: jwt_secret?,
            app_secret: app_secret?,
            jwt_issuer: jwt_issuer?,
            jwt_audience: jwt_audience?,
            access_token_ttl: access_token_ttl?,
            refresh_token_ttl: refresh_token_ttl?,
            session_max_age: session_max_age?,
            password_hash_concurrency: concurrency?.unwrap_or_else(cores),
        })
    }
}

fn signing_secret(text: &str) -> Result<SecretString, &'static str> {
    if text.len() < 32 {
        Err("too short")
    } else {
        Ok(text.into())
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
