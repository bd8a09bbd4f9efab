//! What a user is.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::email::Email;
use super::subject::Subject;
use crate::domains::access::RoleName;
use crate::domains::passwords::{NewPassword, PasswordHash};

/// A user, without anything secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Their id.
    pub id: Uuid,
    /// Unique in the tenant.
    pub email: Email,
    /// Whether somebody proved that they read what is sent there, or vouched for it.
    pub email_verified: bool,
    /// Their name.
    pub name: String,
    /// Their role in the tenant.
    pub role: RoleName,
    /// How the outside issuer knows them; unique in the tenant. `None`: its tokens are not theirs.
    pub external_subject: Option<Subject>,
    /// When they were made.
    pub created_at: DateTime<Utc>,
    /// When they last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a caller says to make one.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Their address.
    pub email: Email,
    /// Their name.
    pub name: String,
    /// Below the caller's.
    pub role: RoleName,
    /// How the outside issuer knows them.
    pub external_subject: Option<Subject>,
    /// What they sign in with.
    pub password: NewPassword,
}

/// What a caller says to set a password.
#[derive(Debug, Clone)]
pub struct PasswordChange {
    /// The one of now; needed for one's own.
    pub current: Option<SecretString>,
    /// The one to be.
    pub new: NewPassword,
}

/// The admin that a tenant is provisioned with. The password is hashed before the transaction begins, which must be short.
pub struct FirstAdmin {
    /// Their address.
    pub email: Email,
    /// Their name.
    pub name: String,
    /// Of the password that they sign in with.
    pub password_hash: PasswordHash,
    /// Whether whoever makes the tenant vouches for the address.
    pub email_verified: bool,
}

/// What seeding did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seeded {
    /// The user was made, with the password that was given.
    Made(User),
    /// A user with this address was there already, and was left as they were.
    Found(User),
}

/// What a sign-in compares with.
pub(in crate::domains) struct Credentials {
    /// Whose.
    pub(in crate::domains) user_id: Uuid,
    /// `None` for accounts without a password.
    pub(in crate::domains) password_hash: Option<PasswordHash>,
    /// Whether the address was confirmed, or somebody vouched for it.
    pub(in crate::domains) email_verified: bool,
}
