//! What `/audit` answers with.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use poem_openapi::{Enum, Object};
use serde_json::Value;
use uuid::Uuid;

use crate::domains::audit::{Broken, Damage, Entry, Verdict};

/// An entry of the log.
#[derive(Object)]
#[oai(rename = "AuditLog")]
pub(super) struct EntryOut {
    /// Its id.
    pub(super) id: Uuid,
    /// Its place in the chain: 1, 2, 3, … without a gap.
    pub(super) seq: i64,
    /// When it was done.
    pub(super) at: DateTime<Utc>,
    /// Who did it: `user`, `operator` (of the platform), `key` (an API key) or `system`.
    pub(super) actor_kind: String,
    /// Id of the user, operator or key; `null` for the system.
    #[oai(nullable)]
    pub(super) actor_id: Option<Uuid>,
    /// Id of the operator who acted as the actor.
    #[oai(nullable)]
    pub(super) impersonator_id: Option<Uuid>,
    /// Why the system acted.
    #[oai(nullable)]
    pub(super) reason: Option<String>,
    /// What was done, such as `project.created`.
    pub(super) action: String,
    /// To what kind of thing, such as `project`.
    pub(super) resource: String,
    /// Id of the thing.
    #[oai(nullable)]
    pub(super) resource_id: Option<Uuid>,
    /// What it was.
    #[oai(nullable)]
    pub(super) before: Option<Value>,
    /// What it became.
    #[oai(nullable)]
    pub(super) after: Option<Value>,
    /// The client's address.
    #[oai(nullable)]
    pub(super) address: Option<String>,
    /// The client's name for itself.
    #[oai(nullable)]
    pub(super) user_agent: Option<String>,
    /// The request by which it was done.
    #[oai(nullable)]
    pub(super) request_id: Option<String>,
    /// SHA-256 of the entry and of the hash before, in hex.
    pub(super) hash: String,
}

impl From<Entry> for EntryOut {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            seq: entry.seq,
            at: entry.at,
            actor_kind: entry.actor_kind,
            actor_id: entry.actor_id,
            impersonator_id: entry.impersonator_id,
            reason: entry.reason,
            action: entry.action,
            resource: entry.resource,
            resource_id: entry.resource_id,
            before: entry.before,
            after: entry.after,
            address: entry.address,
            user_agent: entry.user_agent,
            request_id: entry.request_id,
            hash: hex(&entry.hash),
        }
    }
}

/// What happened to an entry.
#[derive(Enum, Clone, Copy)]
#[oai(rename = "AuditDamage", rename_all = "snake_case")]
enum DamageOut {
    /// It says something else than it did when it was written.
    Altered,
    /// It was written, and is not there.
    Removed,
    /// It was put in afterwards.
    Inserted,
}

/// The first place at which the chain does not hold.
#[derive(Object)]
#[oai(rename = "AuditBroken")]
struct BrokenOut {
    /// The place; 0 is the record of where the chain ends, or an entry without a place.
    seq: i64,
    /// Id of the entry there; `null` where it is missing.
    #[oai(nullable)]
    id: Option<Uuid>,
    /// What happened to it.
    reason: DamageOut,
}

impl From<Broken> for BrokenOut {
    fn from(broken: Broken) -> Self {
        Self {
            seq: broken.seq,
            id: broken.id,
            reason: match broken.damage {
                Damage::Altered => DamageOut::Altered,
                Damage::Removed => DamageOut::Removed,
                Damage::Inserted => DamageOut::Inserted,
            },
        }
    }
}

/// Whether the log is whole.
#[derive(Object)]
#[oai(rename = "AuditVerification")]
pub(super) struct VerdictOut {
    /// Whether every entry is as it was written, and none is missing or too many.
    valid: bool,
    /// The first place at which that is not so.
    #[oai(nullable)]
    first_broken: Option<BrokenOut>,
    /// Entries that hold: all of them, or those before the first broken place.
    entries: i64,
    /// Hash of the last of these, in hex. Keep it elsewhere: if an entry ever has another hash at that place, the log was rewritten.
    last_hash: String,
}

impl From<Verdict> for VerdictOut {
    fn from(verdict: Verdict) -> Self {
        Self {
            valid: verdict.first_broken.is_none(),
            first_broken: verdict.first_broken.map(BrokenOut::from),
            entries: verdict.entries,
            last_hash: hex(&verdict.hash),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
