//! What can go wrong with roles, and what it means.

use super::model::OWN_ROLES_MAX;
use crate::domains::access::{Denied, Permission, RoleName};
use crate::domains::idempotency::IdempotencyError;
use crate::error::{Error, ErrorKind};
use crate::tenancy::DbError;

/// A use case that failed.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// The tenant has none with this name.
    #[error("there is no such role")]
    NotFound,
    /// The role is not granted this.
    #[error("the role `{0}` is not granted `{1}`")]
    NotGranted(RoleName, Permission),
    /// Another role has this name.
    #[error("another role of this tenant has the name `{0}`; choose another")]
    Taken(RoleName),
    /// Users or invitations have it.
    #[error("users or invitations have the role `{0}`; give them another role first")]
    InUse(RoleName),
    /// What built-in roles are granted is the program's.
    #[error("`{0}` is a built-in role, which cannot be changed; make one of your own")]
    BuiltIn(RoleName),
    /// The tenant has as many as it can.
    #[error("a tenant can have {OWN_ROLES_MAX} roles of its own; delete one first")]
    TooMany,
    /// The role would hold what the caller does not.
    #[error("the role would hold `{0}`, which you do not hold, or not as far")]
    BeyondOwn(Permission),
    /// The caller may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The `Idempotency-Key`.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl From<RoleError> for Error {
    fn from(error: RoleError) -> Self {
        let detail = error.to_string();
        let (kind, code) = match error {
            RoleError::NotFound => return Self::not_found("role"),
            RoleError::NotGranted(..) => (ErrorKind::NotFound, "not_found"),
            RoleError::Taken(_) => (ErrorKind::Conflict, "role_taken"),
            RoleError::InUse(_) => (ErrorKind::Conflict, "role_in_use"),
            RoleError::BuiltIn(_) => (ErrorKind::Conflict, "builtin_role"),
            RoleError::TooMany => (ErrorKind::Conflict, "too_many_roles"),
            RoleError::BeyondOwn(_) => (ErrorKind::Forbidden, "beyond_own_grants"),
            RoleError::Denied(denied) => return denied.into(),
            RoleError::Idempotency(failure) => return failure.into(),
            RoleError::Db(failure) => return failure.into(),
        };
        Self::new(kind, code, detail)
    }
}
