//! A user's sign-ins, as they and their admins see and end them.

use uuid::Uuid;

use super::ending::{Which, end_sessions};
use super::error::AuthError;
use super::model::OpenSession;
use super::repository;
use super::revocations::RevocationState;
use crate::domains::Deps;
use crate::domains::access::{
    Actor, Context, Denied, Rank, RoleName, Scope, SessionsRead, SessionsTerminate, authorize,
};
use crate::domains::users;
use crate::pagination::{Page, PageRequest};
use crate::tenancy::Scoped;

/// Sign-ins, for one caller.
pub struct Sessions<'d> {
    deps: &'d Deps,
    context: Context,
}

impl<'d> Sessions<'d> {
    /// For the caller that `context` tells of.
    pub fn new(deps: &'d Deps, context: Context) -> Self {
        Self { deps, context }
    }

    /// The session that asks.
    ///
    /// # Errors
    /// [`AuthError::NoSession`] where the caller is no person.
    pub fn current(&self) -> Result<Uuid, AuthError> {
        match self.context.actor() {
            Actor::User(user) => Ok(user.session),
            Actor::Key { .. } | Actor::System { .. } => Err(AuthError::NoSession),
        }
    }

    /// The acting person.
    ///
    /// # Errors
    /// [`AuthError::NoSession`] for the system.
    pub fn owner(&self) -> Result<Uuid, AuthError> {
        self.context.user_id().ok_or(AuthError::NoSession)
    }

    /// A page of a user's sessions that can go on, oldest first.
    ///
    /// # Errors
    /// [`AuthError::UserNotFound`] where the caller sees no such user, or the caller may not.
    pub async fn list(
        &self,
        user: Uuid,
        request: PageRequest,
    ) -> Result<Page<OpenSession>, AuthError> {
        let scope = authorize::<SessionsRead>(&self.context)?;
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        self.role_of(&mut db, scope.owner(), user).await?;
        let now = self.deps.clock.now();
        let rows = repository::page(&mut db, &scope, user, &request, now).await?;
        let mut page = Page::cut(rows, &request, |session| session.id);
        // An operator's own sign-out ends what they do as others, of which only the shared tables tell.
        page.items.retain(|session| !self.has_ended(session.id));
        Ok(page)
    }

    /// Ends a user's sessions, at once and on every node. Of others, those above whom the caller stands.
    ///
    /// # Errors
    /// [`AuthError::UserNotFound`], [`AuthError::SessionNotFound`] for one that is not there, or the caller may not.
    pub async fn end(&self, user: Uuid, which: Which) -> Result<(), AuthError> {
        let scope = authorize::<SessionsTerminate>(&self.context)?;
        self.may_end(&scope, user).await?;
        let mut tx = self.deps.tenancy.control("sessions end").await?;
        let ended = end_sessions(&mut tx, self.deps, &self.context, user, which).await?;
        if matches!(which, Which::One(_)) && ended.count() == 0 {
            return Err(AuthError::SessionNotFound);
        }
        let why = "they were signed out";
        ended
            .record(&mut tx, self.deps, &self.context, user, why)
            .await?;
        tx.commit().await?;
        ended.announce();
        Ok(())
    }

    fn has_ended(&self, session: Uuid) -> bool {
        matches!(
            self.deps.revocations.state(session),
            RevocationState::Revoked | RevocationState::RevokedWithTenant
        )
    }

    async fn may_end(&self, scope: &Scope<SessionsTerminate>, user: Uuid) -> Result<(), AuthError> {
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        let role = self.role_of(&mut db, scope.owner(), user).await?;
        drop(db);
        if self.context.user_id() == Some(user) {
            return Ok(());
        }
        let found = self
            .deps
            .roles
            .lookup()
            .find(self.context.tenant(), &role)
            .await?;
        let rank = found.map_or(Rank::LOWEST, |authority| authority.rank());
        if self.context.outranks(rank) {
            Ok(())
        } else {
            Err(Denied::Hierarchy(role).into())
        }
    }

    /// The user's role, if the scope reaches them.
    async fn role_of(
        &self,
        db: &mut Scoped,
        owner: Option<Uuid>,
        user: Uuid,
    ) -> Result<RoleName, AuthError> {
        if owner.is_some_and(|owner| owner != user) {
            return Err(AuthError::UserNotFound);
        }
        users::role_of(db, user)
            .await?
            .ok_or(AuthError::UserNotFound)
    }
}
