//! Who may make whom. What may be done in general, the permissions say.

use super::error::UserError;
use crate::domains::access::{Action, Context, Denied, Role, RoleName, TenantsCreate, UsersCreate};
use crate::domains::roles::Directory;
use crate::tenancy::{PLATFORM_SLUG, TenantRef};

/// Actions by which a user comes into being.
pub(super) trait MakesUsers: Action {}
impl MakesUsers for UsersCreate {}
/// A tenant comes with its first admin.
impl MakesUsers for TenantsCreate {}

/// Nobody gives a role that they do not stand above, and super admins are the platform's own.
pub(super) async fn may_give(
    context: &Context,
    roles: &Directory,
    role: &RoleName,
) -> Result<(), UserError> {
    may_give_in(context.tenant(), context, roles, role).await
}

/// The same, for a role of a tenant that may be another than the caller's.
pub(super) async fn may_give_in(
    tenant: &TenantRef,
    context: &Context,
    roles: &Directory,
    role: &RoleName,
) -> Result<(), UserError> {
    let found = roles.find(tenant, role).await?;
    let found = found.ok_or_else(|| UserError::UnknownRole(role.clone()))?;
    if !context.outranks(found.rank()) {
        return Err(Denied::Hierarchy(role.clone()).into());
    }
    let platform = tenant.slug.as_str() == PLATFORM_SLUG;
    if role.built_in() == Some(Role::SuperAdmin) && !platform {
        return Err(UserError::SuperAdminOfTenant);
    }
    Ok(())
}
