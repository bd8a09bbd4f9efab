//! Ending a session, so that neither its refresh tokens nor its access tokens hold any longer, on any node.

use std::time::Duration;

use uuid::Uuid;

use super::error::AuthError;
use super::repository;
use super::service::Auth;
use crate::domains::access::Context;
use crate::domains::audit::{self, Act};
use crate::tenancy::Event;

/// How much longer than an access token a revocation is kept: nodes' clocks differ.
const MARGIN: Duration = Duration::from_mins(1);

impl Auth {
    /// Ends a session; one that has ended already stays so.
    ///
    /// The tenant's row, the shared row that makes the access tokens dead, the audit and the announcement are one transaction: after a crash
    /// at any point either all of it holds or the caller can do it again. The session's row comes first: it is what a refresh locks, so no
    /// token is made after it was seen to be live and before the revocation is told.
    pub(super) async fn end_session(
        &self,
        context: &Context,
        session: Uuid,
        user: Uuid,
        action: &'static str,
    ) -> Result<(), AuthError> {
        let now = self.deps.clock.now();
        let expires = now + self.tokens.ttl() + MARGIN;
        let mut tx = self.deps.tenancy.control("a session ends").await?;

        let db = tx.tenant(context.tenant()).await?;
        if repository::end_session(db, session, user, now).await? {
            let act = Act {
                action,
                resource: "session",
                resource_id: Some(session),
                ..Act::default()
            };
            audit::record(db, context, &self.deps.clock, act).await?;
        }

        let db = tx.public().await?;
        repository::revoke(db, session, expires).await?;
        let event = Event::SessionRevoked {
            session,
            expires: expires.timestamp(),
        };
        event.publish(db).await?;
        tx.commit().await?;
        self.revocations.insert(session, expires);
        Ok(())
    }
}
