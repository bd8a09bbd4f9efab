//! Whether this process may be sent requests: the state of each part it needs, and whether it is on its way out.
//!
//! Each part reports on itself; `/health/ready` only reads. A part that has not reported is not ready.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartState {
    /// On its way up: connecting, migrating.
    Starting,
    /// Works.
    Up,
    /// Worked, or should, and does not.
    Down,
}

impl PartState {
    /// As told to a client.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// The readiness of this process. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    parts: RwLock<BTreeMap<&'static str, PartState>>,
    draining: AtomicBool,
}

impl Readiness {
    /// Not ready until each of `parts` has said [`PartState::Up`].
    pub fn of(parts: &[&'static str]) -> Self {
        let readiness = Self::default();
        for part in parts {
            readiness.set(part, PartState::Starting);
        }
        readiness
    }

    /// A part reports on itself.
    pub fn set(&self, part: &'static str, state: PartState) {
        self.0
            .parts
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(part, state);
    }

    /// From now on not ready, for good: requests under way are finished, new ones belong elsewhere.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    /// Whether this process is on its way out.
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// Every part with its state, by name.
    pub fn parts(&self) -> BTreeMap<&'static str, PartState> {
        self.0
            .parts
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether requests may be sent here.
    pub fn is_ready(&self) -> bool {
        !self.is_draining() && self.parts().values().all(|state| *state == PartState::Up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_only_while_every_part_is_up_and_not_draining() {
        let readiness = Readiness::of(&["database", "migrations"]);
        readiness.set("database", PartState::Up);
        assert!(!readiness.is_ready(), "migrations have not reported");
        readiness.set("migrations", PartState::Up);
        assert!(readiness.is_ready());
        readiness.set("database", PartState::Down);
        assert!(!readiness.is_ready());
        readiness.set("database", PartState::Up);
        readiness.drain();
        assert!(!readiness.is_ready());
    }
}
