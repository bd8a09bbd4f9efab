//! What stands in the log, what is asked of it, and what a look at the chain says.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

/// One act. `before` and `after` hold what changed, never secrets.
#[derive(Debug, Clone, Default)]
pub struct Act {
    /// What was done, `resource.verb` in the past: `project.created`.
    pub action: &'static str,
    /// To what kind of thing.
    pub resource: &'static str,
    /// To which.
    pub resource_id: Option<Uuid>,
    /// What it was.
    pub before: Option<Value>,
    /// What it is.
    pub after: Option<Value>,
}

/// A line of the log.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its id.
    pub id: Uuid,
    /// Its place in the chain: 1, 2, 3, … without a gap.
    pub seq: i64,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// `user`, `operator`, `key` or `system`.
    pub actor_kind: String,
    /// The user, operator or key; `None` for the system.
    pub actor_id: Option<Uuid>,
    /// The operator who acted as the actor.
    pub impersonator_id: Option<Uuid>,
    /// Why the system acted.
    pub reason: Option<String>,
    /// What was done.
    pub action: String,
    /// To what kind of thing.
    pub resource: String,
    /// To which.
    pub resource_id: Option<Uuid>,
    /// What it was.
    pub before: Option<Value>,
    /// What it is.
    pub after: Option<Value>,
    /// The client's address.
    pub address: Option<String>,
    /// The client's name for itself.
    pub user_agent: Option<String>,
    /// The request by which it was done.
    pub request_id: Option<String>,
    /// SHA-256 of this line and of the hash of the line before it.
    pub hash: Vec<u8>,
}

/// Which lines; all that is named must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// By this user, operator or key.
    pub actor: Option<Uuid>,
    /// Of this action.
    pub action: Option<String>,
    /// To this kind of thing.
    pub resource: Option<String>,
    /// To this thing.
    pub resource_id: Option<Uuid>,
    /// At this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Before this time.
    pub to: Option<DateTime<Utc>>,
}

/// What happened to the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// The line says something else than it did when it was written.
    Altered,
    /// A line that was written is not there.
    Removed,
    /// The line was put in afterwards.
    Inserted,
}

/// The first place at which the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The place; 0 is the chain's head, or no place at all.
    pub seq: i64,
    /// The line there; `None` where it is missing.
    pub id: Option<Uuid>,
    /// What happened to it.
    pub damage: Damage,
}

/// The outcome of walking the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Where it is broken first; `None` where it holds.
    pub first_broken: Option<Broken>,
    /// Lines that hold: all of them, or those before the break.
    pub entries: i64,
    /// Hash of the last of these. Kept elsewhere, it proves later that nothing up to there was rewritten.
    pub hash: Vec<u8>,
}
