//! Permissions, what each built-in role is granted, and the scope that a grant makes.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Denied;
use super::context::Context;
use super::role::Role;

/// How far a grant reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// What the actor owns.
    Own,
    /// Everything in the actor's tenant.
    Tenant,
    /// Every tenant.
    All,
}

/// A text that is no extent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected `own`, `tenant` or `all`, found `{0}`")]
pub struct UnknownExtent(pub String);

impl Extent {
    /// As tables and the API write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Tenant => "tenant",
            Self::All => "all",
        }
    }
}

impl FromStr for Extent {
    type Err = UnknownExtent;

    fn from_str(text: &str) -> Result<Self, UnknownExtent> {
        [Self::Own, Self::Tenant, Self::All]
            .into_iter()
            .find(|extent| extent.as_str() == text)
            .ok_or_else(|| UnknownExtent(text.to_owned()))
    }
}

/// What layer two filters by, for one action. Made by [`authorize`] alone.
#[derive(Debug, Clone)]
pub struct Scope<A> {
    extent: Extent,
    actor: Option<Uuid>,
    action: PhantomData<A>,
}

impl<A: Action> Scope<A> {
    /// How far it reaches.
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// Rows of this owner only; `None` means all of the tenant's. For SQL: `($n::uuid IS NULL OR owner_id = $n)`.
    pub fn owner(&self) -> Option<Uuid> {
        match self.extent {
            // Nobody owns the nil id: an owner who is unknown sees nothing.
            Extent::Own => Some(self.actor.unwrap_or(Uuid::nil())),
            Extent::Tenant | Extent::All => None,
        }
    }
}

/// Something that needs a permission; a type, so that a scope of one action is not one of another.
pub trait Action {
    /// The permission that it needs.
    const PERMISSION: Permission;
}

macro_rules! permissions {
    ($(#[doc = $doc:literal] $name:ident = $text:literal { $($role:ident: $extent:ident),* $(,)? })*) => {
        /// What can be granted to a role, written `resource:action`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Permission { $(#[doc = $doc] #[serde(rename = $text)] $name),* }

        impl Permission {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// As the API writes it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// What it allows, for people.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$name => $doc.trim_ascii()),* }
            }

            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// What a built-in role is granted of this.
            pub const fn granted_to(self, role: Role) -> Option<Extent> {
                match (self, role) {
                    $($((Self::$name, Role::$role) => Some(Extent::$extent),)*)*
                    _ => None,
                }
            }
        }

        $(#[doc = $doc] #[derive(Debug, Clone, Copy)] pub struct $name;
        impl Action for $name { const PERMISSION: Permission = Permission::$name; })*
    };
}

