//! Sessions in which an operator acts as a user.
//!
//! Invariant: such a session is a row among the user's own, so whatever ends those ends it; and it ends with the operator's session that it
//! was begun from. It has no refresh token and is never fresh.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::ending::{Ended, Which, revoke};
use super::error::AuthError;
use super::model::Session;
use super::outside::NO_SESSION;
use super::repository;
use super::service::Auth;
use super::tokens::Grant;
use crate::domains::access::{Actor, Context, RoleName, SignedIn};
use crate::ids::new_id;
use crate::tenancy::{ControlTransaction, DbError, Scoped, Tenant};

/// How long one lasts; less where access tokens live shorter.
const LIFE: Duration = Duration::from_mins(15);

/// What an operator gets. Not shown: the token is a secret.
pub struct ActingSession {
    /// What the token carries as `sid`.
    pub id: Uuid,
    /// For the header `Authorization: Bearer …`.
    pub access_token: String,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
}

impl Auth {
    /// The acting operator and their session, which cannot end before the transaction does. `db` is scoped to their own tenant.
    pub(in crate::domains) async fn hold_operator(
        &self,
        db: &mut Scoped,
        context: &Context,
    ) -> Result<(Uuid, Uuid), AuthError> {
        match context.actor() {
            Actor::User(SignedIn { id, session, .. }) if *session != NO_SESSION => {
                if repository::hold(db, *session).await? {
                    return Err(AuthError::SessionEnded);
                }
                Ok((*id, *session))
            }
            _ => Err(AuthError::NoSession),
        }
    }

    /// Opens a session of `user`, whose role is held, for the operator.
    pub(in crate::domains) async fn open_acting(
        &self,
        tx: &mut ControlTransaction,
        context: &Context,
        operator: Uuid,
        tenant: &Tenant,
        (user, role): (Uuid, RoleName),
    ) -> Result<ActingSession, AuthError> {
        let now = self.deps.clock.now();
        let life = LIFE.min(self.tokens.ttl());
        let session = Session {
            id: new_id(),
            user_id: user,
            role,
            created_at: now,
            ends_at: now + life,
        };
        let db = tx.tenant(tenant).await?;
        repository::insert_acting(db, &session, operator, context.origin()).await?;
        let grant = Grant {
            user_id: user,
            tenant_id: tenant.id,
            session_id: session.id,
            role: session.role,
            // The user has proved nothing.
            signed_in_at: DateTime::UNIX_EPOCH,
            impersonator: Some(operator),
        };
        Ok(ActingSession {
            id: session.id,
            access_token: self.tokens.issue_for(&grant, life)?,
            created_at: now,
            ends_at: session.ends_at,
        })
    }

    /// Ends such a session on every node, in the caller's transaction; whether it went on until now.
    pub(in crate::domains) async fn end_acting(
        &self,
        tx: &mut ControlTransaction,
        tenant: &Tenant,
        user: Uuid,
        session: Uuid,
    ) -> Result<(Ended, bool), DbError> {
        let now = self.deps.clock.now();
        let db = tx.tenant(tenant).await?;
        let ended = repository::end_sessions(db, user, Which::One(session), now).await?;
        let went_on = !ended.is_empty();
        Ok((revoke(tx, &self.deps, vec![session]).await?, went_on))
    }
}
