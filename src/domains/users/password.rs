//! Changing a password: one's own by knowing it, somebody's below without.

use secrecy::SecretString;
use uuid::Uuid;

use super::authorization::may_take_over;
use super::error::UserError;
use super::model::{PasswordChange, User};
use super::repository;
use super::service::Users;
use crate::domains::access::{Actor, PasswordsChange, Scope, authorize};
use crate::domains::auth::{Which, end_sessions};
use crate::domains::passwords::PasswordHash;
use crate::tenancy::Scoped;

impl Users<'_> {
    /// Sets a password. The user's other sessions end: those of whoever may have learnt the old one.
    ///
    /// # Errors
    /// [`UserError::NotFound`], [`UserError::NoCurrentPassword`] or [`UserError::WrongPassword`] for one's own, or the caller may not.
    pub async fn set_password(&self, id: Uuid, change: PasswordChange) -> Result<(), UserError> {
        let scope = authorize::<PasswordsChange>(&self.context)?;
        self.context.in_person()?;
        let session = self.deps.tenancy.session(self.context.tenant()).await?;
        // Looked at first and rolled back: no connection is held and nothing is locked while passwords are compared and hashed.
        let mut look = session.begin("users.look_at_password");
        let (user, old) = self.changeable(&mut look, &scope, id).await?;
        drop(look);
        let own = self.context.user_id() == Some(id);
        if own && let Err(error) = self.knows(change.current.as_ref(), old.as_ref()).await {
            return self.refuse(&user, error).await;
        }
        let new = self.deps.hasher.hash(&change.new).await?;

        let mut tx = self.deps.tenancy.control("a password changes").await?;
        let db = tx.tenant(self.context.tenant()).await?;
        let (user, now_there) = self.changeable(db, &scope, id).await?;
        if own && now_there != old {
            return Err(UserError::WrongPassword);
        }
        let now = self.deps.clock.now();
        repository::set_password(db, &scope, id, &new, now).await?;
        let which = match self.context.actor() {
            Actor::User(caller) if own => Which::AllBut(caller.session),
            _ => Which::All,
        };
        let ended = end_sessions(&mut tx, self.deps, &self.context, id, which).await?;
        let why = "their password changed";
        ended
            .record(&mut tx, self.deps, &self.context, id, why)
            .await?;
        let db = tx.tenant(self.context.tenant()).await?;
        let after = User {
            updated_at: now,
            ..user.clone()
        };
        self.note(db, "user.password_changed", Some(&user), Some(&after))
            .await?;
        tx.commit().await?;
        ended.announce();
        Ok(())
    }

    /// The user, locked, and their password's hash, if the caller may act on them.
    async fn changeable(
        &self,
        db: &mut Scoped,
        scope: &Scope<PasswordsChange>,
        id: Uuid,
    ) -> Result<(User, Option<PasswordHash>), UserError> {
        let found = repository::lock(db, scope, id).await?;
        let (user, hash) = found.ok_or(UserError::NotFound)?;
        let roles = self.deps.roles.within(db);
        may_take_over(&self.context, roles, user.id, &user.role).await??;
        Ok((user, hash))
    }

    /// Who tries passwords with a stolen token is written down.
    async fn refuse(&self, user: &User, error: UserError) -> Result<(), UserError> {
        if matches!(error, UserError::WrongPassword) {
            let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
            self.note(&mut db, "user.password_refused", Some(user), None)
                .await?;
        }
        Err(error)
    }

    async fn knows(
        &self,
        password: Option<&SecretString>,
        hash: Option<&PasswordHash>,
    ) -> Result<(), UserError> {
        let password = password.ok_or(UserError::NoCurrentPassword)?;
        if self.deps.hasher.verify(password, hash).await? {
            Ok(())
        } else {
            Err(UserError::WrongPassword)
        }
    }
}
