//! The tokens that mails carry, and whom they are about.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::TimeDelta;
use uuid::Uuid;

use crate::domains::access::RoleName;
use crate::domains::users::Email;
use crate::ids::{NoRandomness, random_token};

/// Life of a token.
pub(super) const LIFE: TimeDelta = TimeDelta::hours(1);

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    VerifyEmail,
    ResetPassword,
    ChangeEmail,
}

impl Kind {
    /// As the table writes it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::ChangeEmail => "change_email",
        }
    }
}

/// A token that was just made.
pub(in crate::domains) struct OneTimeToken(String);

impl OneTimeToken {
    pub(in crate::domains) fn new() -> Result<Self, NoRandomness> {
        random_token().map(Self)
    }

    /// SHA-256 is enough for 256 random bits: there is nothing to guess.
    pub(in crate::domains) fn hash_of(text: &str) -> Vec<u8> {
        digest(&SHA256, text.as_bytes()).as_ref().to_vec()
    }

    pub(in crate::domains) fn hash(&self) -> Vec<u8> {
        Self::hash_of(&self.0)
    }

    /// For the mail, and for nobody else.
    pub(in crate::domains) fn reveal(&self) -> &str {
        &self.0
    }
}

/// A token that was used up.
pub(super) struct Proof {
    pub(super) user_id: Uuid,
    /// The address that it was sent to.
    pub(super) email: Email,
}

/// Whom a flow is about.
pub(super) struct Person {
    pub(super) id: Uuid,
    pub(super) email: Email,
    pub(super) name: String,
    pub(super) role: RoleName,
    pub(super) email_verified: bool,
}
