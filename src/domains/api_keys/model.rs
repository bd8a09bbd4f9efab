//! What an API key is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::secret::KeySecret;

/// An API key, without the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// How the key begins.
    pub prefix: String,
    /// As whom it acts.
    pub owner_id: Uuid,
    /// The permissions that it is limited to, by name. One that this program does not know grants nothing.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// What a caller says to make one.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// What to call it.
    pub name: String,
    /// Names of permissions that the caller has.
    pub scopes: Vec<String>,
    /// When it ends, if ever.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A key that was just made or rotated, the one time that it is told.
#[derive(Clone)]
pub struct IssuedKey {
    /// What is kept.
    pub key: ApiKey,
    /// What is not.
    pub secret: KeySecret,
}