permissions! {
    /// See projects.
    ProjectsRead = "projects:read" { Guest: Tenant, Member: Tenant, Admin: Tenant, SuperAdmin: Tenant }
    /// Make, change and delete projects.
    ProjectsWrite = "projects:write" { Member: Own, Admin: Tenant, SuperAdmin: Tenant }
    /// See users.
    UsersRead = "users:read" { Guest: Own, Member: Own, Admin: Tenant, SuperAdmin: All }
    /// Make users.
    UsersCreate = "users:create" { Admin: Tenant, SuperAdmin: All }
    /// Change users' profiles.
    UsersUpdate = "users:update" { Guest: Own, Member: Own, Admin: Tenant, SuperAdmin: All }
    /// Delete users.
    UsersDelete = "users:delete" { Guest: Own, Member: Own, Admin: Tenant, SuperAdmin: All }
    /// Change passwords.
    PasswordsChange = "passwords:change" { Guest: Own, Member: Own, Admin: Tenant, SuperAdmin: All }
    /// Change e-mail addresses.
    EmailsChange = "emails:change" { Guest: Own, Member: Own, Admin: Tenant, SuperAdmin: All }
    /// See sign-ins.
    SessionsRead = "sessions:read" { Guest: Own, Member: Own, Admin: Tenant, SuperAdmin: All }
    /// End sign-ins.
    SessionsTerminate = "sessions:terminate" { Guest: Own, Member: Own, Admin: Tenant, SuperAdmin: All }
    /// Set up a second factor.
    MfaManage = "mfa:manage" { Guest: Own, Member: Own, Admin: Own, SuperAdmin: Own }
    /// See, make and withdraw invitations.
    InvitesManage = "invites:manage" { Admin: Tenant, SuperAdmin: Tenant }
    /// See, make, rotate and delete API keys.
    ApiKeysManage = "api_keys:manage" { Guest: Own, Member: Own, Admin: Tenant, SuperAdmin: Tenant }
    /// See roles and what they are granted.
    PermissionsView = "permissions:view" { Admin: Tenant, SuperAdmin: Tenant }
    /// Make roles, and change what they are granted.
    PermissionsManage = "permissions:manage" { Admin: Tenant, SuperAdmin: Tenant }
    /// Give roles to users.
    PermissionsAssign = "permissions:assign" { Admin: Tenant, SuperAdmin: All }
    /// See feature flags.
    FeaturesRead = "features:read" { Member: Tenant, Admin: Tenant, SuperAdmin: Tenant }
    /// Make feature flags.
    FeaturesCreate = "features:create" { Admin: Tenant, SuperAdmin: Tenant }
    /// Change feature flags.
    FeaturesUpdate = "features:update" { Admin: Tenant, SuperAdmin: Tenant }
    /// Delete feature flags.
    FeaturesDelete = "features:delete" { Admin: Tenant, SuperAdmin: Tenant }
    /// Ask what feature flags say for oneself.
    FeaturesEvaluate = "features:evaluate" { Guest: Tenant, Member: Tenant, Admin: Tenant, SuperAdmin: Tenant }
    /// Read, export and verify the audit log.
    AuditView = "audit:view" { Admin: Tenant, SuperAdmin: Tenant }
    /// See one's own tenant.
    TenantRead = "tenant:read" { Guest: Own, Member: Own, Admin: Own, SuperAdmin: Own }
    /// Change one's own tenant's profile.
    TenantUpdate = "tenant:update" { Admin: Own, SuperAdmin: All }
    /// See all tenants.
    TenantsRead = "tenants:read" { SuperAdmin: All }
    /// Make tenants.
    TenantsCreate = "tenants:create" { SuperAdmin: All }
    /// Suspend, activate, cancel, delete, restore, migrate, export and copy tenants, and change their slug and plan.
    TenantsManage = "tenants:manage" { SuperAdmin: All }
    /// See how work goes that was asked for.
    OperationsRead = "operations:read" { Guest: Own, Member: Own, Admin: Own, SuperAdmin: All }
    /// Act as a tenant's user, with a reason.
    ImpersonationsManage = "impersonations:manage" { SuperAdmin: All }
}

impl Permission {
    /// How far a tenant's own role can be granted it: as far as one built-in role or another is, but never to every tenant. The code
    /// that asks for a permission knows these reaches and no other.
    pub fn grantable(self) -> impl Iterator<Item = Extent> {
        let held = move |extent: &Extent| {
            let roles = Role::ALL.into_iter();
            roles
                .filter_map(move |role| self.granted_to(role))
                .any(|e| e == *extent)
        };
        [Extent::Own, Extent::Tenant].into_iter().filter(held)
    }
}

/// A text that names no permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no permission `{0}`; GET /permissions lists them")]
pub struct UnknownPermission(pub String);

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        let mut all = Self::ALL.iter().copied();
        all.find(|permission| permission.as_str() == text)
            .ok_or_else(|| UnknownPermission(text.to_owned()))
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Asks whether the actor may do `A` at all; the scope says over what.
///
/// # Errors
/// [`Denied::Permission`] if not.
pub fn authorize<A: Action>(context: &Context) -> Result<Scope<A>, Denied> {
    let extent = match context.authority() {
        None => Some(Extent::All),
        Some(authority) => authority.grants().extent(A::PERMISSION),
    };
    let extent = extent.ok_or(Denied::Permission(A::PERMISSION))?;
    // A role's row may say anything, for it can be written past us. What reaches beyond a tenant is for the platform's own people, and a reach that
    // no built-in role has is one that the code which asks has never heard of.
    let may_reach = match extent {
        Extent::All => context.authority().is_none() || context.is_operator(),
        Extent::Own | Extent::Tenant => A::PERMISSION.grantable().any(|known| known == extent),
    };
    if !may_reach {
        return Err(Denied::Permission(A::PERMISSION));
    }
    Ok(Scope {
        extent,
        actor: context.user_id(),
        action: PhantomData,
    })
}
