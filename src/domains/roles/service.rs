//! The use cases of roles: authorize, then do it, then tell every node and write it down.

use serde_json::json;

use super::authorization::{may_change, may_hold, may_place};
use super::error::RoleError;
use super::model::{NewRole, RoleView};
use super::repository;
use crate::domains::Deps;
use crate::domains::access::{Context, PermissionsManage, PermissionsView, RoleName, authorize};
use crate::domains::audit::{self, Act};
use crate::domains::idempotency::{self, IdempotencyKey, Once};
use crate::tenancy::{Event, PLATFORM_SLUG, Transaction};

/// Roles, for one caller.
pub struct Roles<'d> {
    pub(super) deps: &'d Deps,
    pub(super) context: Context,
}

impl<'d> Roles<'d> {
    /// For the caller that `context` tells of.
    pub fn new(deps: &'d Deps, context: Context) -> Self {
        Self { deps, context }
    }

    /// All roles of the tenant, built-in ones too, from the lowest.
    ///
    /// # Errors
    /// When the caller may not see them.
    pub async fn list(&self) -> Result<Vec<RoleView>, RoleError> {
        let scope = authorize::<PermissionsView>(&self.context)?;
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        let mut roles = repository::list(&mut db, &scope).await?;
        roles.retain(|role| role.exists(self.on_platform()));
        Ok(roles)
    }

    /// One role.
    ///
    /// # Errors
    /// [`RoleError::NotFound`], or the caller may not see it.
    pub async fn find(&self, name: &RoleName) -> Result<RoleView, RoleError> {
        let scope = authorize::<PermissionsView>(&self.context)?;
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        let found = repository::find(&mut db, &scope, name).await?;
        self.existing(found)
    }

    /// Makes one below the caller's own. With a key, the same request again gives the same answer.
    ///
    /// # Errors
    /// [`RoleError::Taken`], [`RoleError::TooMany`], [`RoleError::BeyondOwn`], the key's own, or the caller may not.
    pub async fn create(
        &self,
        new: NewRole,
        key: Option<&IdempotencyKey>,
    ) -> Result<Once<RoleView>, RoleError> {
        let scope = authorize::<PermissionsManage>(&self.context)?;
        self.context.in_person()?;
        may_place(&self.context, &new.name, new.rank)?;
        may_hold(&self.context, &new.grants)?;
        let clock = &self.deps.clock;
        let now = clock.now();
        let role = RoleView::new(new.name, new.rank, new.description, &new.grants);
        let mut tx = self.begin("roles.create").await?;
        if let Some(before) = idempotency::replayed(&mut tx, clock, key).await? {
            return Ok(Once::Before(before));
        }
        repository::insert(&mut tx, &scope, &role, now).await?;
        repository::grant(&mut tx, &scope, &role, now).await?;
        idempotency::keep(&mut tx, clock, key, &role).await?;
        self.finish(tx, "role.created", None, Some(&role)).await?;
        Ok(Once::Now(role))
    }

    /// Deletes one that nobody has.
    ///
    /// # Errors
    /// [`RoleError::NotFound`], [`RoleError::BuiltIn`], [`RoleError::InUse`], or the caller may not.
    pub async fn delete(&self, name: &RoleName) -> Result<(), RoleError> {
        let scope = authorize::<PermissionsManage>(&self.context)?;
        let mut tx = self.begin("roles.delete").await?;
        let before = repository::lock(&mut tx, &scope, name).await?;
        let before = self.existing(before)?;
        may_change(&self.context, &before)?;
        repository::delete(&mut tx, &scope, name).await?;
        self.finish(tx, "role.deleted", Some(&before), None).await
    }

    pub(super) async fn begin(&self, name: &'static str) -> Result<Transaction, RoleError> {
        let session = self.deps.tenancy.session(self.context.tenant()).await?;
        Ok(session.begin(name))
    }

    /// The role that was found, if it exists in this tenant.
    pub(super) fn existing(&self, found: Option<RoleView>) -> Result<RoleView, RoleError> {
        let found = found.filter(|role| role.exists(self.on_platform()));
        found.ok_or(RoleError::NotFound)
    }

    /// Every node hears of it when the change is there, this one before the caller gets the answer.
    pub(super) async fn finish(
        &self,
        mut tx: Transaction,
        action: &'static str,
        before: Option<&RoleView>,
        after: Option<&RoleView>,
    ) -> Result<(), RoleError> {
        let tenant = self.context.tenant().id;
        Event::RolesChanged { tenant }.publish(&mut tx).await?;
        let act = Act {
            action,
            resource: "role",
            resource_id: None,
            before: before.map(|role| json!(role)),
            after: after.map(|role| json!(role)),
        };
        audit::record(&mut tx, &self.context, &self.deps.clock, act).await?;
        tx.commit().await?;
        self.deps.roles.forget(tenant);
        Ok(())
    }

    fn on_platform(&self) -> bool {
        self.context.tenant().slug.as_str() == PLATFORM_SLUG
    }
}
