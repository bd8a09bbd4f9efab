//! The only place that makes identifiers and random tokens.

use uuid::Uuid;

/// A new id: UUIDv7, so that rows sort by the time of their making.
#[expect(clippy::disallowed_methods, reason = "the one place that may")]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}
