//! Roles: the built-in ones, whose grants are the program's, and names of a tenant's own.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

/// A built-in role; the order is the hierarchy.
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

/// Place of a role in the hierarchy. To act on another user, or to give a role, one must stand strictly above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rank(pub i32);

impl Rank {
    /// Below every role.
    pub const LOWEST: Self = Self(0);
}

impl Role {
    /// Where it stands; a tenant's own roles stand between.
    pub const fn rank(self) -> Rank {
        match self {
            Self::Guest => Rank(10),
            Self::Member => Rank(20),
            Self::Admin => Rank(30),
            Self::SuperAdmin => Rank(40),
        }
    }
}

/// Name of a role: a built-in one, or one of the tenant's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleName(Name);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Name {
    BuiltIn(Role),
    Own(Arc<str>),
}

/// Longest name of a role.
pub const ROLE_NAME_MAX: usize = 63;
/// What names of roles look like.
pub const ROLE_NAME_PATTERN: &str = "^[a-z][a-z0-9_]{0,62}$";

/// A text that can name no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a role's name has 1 to {ROLE_NAME_MAX} lower-case letters, digits and underscores, and begins with a letter; found `{0}`"
)]
pub struct RoleNameError(pub String);

impl RoleName {
    /// As tokens, tables and the API write it.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Name::BuiltIn(role) => role.as_str(),
            Name::Own(name) => name,
        }
    }

    /// The built-in role of this name.
    pub fn built_in(&self) -> Option<Role> {
        match self.0 {
            Name::BuiltIn(role) => Some(role),
            Name::Own(_) => None,
        }
    }
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        Self(Name::BuiltIn(role))
    }
}

impl FromStr for RoleName {
    type Err = RoleNameError;

    fn from_str(text: &str) -> Result<Self, RoleNameError> {
        if let Ok(role) = text.parse::<Role>() {
            return Ok(role.into());
        }
        let mut bytes = text.bytes();
        let begins = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
        let goes_on = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if begins && goes_on && text.len() <= ROLE_NAME_MAX {
            Ok(Self(Name::Own(text.into())))
        } else {
            Err(RoleNameError(text.to_owned()))
        }
    }
}

impl TryFrom<String> for RoleName {
    type Error = RoleNameError;

    fn try_from(text: String) -> Result<Self, RoleNameError> {
        text.parse()
    }
}

impl From<RoleName> for String {
    fn from(name: RoleName) -> Self {
        name.as_str().to_owned()
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
