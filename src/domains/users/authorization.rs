//! Who may make whom. What may be done in general, the permissions say.

use uuid::Uuid;

use super::error::UserError;
use super::model::User;
use crate::domains::access::{
    Action, Authority, Context, Denied, PasswordsChange, PermissionsAssign, Role, RoleName,
    TenantsCreate, UsersCreate, UsersDelete, UsersUpdate,
};
use crate::domains::roles::Lookup;
use crate::tenancy::{DbError, PLATFORM_SLUG, Tenant, TenantRef};

/// Actions by which a user comes into being.
pub(in crate::domains) trait MakesUsers: Action {}
impl MakesUsers for UsersCreate {}
/// A tenant comes with its first admin.
impl MakesUsers for TenantsCreate {}

/// Actions that change a user.
pub(super) trait ChangesUsers: Action {}
impl ChangesUsers for UsersUpdate {}
impl ChangesUsers for PasswordsChange {}

/// Actions after which somebody may no longer have the tenant's top role.
pub(super) trait RemovesAdmins: Action {}
impl RemovesAdmins for UsersDelete {}
impl RemovesAdmins for PermissionsAssign {}

/// The role that somebody of the tenant always has.
pub(super) fn top_role(tenant: &Tenant) -> RoleName {
    if tenant.slug.as_str() == PLATFORM_SLUG {
        Role::SuperAdmin.into()
    } else {
        Role::Admin.into()
    }
}

/// Everybody acts on themselves; on others, who stands strictly above them.
pub(super) async fn may_act_on(
    context: &Context,
    roles: Lookup<'_>,
    user: &User,
) -> Result<(), UserError> {
    if context.user_id() == Some(user.id) {
        return Ok(());
    }
    let found = roles.find(context.tenant(), &user.role).await?;
    let found = found.ok_or_else(|| UserError::UnknownRole(user.role.clone()))?;
    if context.outranks(found.rank()) {
        Ok(())
    } else {
        Err(Denied::Hierarchy(user.role.clone()).into())
    }
}

/// Who sets somebody's password or address can become them: on others, only who stands strictly above them and holds all that they hold.
pub(in crate::domains) async fn may_take_over(
    context: &Context,
    roles: Lookup<'_>,
    user: Uuid,
    role: &RoleName,
) -> Result<Result<(), Denied>, DbError> {
    if context.user_id() == Some(user) {
        return Ok(Ok(()));
    }
    let theirs = roles.authority(context.tenant(), role).await?;
    if !context.outranks(theirs.rank()) {
        return Ok(Err(Denied::Hierarchy(role.clone())));
    }
    let covered = |own: &Authority| own.grants().cover(theirs.grants());
    if context.authority().is_none_or(covered) {
        Ok(Ok(()))
    } else {
        Ok(Err(Denied::BeyondOwn(role.clone())))
    }
}

/// Nobody gives a role that they do not stand above or that may do what they may not, and super admins are the platform's own.
pub(in crate::domains) async fn may_give(
    context: &Context,
    roles: Lookup<'_>,
    role: &RoleName,
) -> Result<(), UserError> {
    may_give_in(context.tenant(), context, roles, role).await
}

/// The same, for a role of a tenant that may be another than the caller's.
pub(super) async fn may_give_in(
    tenant: &TenantRef,
    context: &Context,
    roles: Lookup<'_>,
    role: &RoleName,
) -> Result<(), UserError> {
    let found = roles.find(tenant, role).await?;
    let found = found.ok_or_else(|| UserError::UnknownRole(role.clone()))?;
    if !context.outranks(found.rank()) {
        return Err(Denied::Hierarchy(role.clone()).into());
    }
    let covered = context
        .authority()
        .is_none_or(|own| own.grants().cover(found.grants()));
    if !covered {
        return Err(Denied::BeyondOwn(role.clone()).into());
    }
    let platform = tenant.slug.as_str() == PLATFORM_SLUG;
    if role.built_in() == Some(Role::SuperAdmin) && !platform {
        return Err(UserError::SuperAdminOfTenant);
    }
    Ok(())
}
