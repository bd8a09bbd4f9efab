//! The use case of who is invited: they come with a token and no credential, and leave as a user.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use uuid::{Builder, Uuid};

use super::error::InviteError;
use super::model::{Acceptance, Invite};
use super::repository;
use crate::domains::Deps;
use crate::domains::access::{Context, UsersCreate, authorize};
use crate::domains::audit::{self, Act};
use crate::domains::email_flows::OneTimeToken;
use crate::domains::idempotency::{self, IdempotencyKey, Once};
use crate::domains::users::{User, add, made_now};
use crate::tenancy::Scoped;

/// Acceptances, in the context's tenant. The context is the system's, which acts for the token's bearer.
pub struct Acceptances<'d> {
    deps: &'d Deps,
    context: Context,
}

/// Whom an `Idempotency-Key` beside this token belongs to: who accepts is nobody yet, and has nothing but the token.
pub fn bearer_id(token: &SecretString) -> Uuid {
    let mut bytes = [0; 16];
    for (byte, hashed) in bytes.iter_mut().zip(hash_of(token)) {
        *byte = hashed;
    }
    Builder::from_custom_bytes(bytes).into_uuid()
}

impl<'d> Acceptances<'d> {
    /// In the tenant that `context` tells of.
    pub fn new(deps: &'d Deps, context: Context) -> Self {
        Self { deps, context }
    }

    /// Makes the invited user, with the role and the address of the invitation: the mail has proved that the address is theirs. With a
    /// key, the same request again gives the same answer.
    ///
    /// # Errors
    /// [`InviteError::TokenInvalid`], [`InviteError::Expired`], a user who has the address meanwhile, or the key's own.
    pub async fn accept(
        &self,
        acceptance: Acceptance,
        key: Option<&IdempotencyKey>,
    ) -> Result<Once<User>, InviteError> {
        let scope = authorize::<UsersCreate>(&self.context)?;
        let (deps, clock) = (self.deps, &self.deps.clock);
        let token_hash = hash_of(&acceptance.token);
        // Hashing is dear: not for what was answered before or has a token that is none, and with no connection held.
        let session = deps.tenancy.session(self.context.tenant()).await?;
        let mut tx = session.begin("invites.look");
        if let Some(before) = idempotency::replayed(&mut tx, clock, key).await? {
            return Ok(Once::Before(before));
        }
        let found = repository::by_token(&mut tx, &token_hash).await?;
        // Committed and not dropped: a rollback that is on its way still holds the key.
        tx.commit().await?;
        match found {
            None => return self.refuse(None, InviteError::TokenInvalid).await,
            Some(invite) if invite.expires_at <= clock.now() => {
                return self.refuse(Some(&invite), InviteError::Expired).await;
            }
            Some(_) => {}
        }
        let hash = deps.hasher.hash(&acceptance.password).await?;

        let session = deps.tenancy.session(self.context.tenant()).await?;
        let mut tx = session.begin("invites.accept");
        if let Some(before) = idempotency::replayed(&mut tx, clock, key).await? {
            return Ok(Once::Before(before));
        }
        let taken = repository::take(&mut tx, &token_hash, clock.now()).await?;
        let Some(invite) = taken else {
            drop(tx);
            return self.refuse(None, InviteError::TokenInvalid).await;
        };
        let email = invite.email.clone();
        let user = made_now(clock, email, acceptance.name, invite.role.clone());
        idempotency::keep(&mut tx, clock, key, &user).await?;
        add(&mut tx, &scope, &self.context, clock, &user, &hash).await?;
        self.note(&mut tx, "invite.accepted", Some(&invite), Some(&user))
            .await?;
        tx.commit().await?;
        Ok(Once::Now(user))
    }

    /// Writes down that a token did not hold.
    async fn refuse<T>(
        &self,
        invite: Option<&Invite>,
        error: InviteError,
    ) -> Result<T, InviteError> {
        let mut db = self.deps.tenancy.session(self.context.tenant()).await?;
        self.note(&mut db, "invite.refused", invite, None).await?;
        Err(error)
    }

    async fn note(
        &self,
        db: &mut Scoped,
        action: &'static str,
        invite: Option<&Invite>,
        user: Option<&User>,
    ) -> Result<(), InviteError> {
        let act = Act {
            action,
            resource: "invite",
            resource_id: invite.map(|invite| invite.id),
            before: invite.map(|invite| json!(invite)),
            after: user.map(|user| json!({ "user_id": user.id })),
        };
        Ok(audit::record(db, &self.context, &self.deps.clock, act).await?)
    }
}

fn hash_of(token: &SecretString) -> Vec<u8> {
    OneTimeToken::hash_of(token.expose_secret())
}
