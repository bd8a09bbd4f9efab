//! What a connection is doing: whether a request is under way, and since when none is.
//!
//! Invariant: a request is under way from its head to the last byte of its answer's body, or to the hang-up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// One for a connection, shared by its wire and its requests.
pub(super) struct Pulse {
    born: Instant,
    begun: AtomicU64,
    ended: AtomicU64,
    /// When the last request ended, in milliseconds after `born`.
    quiet_since: AtomicU64,
    left_unread: AtomicBool,
}

impl Pulse {
    pub(super) fn start() -> Arc<Self> {
        Arc::new(Self {
            born: Instant::now(),
            begun: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            quiet_since: AtomicU64::new(0),
            left_unread: AtomicBool::new(false),
        })
    }

    /// A request begins; it is under way until the answer is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        self.begun.fetch_add(1, Ordering::Relaxed);
        UnderWay(Arc::clone(self))
    }

    /// How many requests there were so far.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    /// Since when no request is under way; `None` while one is.
    pub(super) fn quiet_since(&self) -> Option<Instant> {
        let quiet = self.ended.load(Ordering::Acquire) == self.begun();
        let since = self.quiet_since.load(Ordering::Relaxed);
        quiet.then(|| self.born + Duration::from_millis(since))
    }

    /// A request was answered before all of its body was read.
    pub(super) fn leave_unread(&self) {
        self.left_unread.store(true, Ordering::Relaxed);
    }

    /// Whether the client may still be sending what nobody reads.
    pub(super) fn has_left_unread(&self) -> bool {
        self.left_unread.load(Ordering::Relaxed)
    }
}

/// A request that is under way.
pub(super) struct UnderWay(Arc<Pulse>);

impl UnderWay {
    /// Whether the client may still be sending what nobody reads.
    pub(super) fn has_left_unread(&self) -> bool {
        self.0.has_left_unread()
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let pulse = &self.0;
        let now = u64::try_from(pulse.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        pulse.quiet_since.store(now, Ordering::Relaxed);
        pulse.ended.fetch_add(1, Ordering::Release);
    }
}
