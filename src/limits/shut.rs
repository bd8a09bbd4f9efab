//! Clients that are shut out for a moment, so that a credential of theirs is not even looked at.
//!
//! While there is nobody, which is nearly always, asking costs one atomic read.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;

use crate::clock::Clock;

/// Clients that are remembered.
const CAPACITY: u64 = 10_000;

pub(super) struct Shut {
    clock: Clock,
    /// Until when each is shut out, by the clock's running time.
    until: Cache<IpAddr, Duration>,
    /// When the last of them is let in again, in milliseconds of the running time; 0 where there is none.
    last: AtomicU64,
}

impl Shut {
    pub(super) fn new(clock: &Clock) -> Self {
        Self {
            clock: clock.clone(),
            until: Cache::builder()
                .max_capacity(CAPACITY)
                .time_to_live(Duration::from_mins(1))
                .build(),
            last: AtomicU64::new(0),
        }
    }

    /// Shuts `client` out for so long.
    pub(super) fn shut(&self, client: IpAddr, wait: Duration) {
        let until = self.clock.running() + wait;
        self.until.insert(client, until);
        let millis = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
        self.last
            .fetch_max(millis.saturating_add(1), Ordering::Relaxed);
    }

    /// How long `client` is still shut out.
    pub(super) fn wait(&self, client: IpAddr) -> Option<Duration> {
        let last = self.last.load(Ordering::Relaxed);
        if last == 0 {
            return None;
        }
        let now = self.clock.running();
        if now > Duration::from_millis(last) {
            // Whoever was shut out since then has made it greater, and it stays.
            let _ = self
                .last
                .compare_exchange(last, 0, Ordering::Relaxed, Ordering::Relaxed);
            return None;
        }
        self.until.get(&client)?.checked_sub(now)
    }
}
