//! Access tokens of an outside issuer: checked by its published keys, then mapped to the named tenant's user by subject.
//!
//! Invariant: such a token gives what the user may do now, not what it says; it has no session here, so what ends it at once is a change
//! of the user. Our own tokens never wait for anything in this module.

mod discovery;
mod keys;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::errors::ErrorKind as Jwt;
use jsonwebtoken::{dangerous, decode, decode_header};
use serde::Deserialize;
use uuid::Uuid;

pub use self::discovery::NoHttpClient;

use self::discovery::Source;
use self::keys::Keys;
use super::error::AuthError;
use super::service::Auth;
use super::tokens::{TokenError, Verified};
use crate::clock::Clock;
use crate::config::OidcConfig;
use crate::domains::users::{self, Subject};
use crate::tenancy::TenantRef;

/// How far the issuer's clock may be ahead.
const SKEW: TimeDelta = TimeDelta::seconds(30);
/// The session of those who have none here; no row has this id.
pub const NO_SESSION: Uuid = Uuid::nil();

/// Why an outside issuer's token does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutsideError {
    /// The token itself.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The issuer's keys are not known, and cannot be had now.
    #[error("the keys of the token's issuer cannot be read now; try again in some seconds")]
    Unavailable,
    /// The token holds, but the tenant has nobody with this subject.
    #[error("no user of this tenant has the subject of this access token")]
    UnknownSubject,
}

/// Who a token says it is for.
#[derive(Debug)]
pub struct OutsideBearer {
    subject: Subject,
    signed_in_at: DateTime<Utc>,
    expires: DateTime<Utc>,
}

/// The issuer.
pub(super) struct Outside {
    issuer: String,
    audience: String,
    keys: Keys,
    clock: Clock,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Option<Audience>,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    auth_time: Option<i64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Outside {
    pub(super) fn new(config: &OidcConfig, clock: Clock) -> Result<Self, NoHttpClient> {
        let source = Source::new(&config.issuer, config.discovery.clone())?;
        Ok(Self {
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            keys: Keys::new(source, clock.clone()),
            clock,
        })
    }

    /// Whether the token says that it is this issuer's. Nothing is believed of that; it only says who is asked.
    fn is_named_by(&self, token: &str) -> bool {
        #[derive(Deserialize)]
        struct Issuer {
            iss: String,
        }
        let claims = dangerous::insecure_decode_claims::<Issuer>(token);
        claims.is_ok_and(|claims| claims.iss == self.issuer)
    }

    async fn verify(&self, token: &str) -> Result<OutsideBearer, OutsideError> {
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        if header.crit.is_some() {
            return Err(TokenError::Critical.into());
        }
        if !matches!(header.typ.as_deref(), None | Some("JWT" | "at+jwt")) {
            return Err(TokenError::Type.into());
        }
        let kid = header.kid.ok_or(TokenError::UnknownKey)?;
        let key = self.keys.find(&kid).await?;
        let token = decode::<Claims>(token, &key.key, &key.validation);
        let token = token.map_err(|error| match error.kind() {
            Jwt::InvalidSignature => TokenError::Signature,
            Jwt::InvalidAlgorithm => TokenError::Algorithm,
            _ => TokenError::Malformed,
        })?;
        Ok(self.bearer(&token.claims)?)
    }

    fn bearer(&self, claims: &Claims) -> Result<OutsideBearer, TokenError> {
        if claims.iss != self.issuer {
            return Err(TokenError::Issuer);
        }
        let for_us = match (&claims.aud, &claims.azp) {
            (Some(Audience::One(aud)), _) => *aud == self.audience,
            (Some(Audience::Several(all)), _) => all.contains(&self.audience),
            (None, Some(azp)) => *azp == self.audience,
            (None, None) => false,
        };
        if !for_us {
            return Err(TokenError::Audience);
        }
        let time = |seconds| DateTime::from_timestamp(seconds, 0).ok_or(TokenError::Malformed);
        let now = self.clock.now();
        let expires = time(claims.exp)?;
        if expires <= now {
            return Err(TokenError::Expired);
        }
        let signed_in_at = time(claims.auth_time.unwrap_or(0))?;
        let begins = [
            time(claims.iat)?,
            time(claims.nbf.unwrap_or(0))?,
            signed_in_at,
        ];
        if begins.iter().any(|begin| *begin > now + SKEW) {
            return Err(TokenError::FromTheFuture);
        }
        Ok(OutsideBearer {
            subject: claims.sub.parse().map_err(|_| TokenError::Malformed)?,
            signed_in_at,
            expires,
        })
    }
}

impl Auth {
    /// Whether this token is for [`Auth::authenticate_outside`] to judge, after [`Auth::authenticate`] refused it.
    pub fn is_outside(&self, token: &str) -> bool {
        let outside = self.outside.as_ref();
        outside.is_some_and(|outside| outside.is_named_by(token))
    }

    /// Who the outside issuer says the token is for, if it holds.
    pub async fn authenticate_outside(&self, token: &str) -> Result<OutsideBearer, AuthError> {
        let outside = self.outside.as_ref().ok_or(TokenError::Issuer)?;
        Ok(outside.verify(token).await?)
    }

    /// The tenant's user with the bearer's subject, with their role now. One query.
    pub async fn user_of(
        &self,
        bearer: OutsideBearer,
        tenant: &TenantRef,
    ) -> Result<Verified, AuthError> {
        let mut db = self.deps.tenancy.session(tenant).await?;
        let user = users::by_subject(&mut db, &bearer.subject).await?;
        let (user_id, role) = user.ok_or(OutsideError::UnknownSubject)?;
        Ok(Verified {
            user_id,
            tenant_id: tenant.id,
            session_id: NO_SESSION,
            role,
            // An issuer that does not tell when the person signed in never makes a sign-in fresh.
            signed_in_at: bearer.signed_in_at,
            impersonator: None,
            expires: bearer.expires,
        })
    }
}
