//! Permissions, what each built-in role is granted, and the scope that a grant makes.

use std::fmt;
use std::marker::PhantomData;

use uuid::Uuid;

use super::Denied;
use super::context::{Actor, Context};
use super::role::Role;

/// How far a grant reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// What the actor owns.
    Own,
    /// Everything in the actor's tenant.
    Tenant,
    /// Every tenant.
    All,
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
    ($($(#[$doc:meta])* $name:ident = $text:literal { $($role:ident: $extent:ident),* $(,)? })*) => {
        /// What can be granted to a role, written `resource:action`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Permission { $($(#[$doc])* $name),* }

        impl Permission {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// As the API writes it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// What a built-in role is granted of this.
            pub const fn granted_to(self, role: Role) -> Option<Extent> {
                match (self, role) {
                    $($((Self::$name, Role::$role) => Some(Extent::$extent),)*)*
                    _ => None,
                }
            }
        }

        $($(#[$doc])* #[derive(Debug, Clone, Copy)] pub struct $name;
        impl Action for $name { const PERMISSION: Permission = Permission::$name; })*
    };
}

permissions! {
    /// See projects.
    ProjectsRead = "projects:read" { Guest: Tenant, Member: Tenant, Admin: Tenant, SuperAdmin: Tenant }
    /// Make, change and delete projects.
    ProjectsWrite = "projects:write" { Member: Own, Admin: Tenant, SuperAdmin: Tenant }
    /// See users.
    UsersRead = "users:read" { Guest: Own, Member: Own, Admin: Tenant, SuperAdmin: Tenant }
    /// Make users.
    UsersCreate = "users:create" { Admin: Tenant, SuperAdmin: Tenant }
    /// See one's own tenant.
    TenantRead = "tenant:read" { Guest: Own, Member: Own, Admin: Own, SuperAdmin: Own }
    /// Change one's own tenant's profile.
    TenantUpdate = "tenant:update" { Admin: Own, SuperAdmin: All }
    /// See all tenants.
    TenantsRead = "tenants:read" { SuperAdmin: All }
    /// Make tenants.
    TenantsCreate = "tenants:create" { SuperAdmin: All }
    /// Suspend, activate, cancel and migrate tenants.
    TenantsManage = "tenants:manage" { SuperAdmin: All }
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
    let extent = match context.actor() {
        Actor::System { .. } => Some(Extent::All),
        Actor::User { role, .. } => A::PERMISSION.granted_to(*role),
    };
    let extent = extent.ok_or(Denied::Permission(A::PERMISSION))?;
    // What reaches beyond a tenant is for the platform's own people, whatever a role row says.
    let reaches_out = extent == Extent::All && !matches!(context.actor(), Actor::System { .. });
    if reaches_out && !context.is_operator() {
        return Err(Denied::Permission(A::PERMISSION));
    }
    Ok(Scope {
        extent,
        actor: context.user_id(),
        action: PhantomData,
    })
}
