//! Changing users: their profile, their role, and their end.

use serde_json::json;
use uuid::Uuid;

use super::authorization::{RemovesAdmins, may_act_on, may_give, top_role};
use super::error::UserError;
use super::model::User;
use super::repository;
use super::service::Users;
use crate::domains::access::{
    PermissionsAssign, RoleName, Scope, UsersDelete, UsersUpdate, authorize,
};
use crate::domains::audit::{self, Act};
use crate::domains::auth::{Which, end_sessions};
use crate::tenancy::{ControlTransaction, DbError, Scoped};

impl Users<'_> {
    /// Renames one: oneself, or somebody below.
    ///
    /// # Errors
    /// [`UserError::NotFound`], or the caller may not.
    pub async fn rename(&self, id: Uuid, name: Option<String>) -> Result<User, UserError> {
        let scope = authorize::<UsersUpdate>(&self.context)?;
        let session = self.deps.tenancy.session(self.context.tenant()).await?;
        let mut tx = session.begin("users.rename");
        let found = repository::lock(&mut tx, &scope, id).await?;
        let (before, _) = found.ok_or(UserError::NotFound)?;
        let roles = self.deps.roles.within(&mut tx);
        may_act_on(&self.context, roles, &before).await?;
        let Some(name) = name else { return Ok(before) };
        let after = User {
            name,
            updated_at: self.deps.clock.now(),
            ..before.clone()
        };
        repository::rename(&mut tx, &scope, &after).await?;
        self.note(&mut tx, "user.updated", Some(&before), Some(&after))
            .await?;
        tx.commit().await?;
        Ok(after)
    }

    /// Gives somebody below another role below one's own; their sessions end. Oneself, one can only step down.
    ///
    /// # Errors
    /// [`UserError::NotFound`], [`UserError::LastAdmin`], [`UserError::UnknownRole`], or the caller may not.
    pub async fn set_role(&self, id: Uuid, role: RoleName) -> Result<User, UserError> {
        let scope = authorize::<PermissionsAssign>(&self.context)?;
        self.context.in_person()?;
        let mut tx = self.deps.tenancy.control("a user's role changes").await?;
        let before = self
            .lock_unless_last(&mut tx, &scope, id, Some(&role))
            .await?;
        let db = tx.tenant(self.context.tenant()).await?;
        may_act_on(&self.context, self.deps.roles.within(db), &before).await?;
        may_give(&self.context, self.deps.roles.within(db), &role).await?;
        if before.role == role {
            return Ok(before);
        }
        let after = User {
            role,
            updated_at: self.deps.clock.now(),
            ..before.clone()
        };
        repository::set_role(db, &scope, &after).await?;
        // Their tokens say the old role.
        let ended = end_sessions(&mut tx, self.deps, &self.context, id, Which::All).await?;
        let why = "their role changed";
        ended
            .record(&mut tx, self.deps, &self.context, id, why)
            .await?;
        let db = tx.tenant(self.context.tenant()).await?;
        self.note(db, "user.role_changed", Some(&before), Some(&after))
            .await?;
        tx.commit().await?;
        ended.announce();
        Ok(after)
    }

    /// Deletes somebody below. What they made stays with the tenant; their sessions end, their API keys go.
    ///
    /// # Errors
    /// [`UserError::NotFound`], [`UserError::Oneself`], [`UserError::LastAdmin`], or the caller may not.
    pub async fn delete(&self, id: Uuid) -> Result<(), UserError> {
        let scope = authorize::<UsersDelete>(&self.context)?;
        if self.context.user_id() == Some(id) {
            return Err(UserError::Oneself);
        }
        self.remove(&scope, id).await
    }

    /// Deletes the caller, who has just signed in.
    ///
    /// # Errors
    /// [`UserError::LastAdmin`], or the caller may not.
    pub async fn delete_me(&self) -> Result<(), UserError> {
        let scope = authorize::<UsersDelete>(&self.context)?;
        let id = self.context.user_id().ok_or(UserError::NotFound)?;
        self.context.in_person()?;
        self.context.freshly(&self.deps.clock)?;
        self.remove(&scope, id).await
    }

    async fn remove(&self, scope: &Scope<UsersDelete>, id: Uuid) -> Result<(), UserError> {
        self.context.in_person()?;
        let mut tx = self.deps.tenancy.control("a user is deleted").await?;
        let before = self.lock_unless_last(&mut tx, scope, id, None).await?;
        let db = tx.tenant(self.context.tenant()).await?;
        may_act_on(&self.context, self.deps.roles.within(db), &before).await?;
        let ended = end_sessions(&mut tx, self.deps, &self.context, id, Which::All).await?;
        let db = tx.tenant(self.context.tenant()).await?;
        repository::delete(db, scope, id).await?;
        let why = "they were deleted";
        ended
            .record(&mut tx, self.deps, &self.context, id, why)
            .await?;
        let db = tx.tenant(self.context.tenant()).await?;
        self.note(db, "user.deleted", Some(&before), None).await?;
        tx.commit().await?;
        ended.announce();
        Ok(())
    }

    /// The user, locked, if somebody else of the tenant's top role is left when they no longer have it.
    async fn lock_unless_last<A: RemovesAdmins>(
        &self,
        tx: &mut ControlTransaction,
        scope: &Scope<A>,
        id: Uuid,
        role: Option<&RoleName>,
    ) -> Result<User, UserError> {
        let top = top_role(self.context.tenant());
        let db = tx.tenant(self.context.tenant()).await?;
        let found = repository::lock_with_peers(db, scope, id, &top).await?;
        let (user, peers) = found.ok_or(UserError::NotFound)?;
        if user.role == top && role != Some(&top) && peers == 0 {
            // Who may not do it at all hears that first.
            may_act_on(&self.context, self.deps.roles.within(db), &user).await?;
            return Err(UserError::LastAdmin(top));
        }
        Ok(user)
    }

    pub(super) async fn note(
        &self,
        db: &mut Scoped,
        action: &'static str,
        before: Option<&User>,
        after: Option<&User>,
    ) -> Result<(), DbError> {
        let act = Act {
            action,
            resource: "user",
            resource_id: before.or(after).map(|user| user.id),
            before: before.map(|user| json!(user)),
            after: after.map(|user| json!(user)),
        };
        audit::record(db, &self.context, &self.deps.clock, act).await
    }
}
