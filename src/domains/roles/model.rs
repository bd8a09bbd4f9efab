//! What a role is.

use serde::{Deserialize, Serialize};

use crate::domains::access::{Extent, Grants, Permission, Rank, Role, RoleName};

/// Roles of its own that a tenant can have, so that all of them fit into memory and into one answer.
pub const OWN_ROLES_MAX: i64 = 100;

/// One grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// What is granted.
    pub permission: Permission,
    /// How far.
    pub extent: Extent,
}

/// A role with all that it is granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleView {
    /// Its name.
    pub name: RoleName,
    /// Where it stands.
    pub rank: Rank,
    /// What it is for.
    pub description: String,
    /// By the permission's name.
    pub permissions: Vec<Granted>,
}

impl RoleView {
    /// A role as its row has it; what a built-in one is granted, the program says.
    pub(super) fn new(name: RoleName, rank: Rank, description: String, grants: &Grants) -> Self {
        let permissions = match name.built_in() {
            Some(role) => listed(&Grants::of(role)),
            None => listed(grants),
        };
        Self {
            name,
            rank,
            description,
            permissions,
        }
    }

    /// The same with other grants.
    pub(super) fn granted(&self, grants: &Grants) -> Self {
        Self {
            permissions: listed(grants),
            ..self.clone()
        }
    }

    /// What it is granted.
    pub fn grants(&self) -> Grants {
        let granted = self.permissions.iter();
        granted.map(|g| (g.permission, g.extent)).collect()
    }

    /// Super admins are the platform's own; elsewhere their role does not exist.
    pub(super) fn exists(&self, on_platform: bool) -> bool {
        on_platform || self.name.built_in() != Some(Role::SuperAdmin)
    }
}

fn listed(grants: &Grants) -> Vec<Granted> {
    let granted = grants.iter();
    let mut list: Vec<_> = granted
        .map(|(permission, extent)| Granted { permission, extent })
        .collect();
    list.sort_by_key(|granted| granted.permission.as_str());
    list
}

/// What a caller says to make one.
#[derive(Debug, Clone)]
pub struct NewRole {
    /// Its name, which no other role of the tenant has.
    pub name: RoleName,
    /// Below the caller's own.
    pub rank: Rank,
    /// What it is for.
    pub description: String,
    /// Nothing that the caller does not hold.
    pub grants: Grants,
}

/// A permission, as somebody sees it.
#[derive(Debug, Clone)]
pub struct KnownPermission {
    /// Which.
    pub permission: Permission,
    /// How far a tenant's own role can be granted it.
    pub grantable: Vec<Extent>,
    /// How far the caller holds it.
    pub held: Option<Extent>,
}
