//! Ending sessions, so that neither their refresh tokens nor their access tokens hold any longer, on any node.
//!
//! Invariant: the tenant's rows, the shared rows that make access tokens dead, the audit and the announcement are one transaction, and
//! where a change is the reason (a password, a role, a deletion), it is the change's own. After a crash all of it holds or none.

use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::error::AuthError;
use super::repository;
use super::revocations::{Ending, Revocations};
use super::service::Auth;
use crate::domains::Deps;
use crate::domains::access::Context;
use crate::domains::audit::{self, Act};
use crate::tenancy::{ControlTransaction, DbError, DdlTransaction, Event, Scoped};

/// How much longer than an access token a revocation is kept: nodes' clocks differ.
const MARGIN: Duration = Duration::from_mins(1);

/// How many sessions one announcement names: PostgreSQL carries less than 8,000 bytes at once.
const ANNOUNCED_AT_ONCE: usize = 100;

/// Which of a user's sessions end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// All but the one that asks.
    AllBut(Uuid),
    /// This one.
    One(Uuid),
}

/// Sessions that end when the transaction commits. This node learns it by [`Ended::announce`], the others by the commit.
#[must_use = "this node accepts the sessions' tokens until it hears of itself; announce it after the commit"]
pub struct Ended {
    revocations: Revocations,
    sessions: Vec<Uuid>,
    ending: Ending,
}

impl Ended {
    /// How many they are.
    pub fn count(&self) -> usize {
        self.sessions.len()
    }

    /// Writes down that sessions of `user` ended, and `why`. The log is locked from here to the commit, so it comes after all changes.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn record(
        &self,
        tx: &mut ControlTransaction,
        deps: &Deps,
        context: &Context,
        user: Uuid,
        why: &'static str,
    ) -> Result<(), DbError> {
        if self.sessions.is_empty() {
            return Ok(());
        }
        let act = Act {
            action: "sessions.ended",
            resource: "user",
            resource_id: Some(user),
            after: Some(json!({ "sessions": self.sessions, "why": why })),
            ..Act::default()
        };
        let db = tx.tenant(context.tenant()).await?;
        audit::record(db, context, &deps.clock, act).await
    }

    /// Call it once the transaction has committed.
    pub fn announce(self) {
        self.revocations.insert(&self.sessions, self.ending);
    }
}

/// Ends sessions of a user of the context's tenant, in the caller's transaction; [`Ended::record`] writes it down.
///
/// Where the user's row changes too, it is locked first; then come the sessions, which are what a refresh locks, so no token is made
/// after its session was seen to be live and before the revocation is told.
///
/// # Errors
/// See [`DbError`].
pub async fn end_sessions(
    tx: &mut ControlTransaction,
    deps: &Deps,
    context: &Context,
    user: Uuid,
    which: Which,
) -> Result<Ended, DbError> {
    let db = tx.tenant(context.tenant()).await?;
    let sessions = repository::end_sessions(db, user, which, deps.clock.now()).await?;
    revoke(tx, deps, sessions).await
}

/// Makes the access tokens of these sessions dead, whether a tenant keeps rows of them or not. What operators do as others ends with the
/// session that they do it in, and with the one that they began it from.
///
/// # Errors
/// See [`DbError`].
pub async fn revoke(
    tx: &mut ControlTransaction,
    deps: &Deps,
    sessions: Vec<Uuid>,
) -> Result<Ended, DbError> {
    revoke_in(tx.public().await?, deps, sessions, false).await
}

/// Ends everything that somebody signed in to a tenant by or was sent: its sessions, and the secrets in its mails. For a tenant that goes;
/// `tx` is in its schema, and holds `sessions` still. API keys stay, as passwords do.
///
/// # Errors
/// See [`DbError`].
pub async fn end_all_sessions(tx: &mut DdlTransaction, deps: &Deps) -> Result<Ended, DbError> {
    let now = deps.clock.now();
    // Older ones have no access token that lives.
    let since = now - deps.revocations.token_ttl() - MARGIN;
    let sessions = repository::end_all(tx.scoped(), now, since).await?;
    revoke_in(tx.scoped(), deps, sessions, true).await
}

async fn revoke_in(
    db: &mut Scoped,
    deps: &Deps,
    mut sessions: Vec<Uuid>,
    with_tenant: bool,
) -> Result<Ended, DbError> {
    let revocations = deps.revocations.clone();
    let now = deps.clock.now();
    let ending = Ending {
        expires: now + revocations.token_ttl() + MARGIN,
        with_tenant,
    };
    if !sessions.is_empty() {
        for session in repository::end_impersonations(db, &sessions, now).await? {
            if !sessions.contains(&session) {
                sessions.push(session);
            }
        }
        repository::revoke(db, &sessions, ending).await?;
        for sessions in sessions.chunks(ANNOUNCED_AT_ONCE) {
            let event = Event::SessionsRevoked {
                sessions: sessions.to_vec(),
                expires: ending.expires.timestamp(),
            };
            event.publish(db).await?;
        }
    }
    Ok(Ended {
        revocations,
        sessions,
        ending,
    })
}

impl Auth {
    /// Ends a session by what its own token says; one that has ended already stays so.
    pub(super) async fn end_session(
        &self,
        context: &Context,
        session: Uuid,
        user: Uuid,
        action: &'static str,
    ) -> Result<(), AuthError> {
        let now = self.deps.clock.now();
        let mut tx = self.deps.tenancy.control("a session ends").await?;
        let db = tx.tenant(context.tenant()).await?;
        let found = repository::end_sessions(db, user, Which::One(session), now).await?;
        let ended = revoke(&mut tx, &self.deps, vec![session]).await?;
        if !found.is_empty() {
            let act = Act {
                action,
                resource: "session",
                resource_id: Some(session),
                ..Act::default()
            };
            let db = tx.tenant(context.tenant()).await?;
            audit::record(db, context, &self.deps.clock, act).await?;
        }
        tx.commit().await?;
        ended.announce();
        Ok(())
    }
}
