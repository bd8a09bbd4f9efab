//! Access tokens: JWTs that this server signs and checks (RFC 9068: `typ` is `at+jwt`).
//!
//! Invariant: the algorithm is the key's and never the token's choice; callers know neither, so a new key or algorithm is a change here.

mod claims;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::errors::ErrorKind as Jwt;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use claims::{Act, Claims, Received};

use crate::clock::Clock;
use crate::config::AuthConfig;
use crate::domains::access::RoleName;
use crate::ids::new_id;
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

/// Why an access token does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// No JWT, or not with the claims of an access token.
    #[error("this is no access token of this server")]
    Malformed,
    /// Signed with another algorithm than the key's, or with none.
    #[error("the access token is signed in a way that is not accepted")]
    Algorithm,
    /// Signed with another key, or changed since.
    #[error("the access token's signature does not fit")]
    Signature,
    /// Signed for another use.
    #[error("expected an access token (`{TYP}`), found a token for another use")]
    Type,
    /// `iss` is another.
    #[error("the access token comes from another issuer")]
    Issuer,
    /// `aud` is another.
    #[error("the access token is for another audience")]
    Audience,
    /// Past its time.
    #[error("the access token has expired; refresh it")]
    Expired,
    /// `iat` lies ahead.
    #[error("the access token says that it was issued in the future")]
    FromTheFuture,
}

/// Makes and checks access tokens. Cheap to clone; the keys are read once.
#[derive(Clone)]
pub struct Tokens {
    inner: Arc<Inner>,
}

struct Inner {
    header: Header,
    signing: EncodingKey,
    checking: DecodingKey,
    validation: Validation,
    issuer: String,
    audience: String,
    ttl: Duration,
    clock: Clock,
}

impl Tokens {
    /// Signs by HMAC-SHA-256 with `secret`.
    pub fn new(config: &AuthConfig, secret: &SecretString, clock: Clock) -> Self {
        const ALGORITHM: Algorithm = Algorithm::HS256;
        let secret = secret.expose_secret().as_bytes();
        let mut header = Header::new(ALGORITHM);
        header.typ = Some(TYP.to_owned());
        let mut validation = Validation::new(ALGORITHM);
        validation.set_issuer(&[&config.jwt_issuer]);
        validation.set_audience(&[&config.jwt_audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // By our own clock instead, which tests can set.
        validation.validate_exp = false;
        Self {
            inner: Arc::new(Inner {
                header,
                signing: EncodingKey::from_secret(secret),
                checking: DecodingKey::from_secret(secret),
                validation,
                issuer: config.jwt_issuer.clone(),
                audience: config.jwt_audience.clone(),
                ttl: config.access_token_ttl,
                clock,
            }),
        }
    }

    /// Life of a token.
    pub fn ttl(&self) -> Duration {
        self.inner.ttl
    }

    /// Makes one.
    pub fn issue(&self, grant: &Grant) -> Result<String, jsonwebtoken::errors::Error> {
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
            exp: (now + self.inner.ttl).timestamp(),
            jti: new_id(),
        };
        encode(&self.inner.header, &claims, &self.inner.signing)
    }

    /// Checks one. No query, no shared state: signature, use, issuer, audience and times.
    pub fn verify(&self, token: &str) -> Result<Verified, TokenError> {
        let inner = &self.inner;
        let token = decode::<Received>(token, &inner.checking, &inner.validation)
            .map_err(|error| meaning(error.kind()))?;
        if token.header.typ.as_deref() != Some(TYP) {
            return Err(TokenError::Type);
        }
        let claims = token.claims;
        let now = inner.clock.now();
        let issued = DateTime::from_timestamp(claims.iat, 0).ok_or(TokenError::Malformed)?;
        let expires = DateTime::from_timestamp(claims.exp, 0).ok_or(TokenError::Malformed)?;
        let signed_in = DateTime::from_timestamp(claims.auth_time, 0);
        if expires <= now {
            return Err(TokenError::Expired);
        }
        if issued > now + SKEW {
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

fn meaning(error: &Jwt) -> TokenError {
    match error {
        Jwt::InvalidSignature => TokenError::Signature,
        Jwt::InvalidAlgorithm | Jwt::InvalidAlgorithmName | Jwt::UnsupportedAlgorithm => {
            TokenError::Algorithm
        }
        Jwt::InvalidIssuer => TokenError::Issuer,
        Jwt::InvalidAudience => TokenError::Audience,
        _ => TokenError::Malformed,
    }
}
