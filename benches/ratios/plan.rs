//! How much is measured.

use std::time::Duration;

/// The sizes of one run.
pub(crate) struct Plan {
    /// Tenants of the large fleet.
    pub(crate) tenants: usize,
    /// How often both sides take their turn.
    pub(crate) rounds: usize,
    /// Clients that each send one request after the other.
    pub(crate) clients: usize,
    /// Load before anything is counted.
    pub(crate) warm_up: Duration,
    /// Load of one turn.
    pub(crate) load: Duration,
    /// Tenants made in one turn.
    pub(crate) created: usize,
    /// Starts of one turn.
    pub(crate) starts: usize,
    /// Connections that meet every tenant.
    pub(crate) naive: usize,
}

impl Plan {
    pub(crate) fn full() -> Self {
        Self {
            tenants: 1000,
            rounds: 5,
            clients: 32,
            warm_up: Duration::from_secs(5),
            load: Duration::from_secs(4),
            created: 40,
            starts: 5,
            naive: 20,
        }
    }

    /// Fewer rounds on so many tenants, which take longer to get warm, and no more gigabytes for the other side than a machine has.
    pub(crate) fn large(tenants: usize) -> Self {
        Self {
            tenants,
            rounds: 3,
            warm_up: Duration::from_secs(15),
            naive: 2,
            ..Self::full()
        }
    }

    pub(crate) fn short() -> Self {
        Self {
            tenants: 3,
            rounds: 1,
            clients: 4,
            warm_up: Duration::from_millis(50),
            load: Duration::from_millis(100),
            created: 1,
            starts: 1,
            naive: 2,
        }
    }
}
