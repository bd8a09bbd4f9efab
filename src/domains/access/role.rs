//! The built-in roles, and who stands above whom.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A role; the order is the hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// May look at what is shown to guests.
    Guest,
    /// Works in the tenant.
    Member,
    /// Runs the tenant.
    Admin,
    /// Runs the platform; exists in the platform's own tenant only.
    SuperAdmin,
}

/// A text that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected one of guest, member, admin, super_admin, found `{0}`")]
pub struct UnknownRole(pub String);

impl Role {
    /// All, from the lowest.
    pub const ALL: [Self; 4] = [Self::Guest, Self::Member, Self::Admin, Self::SuperAdmin];

    /// As tokens, tables and the API write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::SuperAdmin => "super_admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| UnknownRole(text.to_owned()))
    }
}
