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
    PasswordsChange, Permission, PermissionsAssign, PermissionsManage, PermissionsView,
    ProjectsRead, ProjectsWrite, Scope, SessionsRead, SessionsTerminate, TenantRead, TenantUpdate,
    TenantsCreate, TenantsManage, TenantsRead, UnknownExtent, UnknownPermission, UsersCreate,
    UsersDelete, UsersRead, UsersUpdate, authorize,
};
pub use authority::{Authority, Grants};
pub use context::{Actor, Context, Origin, SignedIn};
pub use role::{
    ROLE_NAME_MAX, ROLE_NAME_PATTERN, Rank, Role, RoleName, RoleNameError, UnknownRole,
};

use crate::error::{Error, ErrorKind};

/// The actor may not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The role does not have the permission.
    #[error("this needs the permission `{0}`, which your role does not have")]
    Permission(Permission),
    /// To act on a user, or to give a role, one must stand strictly above it.
    #[error("this needs a role above `{0}`")]
    Hierarchy(RoleName),
    /// Only the owner of this object, or somebody with more rights.
    #[error("only its owner or an admin may change this")]
    NotOwner,
    /// An operator who acts as a user does not touch how that user signs in, nor leaves a credential behind.
    #[error("this is for the person themselves; an impersonation does not reach it")]
    Impersonated,
    /// The sign-in was too long ago for this.
    #[error("this needs a sign-in within the last ten minutes; sign in again")]
    StaleSignIn,
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        let code = match denied {
            Denied::Permission(_) => "forbidden",
            Denied::Hierarchy(_) => "role_hierarchy",
            Denied::NotOwner => "not_owner",
            Denied::Impersonated => "impersonated",
            Denied::StaleSignIn => "fresh_sign_in_required",
        };
        Self::new(ErrorKind::Forbidden, code, denied.to_string())
    }
}
