//! Authorization, layer one: may this actor do this, and over what? The answer is a [`Scope`], which layer two, the SQL, demands.
//!
//! Invariant: a [`Scope`] of an action comes from [`authorize`] for that action and from nowhere else.

mod action;
mod authority;
mod context;
mod role;

pub use action::{
    Action, ApiKeysManage, AuditView, EmailsChange, Extent, FeaturesCreate, FeaturesDelete,
    FeaturesEvaluate, FeaturesRead, FeaturesUpdate, ImpersonationsManage, InvitesManage, MfaManage,
    OperationsRead, PasswordsChange, Permission, PermissionsAssign, PermissionsManage,
    PermissionsView, ProjectsRead, ProjectsWrite, Scope, SessionsRead, SessionsTerminate,
    TenantRead, TenantUpdate, TenantsCreate, TenantsManage, TenantsRead, UnknownExtent,
    UnknownPermission, UsersCreate, UsersDelete, UsersRead, UsersUpdate, authorize,
};
pub use authority::{Authority, Grants};
pub use context::{Actor, Context, Origin, SignedIn};
pub use role::{
    ROLE_NAME_MAX, ROLE_NAME_PATTERN, Rank, Role, RoleName, RoleNameError, UnknownRole,
};

use context::FRESH;

use crate::error::{Error, ErrorKind};

/// The actor may not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The role does not have the permission.
    #[error("this needs the permission `{0}`, which you do not have")]
    Permission(Permission),
    /// To act on a user, or to give a role, one must stand strictly above it.
    #[error("this needs a role above `{0}`")]
    Hierarchy(RoleName),
    /// The role may do what its giver may not.
    #[error("the role `{0}` may do what you may not, so you cannot give it")]
    BeyondOwn(RoleName),
    /// An operator acts as this person; some things only the person does.
    #[error("nobody does this on behalf of another; ask the person to sign in")]
    Impersonated,
    /// The sign-in is too old for this.
    #[error("this needs a sign-in of the last {} minutes; sign in again", FRESH.num_minutes())]
    Stale,
    /// Only the owner of this object, or somebody with more rights.
    #[error("only its owner or an admin may change this")]
    NotOwner,
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        let code = match denied {
            Denied::Permission(_) => "forbidden",
            Denied::Hierarchy(_) | Denied::BeyondOwn(_) => "role_hierarchy",
            Denied::Impersonated => "impersonated",
            Denied::Stale => "fresh_sign_in_required",
            Denied::NotOwner => "not_owner",
        };
        Self::new(ErrorKind::Forbidden, code, denied.to_string())
    }
}
