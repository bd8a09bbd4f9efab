//! Who may change which role, and what it may hold. Whether somebody may change roles at all, the permissions say.

use super::error::RoleError;
use super::model::RoleView;
use crate::domains::access::{Authority, Context, Denied, Grants, Rank, RoleName};

/// A role can be changed by whoever stands above it, unless it is built in.
pub(super) fn may_change(context: &Context, role: &RoleView) -> Result<(), RoleError> {
    if role.name.built_in().is_some() {
        return Err(RoleError::BuiltIn(role.name.clone()));
    }
    may_place(context, &role.name, role.rank)
}

/// Nobody makes a role that stands as high as they do.
pub(super) fn may_place(context: &Context, name: &RoleName, rank: Rank) -> Result<(), RoleError> {
    if context.outranks(rank) {
        Ok(())
    } else {
        Err(Denied::Hierarchy(name.clone()).into())
    }
}

/// Nobody leaves a role that holds what they do not.
pub(super) fn may_hold(context: &Context, grants: &Grants) -> Result<(), RoleError> {
    let Some(own) = context.authority().map(Authority::grants) else {
        return Ok(());
    };
    match own.first_beyond(grants) {
        Some(permission) => Err(RoleError::BeyondOwn(permission)),
        None => Ok(()),
    }
}
