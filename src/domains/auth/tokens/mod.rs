//! Access tokens: JWTs that this server signs and checks (RFC 9068: `typ` is `at+jwt`).
//!
//! Invariant: the algorithm is the key's and never the token's choice. Written out instead of by a crate's `decode`, which parses header and
//! claims twice and the key each time: this runs on every request.

mod claims;
mod error;
mod keyring;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

pub use error::TokenError;

use claims::{Act, Claims, Received};
use keyring::Keyring;

use crate::clock::Clock;
use crate::config::AuthConfig;
use crate::domains::access::RoleName;
use crate::ids::new_id;
use crate::signing::{PublicKey, SigningFailed, SigningKey};
use crate::tenancy::TenantId;

/// `typ` of an access token; what was signed for another use is none.
const TYP: &str = "at+jwt";

/// How far another node's clock may be ahead.
const SKEW: TimeDelta = TimeDelta::seconds(5);

/// Whom a token is for, and what it is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The user (`sub`).
    pub user_id: Uuid,
    /// The tenant (`tid`).
    pub tenant_id: TenantId,
    /// The sign-in (`sid`).
    pub session_id: Uuid,
    /// The user's role in the tenant (`role`).
    pub role: RoleName,
    /// When the sign-in was (`auth_time`), which a refresh does not change.
    pub signed_in_at: DateTime<Utc>,
    /// The operator who acts as the user (`act`), if one does.
    pub impersonator: Option<Uuid>,
}

/// A token that holds. Whether its session was revoked is another question, which [`Auth::authenticate`](super::Auth::authenticate) asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The user.
    pub user_id: Uuid,
    /// The tenant.
    pub tenant_id: TenantId,
    /// The sign-in.
    pub session_id: Uuid,
    /// The user's role when the token was made.
    pub role: RoleName,
    /// When the person proved who they are, to the second; for acts that ask for a fresh sign-in.
    pub signed_in_at: DateTime<Utc>,
    /// The operator who acts as the user, if one does.
    pub impersonator: Option<Uuid>,
    /// When the token ends.
    pub expires: DateTime<Utc>,
}

/// Makes and checks access tokens. Cheap to clone; the keys are read once.
#[derive(Clone)]
pub struct Tokens {
    inner: Arc<Inner>,
}

struct Inner {
    keys: Keyring,
    issuer: String,
    audience: String,
    ttl: Duration,
    clock: Clock,
}

impl Tokens {
    /// Signs with `key`; accepts what the configuration's previous keys signed as well.
    pub fn new(config: &AuthConfig, key: SigningKey, clock: Clock) -> Self {
        Self {
            inner: Arc::new(Inner {
                keys: Keyring::new(key, &config.jwt_previous_keys),
                issuer: config.jwt_issuer.clone(),
                audience: config.jwt_audience.clone(),
                ttl: config.access_token_ttl,
                clock,
            }),
        }
    }

    /// The public halves of all keys whose tokens are accepted, the signing key's first.
    pub fn public_keys(&self) -> impl Iterator<Item = &PublicKey> {
        self.inner.keys.public()
    }

    /// Life of a token.
    pub fn ttl(&self) -> Duration {
        self.inner.ttl
    }

    /// Makes one.
    pub fn issue(&self, grant: &Grant) -> Result<String, SigningFailed> {
        self.issue_for(grant, self.inner.ttl)
    }

    /// Makes one that lives for `life`. No longer than [`Tokens::ttl`]: revocations are kept for so long.
    pub fn issue_for(&self, grant: &Grant, life: Duration) -> Result<String, SigningFailed> {
        let now = self.inner.clock.now();
        let claims = Claims {
            iss: &self.inner.issuer,
            aud: &self.inner.audience,
            sub: grant.user_id,
            tid: grant.tenant_id,
            sid: grant.session_id,
            role: grant.role.as_str(),
            auth_time: grant.signed_in_at.timestamp(),
            act: grant.impersonator.map(|sub| Act { sub }),
            iat: now.timestamp(),
            exp: (now + life.min(self.inner.ttl)).timestamp(),
            jti: new_id(),
        };
        let claims = serde_json::to_vec(&claims).map_err(|_| SigningFailed)?;
        self.inner.keys.sign(&claims)
    }

    /// Checks one. No query, no shared state: signature, use, issuer, audience and times.
    pub fn verify(&self, token: &str) -> Result<Verified, TokenError> {
        let inner = &self.inner;
        let claims = inner.keys.open(token)?;
        let claims: Received<'_> =
            serde_json::from_slice(&claims).map_err(|_| TokenError::Malformed)?;
        if claims.iss != inner.issuer {
            return Err(TokenError::Issuer);
        }
        if !claims.aud.has(&inner.audience) {
            return Err(TokenError::Audience);
        }
        let now = inner.clock.now();
        let issued = DateTime::from_timestamp(claims.iat, 0).ok_or(TokenError::Malformed)?;
        let expires = DateTime::from_timestamp(claims.exp, 0).ok_or(TokenError::Malformed)?;
        let signed_in = DateTime::from_timestamp(claims.auth_time, 0);
        if expires <= now {
            return Err(TokenError::Expired);
        }
        let not_before = claims.nbf.unwrap_or(claims.iat);
        if issued > now + SKEW || not_before > (now + SKEW).timestamp() {
            return Err(TokenError::FromTheFuture);
        }
        Ok(Verified {
            user_id: claims.sub,
            tenant_id: claims.tid,
            session_id: claims.sid,
            role: claims.role.parse().map_err(|_| TokenError::Malformed)?,
            signed_in_at: signed_in.ok_or(TokenError::Malformed)?,
            impersonator: claims.act.map(|act| act.sub),
            expires,
        })
    }
}
