//! What roles are granted: seen whole, replaced whole, or one by one.

use super::authorization::{may_change, may_hold};
use super::error::RoleError;
use super::model::{Granted, KnownPermission, RoleView};
use super::repository;
use super::service::Roles;
use crate::domains::access::{
    Authority, Grants, Permission, PermissionsManage, PermissionsView, RoleName, authorize,
};

impl Roles<'_> {
    /// All that can be granted, and how far the caller holds it.
    ///
    /// # Errors
    /// When the caller may not see it.
    pub fn permissions(&self) -> Result<Vec<KnownPermission>, RoleError> {
        authorize::<PermissionsView>(&self.context)?;
        let own = self.context.authority().map(Authority::grants);
        let known = |permission: &Permission| KnownPermission {
            permission: *permission,
            grantable: permission.grantable().collect(),
            held: own.and_then(|grants| grants.extent(*permission)),
        };
        Ok(Permission::ALL.iter().map(known).collect())
    }

    /// Makes `grants` all that a role is granted.
    ///
    /// # Errors
    /// [`RoleError::NotFound`], [`RoleError::BuiltIn`], [`RoleError::BeyondOwn`], or the caller may not.
    pub async fn replace(&self, role: &RoleName, grants: Grants) -> Result<RoleView, RoleError> {
        self.context.in_person()?;
        self.regrant(role, |_| Ok(grants)).await
    }

    /// Grants one thing more, or another extent of what was granted.
    ///
    /// # Errors
    /// See [`Roles::replace`].
    pub async fn grant(&self, role: &RoleName, granted: Granted) -> Result<RoleView, RoleError> {
        self.context.in_person()?;
        let Granted { permission, extent } = granted;
        let grant = |before: Grants| Ok(before.with(permission, Some(extent)));
        self.regrant(role, grant).await
    }

    /// Takes one grant away.
    ///
    /// # Errors
    /// [`RoleError::NotGranted`], and see [`Roles::replace`].
    pub async fn withdraw(
        &self,
        role: &RoleName,
        permission: Permission,
    ) -> Result<RoleView, RoleError> {
        let withdraw = |before: Grants| match before.extent(permission) {
            Some(_) => Ok(before.with(permission, None)),
            None => Err(RoleError::NotGranted(role.clone(), permission)),
        };
        self.regrant(role, withdraw).await
    }

    /// Changes what a role is granted from what it was, which nobody else changes meanwhile.
    async fn regrant(
        &self,
        role: &RoleName,
        change: impl FnOnce(Grants) -> Result<Grants, RoleError>,
    ) -> Result<RoleView, RoleError> {
        let scope = authorize::<PermissionsManage>(&self.context)?;
        let mut tx = self.begin("roles.grant").await?;
        let before = repository::lock(&mut tx, &scope, role).await?;
        let before = self.existing(before)?;
        may_change(&self.context, &before)?;
        let held = before.grants();
        let grants = change(held.clone())?;
        // Who only takes away need not hold what stays.
        if !held.cover(&grants) {
            may_hold(&self.context, &grants)?;
        }
        let after = before.granted(&grants);
        repository::grant(&mut tx, &scope, &after, self.deps.clock.now()).await?;
        self.finish(tx, "role.permissions_changed", Some(&before), Some(&after))
            .await?;
        Ok(after)
    }
}
