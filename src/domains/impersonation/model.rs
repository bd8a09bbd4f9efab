//! What an impersonation is.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::tenancy::{TenantId, TenantKey};

/// An operator acting as a user, now or in the past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impersonation {
    /// Its id.
    pub id: Uuid,
    /// Who acts.
    pub operator_id: Uuid,
    /// The user's tenant.
    pub tenant_id: TenantId,
    /// As whom.
    pub user_id: Uuid,
    /// The session in which they do.
    pub session_id: Uuid,
    /// Why.
    pub reason: String,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// When it ended before that.
    pub ended_at: Option<DateTime<Utc>>,
}

impl Impersonation {
    /// Whether it goes on at this time.
    pub fn is_running(&self, now: DateTime<Utc>) -> bool {
        self.ended_at.is_none() && now < self.expires_at
    }
}

/// What an operator says to begin one.
#[derive(Debug, Clone)]
pub struct NewImpersonation {
    /// The user's tenant.
    pub tenant: TenantKey,
    /// As whom to act.
    pub user_id: Uuid,
    /// Why; both logs keep it.
    pub reason: String,
}

/// One that was just begun. Not shown: the token is a secret.
pub struct Started {
    /// What is kept.
    pub impersonation: Impersonation,
    /// What is not.
    pub access_token: String,
}
