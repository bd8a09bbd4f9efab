//! What one node tells the others, at once: NOTIFY on one channel, in the transaction of the change.
//!
//! Invariant: a notice says what to read anew, and nothing that is believed unread: whoever may connect to the database may send one.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::DbError;
use super::name::{TenantId, quote_literal};
use super::session::Scoped;
use super::sql::Sql;

/// The channel; all databases of a cluster have their own.
pub(super) const CHANNEL: &str = "tenantry";

/// Something that every node must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A tenant was made, renamed, suspended, migrated, …: read it anew. Older nodes told its slug as well; nobody needs it, and any login of
    /// the database may listen.
    TenantChanged {
        /// Which.
        id: TenantId,
    },
    /// A tenant's own roles, or what they are granted, changed: read them anew.
    RolesChanged {
        /// Whose.
        tenant: TenantId,
    },
    /// The access tokens of these sessions are dead: read in `public.revoked_sessions` whether that is so.
    SessionsRevoked {
        /// Which sessions; at most a hundred, for PostgreSQL carries less than 8,000 bytes at once.
        sessions: Vec<Uuid>,
        /// Seconds since 1970 after which no token of theirs can be alive anyway. For older nodes, which believed it unread.
        expires: i64,
    },
    /// A mail waits to be sent.
    MailQueued,
}

impl Event {
    /// Tells every node, this one too, once the open transaction commits (at once where there is none).
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn publish(&self, db: &mut Scoped) -> Result<(), DbError> {
        notify(db, CHANNEL, &self.payload()?).await
    }

    /// The same as a statement, for a batch of DDL.
    ///
    /// # Errors
    /// See [`DbError`].
    pub fn statement(&self) -> Result<String, DbError> {
        let payload = quote_literal(&self.payload()?);
        Ok(format!("NOTIFY {CHANNEL}, {payload}"))
    }

    fn payload(&self) -> Result<String, DbError> {
        serde_json::to_string(self).map_err(|e| DbError::Inconsistent {
            column: "event",
            reason: e.to_string(),
        })
    }
}

/// Tells whoever listens on `channel`, once the open transaction commits (at once where there is none).
pub(super) async fn notify(db: &mut Scoped, channel: &str, payload: &str) -> Result<(), DbError> {
    const NOTIFY: Sql = Sql::new("events.notify", "SELECT pg_notify($1, $2)");
    db.query(&NOTIFY, &[&channel, &payload]).await?;
    Ok(())
}
