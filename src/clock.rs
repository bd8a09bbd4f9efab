//! The only place that asks what time it is, so that tests can say.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Tells the time. Clones share one clock.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Microseconds that a test has moved this clock ahead of the system's.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// Now, in UTC, cut to the microseconds that PostgreSQL keeps.
    #[expect(clippy::disallowed_methods, reason = "the one place that may")]
    pub fn now(&self) -> DateTime<Utc> {
        let micros = Utc::now().timestamp_micros() + self.ahead.load(Ordering::Relaxed);
        DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// How long the process has been running. It only grows, also when somebody sets the system's clock.
    pub fn running(&self) -> Duration {
        let ahead = u64::try_from(self.ahead.load(Ordering::Relaxed)).unwrap_or(0);
        STARTED.elapsed() + Duration::from_micros(ahead)
    }

    /// Moves this clock ahead of the system's, for tests of expiry.
    pub fn advance(&self, by: TimeDelta) {
        let micros = by.num_microseconds().unwrap_or(i64::MAX);
        self.ahead.fetch_add(micros, Ordering::Relaxed);
    }
}
