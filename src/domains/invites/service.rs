//! The use cases of those who invite: authorize, then do it, then write it down.

use serde_json::json;
use uuid::Uuid;

use super::error::InviteError;
use super::letters;
use super::model::{Invite, LIFE, NewInvite};
use super::repository;
use crate::domains::Deps;
use crate::domains::access::{Context, InvitesManage, Scope, authorize};
use crate::domains::audit::{self, Act};
use crate::domains::email_flows::OneTimeToken;
use crate::domains::idempotency::{self, IdempotencyKey, Once};
use crate::domains::mails;
use crate::domains::users::{UserError, may_give};
use crate::ids::new_id;
use crate::pagination::{Page, PageRequest};
use crate::tenancy::{ControlTransaction, Scoped};

/// Invitations, for one caller.
pub struct Invites<'d> {
    deps: &'d Deps,
    context: Context,
}

impl<'d> Invites<'d> {
    /// For the caller that `context` tells of.
    pub fn new(deps: &'d Deps, context: Context) -> Self {
        Self { deps, context }
    }

    /// A page of those that wait for their answer, oldest first; those that are too old wait in vain.
    ///
    /// # Errors
    /// When the caller may not.
    pub async fn list(&self, request: PageRequest) -> Result<Page<Invite>, InviteError> {
        let scope = authorize::<InvitesManage>(&self.context)?;
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        let rows =
            repository::page(&mut db, &scope, request.after, request.rows_to_fetch()).await?;
        Ok(Page::cut(rows, &request, |invite| invite.id))
    }

    /// Invites somebody to a role that the caller may give. With a key, the same request again gives the same answer, and no second mail.
    ///
    /// # Errors
    /// [`InviteError::AlreadyInvited`], [`UserError::EmailTaken`], the key's own, or the caller may not.
    pub async fn create(
        &self,
        new: NewInvite,
        key: Option<&IdempotencyKey>,
    ) -> Result<Once<Invite>, InviteError> {
        let scope = authorize::<InvitesManage>(&self.context)?;
        self.context.in_person()?;
        may_give(&self.context, self.deps.roles.lookup(), &new.role).await?;
        let (clock, token) = (&self.deps.clock, OneTimeToken::new()?);
        let now = clock.now();
        let invite = Invite {
            id: new_id(),
            email: new.email,
            role: new.role,
            invited_by: self.context.user_id(),
            created_at: now,
            expires_at: now + LIFE,
        };
        let mut tx = self.deps.tenancy.control("somebody is invited").await?;
        let db = tx.tenant(self.context.tenant()).await?;
        if let Some(before) = idempotency::replayed(db, clock, key).await? {
            return Ok(Once::Before(before));
        }
        if repository::is_user(db, &invite.email).await? {
            return Err(UserError::EmailTaken(invite.email).into());
        }
        repository::insert(db, &scope, &invite, &token.hash()).await?;
        idempotency::keep(db, clock, key, &invite).await?;
        self.mail(&mut tx, &invite, &token).await?;
        let db = tx.tenant(self.context.tenant()).await?;
        self.note(db, "invite.created", None, Some(&invite)).await?;
        tx.commit().await?;
        Ok(Once::Now(invite))
    }

    /// Sends it again with another token, for another week; the last token holds no longer. For whoever could make it.
    ///
    /// # Errors
    /// [`InviteError::NotFound`], or the caller may not.
    pub async fn resend(&self, id: Uuid) -> Result<Invite, InviteError> {
        let scope = authorize::<InvitesManage>(&self.context)?;
        let before = self.changeable(&scope, id).await?;
        let token = OneTimeToken::new()?;
        let expires = self.deps.clock.now() + LIFE;
        let mut tx = self
            .deps
            .tenancy
            .control("an invitation is sent again")
            .await?;
        let db = tx.tenant(self.context.tenant()).await?;
        let renewed = repository::renew(db, &scope, id, &token.hash(), expires).await?;
        let invite = renewed.ok_or(InviteError::NotFound)?;
        self.mail(&mut tx, &invite, &token).await?;
        let db = tx.tenant(self.context.tenant()).await?;
        self.note(db, "invite.resent", Some(&before), Some(&invite))
            .await?;
        tx.commit().await?;
        Ok(invite)
    }

    /// Withdraws it; its token holds no longer. For whoever could make it.
    ///
    /// # Errors
    /// [`InviteError::NotFound`], or the caller may not.
    pub async fn withdraw(&self, id: Uuid) -> Result<(), InviteError> {
        let scope = authorize::<InvitesManage>(&self.context)?;
        let invite = self.changeable(&scope, id).await?;
        let session = self.deps.tenancy.session(self.context.tenant()).await?;
        let mut tx = session.begin("invites.withdraw");
        if !repository::delete(&mut tx, &scope, id).await? {
            return Err(InviteError::NotFound);
        }
        self.note(&mut tx, "invite.withdrawn", Some(&invite), None)
            .await?;
        Ok(tx.commit().await?)
    }

    /// The invitation, if the caller sees it and could make it. Its role never changes, so this holds for the transaction that follows.
    async fn changeable(
        &self,
        scope: &Scope<InvitesManage>,
        id: Uuid,
    ) -> Result<Invite, InviteError> {
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        let invite = repository::find(&mut db, scope, id).await?;
        drop(db);
        let invite = invite.ok_or(InviteError::NotFound)?;
        may_give(&self.context, self.deps.roles.lookup(), &invite.role).await?;
        Ok(invite)
    }

    async fn mail(
        &self,
        tx: &mut ControlTransaction,
        invite: &Invite,
        token: &OneTimeToken,
    ) -> Result<(), InviteError> {
        let tenant = self.context.tenant();
        let mail = letters::invitation(tenant, invite, token.reveal()).to(invite.email.clone())?;
        mails::enqueue(tx.public().await?, &self.deps.clock, tenant.id, &mail).await?;
        Ok(())
    }

    async fn note(
        &self,
        db: &mut Scoped,
        action: &'static str,
        before: Option<&Invite>,
        after: Option<&Invite>,
    ) -> Result<(), InviteError> {
        let act = Act {
            action,
            resource: "invite",
            resource_id: before.or(after).map(|invite| invite.id),
            before: before.map(|invite| json!(invite)),
            after: after.map(|invite| json!(invite)),
        };
        Ok(audit::record(db, &self.context, &self.deps.clock, act).await?)
    }
}
