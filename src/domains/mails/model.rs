//! What a mail is, and where one stands on its way.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::domains::users::Email;

/// A mail to be. [`Letter`](super::Letter) makes one.
#[derive(Clone)]
pub struct Mail {
    /// Who gets it.
    pub to: Email,
    /// One line.
    pub subject: String,
    /// For readers of text.
    pub text: String,
    /// The same for readers of HTML.
    pub html: String,
}

/// A mail in the queue.
pub(super) struct Queued {
    pub(super) id: Uuid,
    pub(super) tenant_id: Uuid,
    pub(super) mail: Mail,
    /// Tries that failed.
    pub(super) attempts: i32,
    pub(super) created_at: DateTime<Utc>,
}

/// How the queue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueState {
    /// To be sent, now or later.
    pub waiting: i64,
    /// Given up.
    pub given_up: i64,
}

/// Seconds from a failed try to the next: over in a second try if it was a hiccup, and still alive after a night.
const BACKOFF: [i64; 6] = [5, 30, 120, 600, 3600, 21600];

/// When to try again after `failures` tries have failed; `None` is never.
pub(super) fn next_try(failures: i32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let index = usize::try_from(failures - 1).ok()?;
    let seconds = *BACKOFF.get(index)?;
    Some(now + TimeDelta::seconds(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_grow_and_end() {
        let now = DateTime::UNIX_EPOCH;
        let waits: Vec<_> = (1..=7)
            .map(|failures| next_try(failures, now).map(|at| (at - now).num_seconds()))
            .collect();
        let expected = [5, 30, 120, 600, 3600, 21600].map(Some);
        assert_eq!(waits[..6], expected);
        assert_eq!(waits[6], None);
    }
}
