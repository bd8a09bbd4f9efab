//! What a sign-in consists of.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::config::AuthConfig;
use crate::domains::access::RoleName;
use crate::domains::mfa::Challenge;
use crate::ids::{NoRandomness, random_token};

/// How long a sign-in lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionRules {
    /// Life of a refresh token; each use starts it anew.
    pub refresh_ttl: Duration,
    /// Age at which a session ends, however often it was refreshed.
    pub max_age: Duration,
}

impl SessionRules {
    /// As configured.
    pub fn new(config: &AuthConfig) -> Self {
        Self {
            refresh_ttl: config.refresh_token_ttl,
            max_age: config.session_max_age,
        }
    }
}

/// What a client gets at a sign-in and at each refresh. Not shown: both tokens are secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenPair {
    /// For the header `Authorization: Bearer …`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Life of the access token, in seconds.
    pub expires_in: u64,
    /// Works once, for the next pair.
    pub refresh_token: String,
}

/// Where a right password leads.
#[derive(Clone, PartialEq, Eq)]
pub enum SignIn {
    /// In.
    Done(TokenPair),
    /// To the second factor; see [`Auth::verify_mfa`](super::Auth::verify_mfa).
    MfaRequired(Challenge),
}

/// A refresh token that was just made. The table holds its hash alone.
pub(super) struct RefreshToken(String);

impl RefreshToken {
    pub(super) fn new() -> Result<Self, NoRandomness> {
        random_token().map(Self)
    }

    /// SHA-256 is enough for 256 random bits: there is nothing to guess.
    pub(super) fn hash_of(text: &str) -> Vec<u8> {
        digest(&SHA256, text.as_bytes()).as_ref().to_vec()
    }

    pub(super) fn hash(&self) -> Vec<u8> {
        Self::hash_of(&self.0)
    }

    /// The one time that it is told.
    pub(super) fn reveal(self) -> String {
        self.0
    }
}

/// A sign-in that can go on, as its user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// What access tokens carry as `sid`.
    pub id: Uuid,
    /// When the user proved who they are.
    pub created_at: DateTime<Utc>,
    /// When it was last refreshed.
    pub last_used_at: DateTime<Utc>,
    /// No refresh after this.
    pub ends_at: DateTime<Utc>,
    /// The client's address at the sign-in.
    pub address: Option<String>,
    /// The client's name for itself at the sign-in.
    pub user_agent: Option<String>,
    /// The operator who acts as the user in it.
    pub impersonator_id: Option<Uuid>,
}

/// A sign-in that is alive.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) id: Uuid,
    pub(super) user_id: Uuid,
    /// The user's role now.
    pub(super) role: RoleName,
    /// When its user proved who they are.
    pub(super) created_at: DateTime<Utc>,
    /// No refresh after this.
    pub(super) ends_at: DateTime<Utc>,
}
