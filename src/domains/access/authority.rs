//! What somebody may do: their role, where it stands, and what it is granted. Resolved once for a request, without a query for built-in
//! roles.

use std::sync::{Arc, LazyLock};

use super::action::{Extent, Permission};
use super::role::{Rank, Role, RoleName};

/// What is granted, permission by permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grants([Option<Extent>; Permission::COUNT]);

impl Grants {
    /// Nothing.
    pub const NONE: Self = Self([None; Permission::COUNT]);

    /// A built-in role's.
    pub fn of(role: Role) -> Self {
        let all = Permission::ALL.iter();
        all.filter_map(|permission| Some((*permission, permission.granted_to(role)?)))
            .collect()
    }

    /// How far the grant of `permission` reaches; `None` where there is none.
    pub fn extent(&self, permission: Permission) -> Option<Extent> {
        self.0[permission as usize]
    }

    /// The same, and what everybody may do to themselves: see and change one's own account, sign-ins, keys and second factor.
    #[must_use]
    pub fn with_oneself(self) -> Self {
        let own = Self::of(Role::Guest);
        let own = own.iter().filter(|(_, extent)| *extent == Extent::Own);
        let mut all = self;
        for (permission, _) in own {
            let held = &mut all.0[permission as usize];
            *held = (*held).max(Some(Extent::Own));
        }
        all
    }

    /// Whether this holds all that `other` holds, and as far.
    pub fn cover(&self, other: &Self) -> bool {
        self.first_beyond(other).is_none()
    }

    /// What `other` holds and this does not, or not as far.
    pub fn first_beyond(&self, other: &Self) -> Option<Permission> {
        let mut held = other.iter();
        let beyond = held.find(|(permission, extent)| self.extent(*permission) < Some(*extent));
        beyond.map(|(permission, _)| permission)
    }

    /// The same, with `permission` granted so far, or not at all.
    #[must_use]
    pub fn with(mut self, permission: Permission, extent: Option<Extent>) -> Self {
        self.0[permission as usize] = extent;
        self
    }

    /// What both hold, as far as both reach.
    #[must_use]
    pub fn limited_to(&self, scopes: &[Permission]) -> Self {
        let held = self.iter();
        held.filter(|(permission, _)| scopes.contains(permission))
            .collect()
    }

    /// Each permission that is granted.
    pub fn iter(&self) -> impl Iterator<Item = (Permission, Extent)> + '_ {
        let all = Permission::ALL.iter();
        all.filter_map(|permission| Some((*permission, self.extent(*permission)?)))
    }
}

impl FromIterator<(Permission, Extent)> for Grants {
    fn from_iter<I: IntoIterator<Item = (Permission, Extent)>>(granted: I) -> Self {
        let mut grants = Self::NONE;
        for (permission, extent) in granted {
            grants.0[permission as usize] = Some(extent);
        }
        grants
    }
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    role: RoleName,
    rank: Rank,
    grants: Grants,
}

static BUILT_IN: LazyLock<[Arc<Authority>; Role::ALL.len()]> = LazyLock::new(|| {
    Role::ALL.map(|role| {
        let grants = Grants::of(role);
        Arc::new(Authority::new(role.into(), role.rank(), grants))
    })
});

impl Authority {
    /// A role's, as it was read.
    pub fn new(role: RoleName, rank: Rank, grants: Grants) -> Self {
        Self { role, rank, grants }
    }

    /// A built-in role's.
    pub fn built_in(role: Role) -> Arc<Self> {
        Arc::clone(&BUILT_IN[role as usize])
    }

    /// The role.
    pub fn role(&self) -> &RoleName {
        &self.role
    }

    /// Where it stands.
    pub fn rank(&self) -> Rank {
        self.rank
    }

    /// What it is granted.
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// The same, for a credential that is limited to `scopes`.
    #[must_use]
    pub fn limited_to(&self, scopes: &[Permission]) -> Self {
        Self {
            grants: self.grants.limited_to(scopes),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_cover_what_reaches_no_further() {
        let admin = Grants::of(Role::Admin);
        assert!(admin.cover(&Grants::of(Role::Member)));
        assert!(!Grants::of(Role::Member).cover(&admin));
        let own = Grants::from_iter([(Permission::ProjectsWrite, Extent::Own)]);
        let tenant = Grants::from_iter([(Permission::ProjectsWrite, Extent::Tenant)]);
        assert!(tenant.cover(&own) && !own.cover(&tenant));
    }

    #[test]
    fn scopes_only_take_away() {
        let member = Grants::of(Role::Member);
        let limited = member.limited_to(&[Permission::ProjectsRead, Permission::TenantsManage]);
        let left: Vec<_> = limited.iter().collect();
        assert_eq!(left, [(Permission::ProjectsRead, Extent::Tenant)]);
    }
}
