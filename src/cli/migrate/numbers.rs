//! Numbers that a command line takes.

use std::time::Duration;

/// Most that is sensible of anything counted here, tenants at a time or tenants in all.
const MOST: usize = 100_000;

/// A number of things, of which there must be one.
pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=MOST) => Ok(count),
        _ => Err(format!("expected a whole number from 1 to {MOST}")),
    }
}

/// Milliseconds to wait, up to an hour. 0 would mean forever to PostgreSQL.
pub(super) fn wait(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(wait @ 1..=3_600_000) => Ok(Duration::from_millis(wait)),
        _ => Err("expected milliseconds, a whole number from 1 to 3600000".to_owned()),
    }
}
