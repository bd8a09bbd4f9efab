//! What an invitation is.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domains::access::RoleName;
use crate::domains::passwords::NewPassword;
use crate::domains::users::Email;

/// Life of an invitation, from its last mail.
pub(super) const LIFE: TimeDelta = TimeDelta::days(7);

/// An invitation that was neither accepted nor withdrawn. It may be too old.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// Its id.
    pub id: Uuid,
    /// Who is asked.
    pub email: Email,
    /// The role that they get.
    pub role: RoleName,
    /// The user who asks; nobody, once they are deleted.
    pub invited_by: Option<Uuid>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its token stops working.
    pub expires_at: DateTime<Utc>,
}

/// What a caller says to invite somebody.
#[derive(Debug, Clone)]
pub struct NewInvite {
    /// Whom.
    pub email: Email,
    /// Below the caller's.
    pub role: RoleName,
}

/// What somebody says who accepts.
#[derive(Debug, Clone)]
pub struct Acceptance {
    /// What the mail told.
    pub token: SecretString,
    /// Their name.
    pub name: String,
    /// What they will sign in with.
    pub password: NewPassword,
}
