//! Authorization, layer one: may this actor do this, and over what? The answer is a [`Scope`], which layer two, the SQL, demands.
//!
//! Invariant: a [`Scope`] of an action comes from [`authorize`] for that action and from nowhere else.

mod action;
mod context;
mod role;

pub use action::{
    Action, Extent, Permission, ProjectsRead, ProjectsWrite, Scope, TenantRead, TenantUpdate,
    TenantsCreate, TenantsManage, TenantsRead, UsersCreate, UsersRead, authorize,
};
pub use context::{Actor, Context, Origin};
pub use role::{Role, UnknownRole};

use uuid::Uuid;

use crate::error::{Error, ErrorKind};

/// The actor may not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The role does not have the permission.
    #[error("this needs the permission `{0}`, which your role does not have")]
    Permission(Permission),
    /// To act on a user, or to give a role, one must stand strictly above it.
    #[error("this needs a role above `{0}`")]
    Hierarchy(Role),
    /// Only the owner of this object, {0}, or somebody with more rights.
    #[error("only its owner ({0}) or an admin may change this")]
    NotOwner(Uuid),
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        let code = match denied {
            Denied::Permission(_) => "forbidden",
            Denied::Hierarchy(_) => "role_hierarchy",
            Denied::NotOwner(_) => "not_owner",
        };
        Self::new(ErrorKind::Forbidden, code, denied.to_string())
    }
}
