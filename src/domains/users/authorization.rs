//! Who may make whom. What may be done in general, the permissions say.

use super::error::UserError;
use crate::domains::access::{Action, Context, Denied, Role, TenantsCreate, UsersCreate};
use crate::tenancy::PLATFORM_SLUG;

/// Actions by which a user comes into being.
pub(super) trait MakesUsers: Action {}
impl MakesUsers for UsersCreate {}
/// A tenant comes with its first admin.
impl MakesUsers for TenantsCreate {}

/// Nobody gives a role that they do not stand above, and super admins are the platform's own.
pub(super) fn may_give(context: &Context, role: Role) -> Result<(), UserError> {
    if !context.outranks(role) {
        return Err(Denied::Hierarchy(role).into());
    }
    if role == Role::SuperAdmin && context.tenant().slug.as_str() != PLATFORM_SLUG {
        return Err(UserError::SuperAdminOfTenant);
    }
    Ok(())
}
