//! Numbers that a command line takes.

/// Most that is sensible of anything counted here, tenants at a time or tenants in all.
const MOST: usize = 100_000;

/// A number of things, of which there must be one.
pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=MOST) => Ok(count),
        _ => Err(format!("expected a whole number from 1 to {MOST}")),
    }
}
