//! Counting in process: one bucket (GCRA) for each subject.
//!
//! Memory is bounded: a bucket that nobody touched for as long as it needs to fill up is forgotten, which is the same as a full one.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as Time;
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use moka::sync::Cache;

use super::policy::{Policy, Standing};
use crate::clock::Clock;

/// See the module.
pub(super) struct Buckets<K> {
    clock: Clock,
    buckets: Cache<K, Arc<Bucket>>,
}

struct Bucket {
    policy: Policy,
    limiter: RateLimiter<NotKeyed, InMemoryState, Clock, StateInformationMiddleware>,
}

/// The limits run by time that passes, so that setting the machine's clock opens or closes nothing.
impl Time for Clock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.running()
    }
}

impl<K: Hash + Eq + Clone + Send + Sync + 'static> Buckets<K> {
    /// `window` is the longest of the policies that will come.
    pub(super) fn new(capacity: u64, window: Duration, clock: &Clock) -> Self {
        Self {
            clock: clock.clone(),
            buckets: Cache::builder()
                .max_capacity(capacity)
                .time_to_idle(window)
                .build(),
        }
    }

    /// Counts one request.
    pub(super) fn spend(&self, policy: Policy, key: K) -> Standing {
        let bucket = match self.buckets.get(&key) {
            Some(bucket) if bucket.policy == policy => bucket,
            Some(_) => self.replace(policy, key),
            None => self
                .buckets
                .get_with(key, || Arc::new(Bucket::new(policy, &self.clock))),
        };
        match bucket.limiter.check() {
            Ok(state) => Standing::admitted(policy, state.remaining_burst_capacity()),
            Err(until) => Standing::refused(policy, until.wait_time_from(self.clock.running())),
        }
    }

    /// A changed plan is in force from the next request on, with a full bucket.
    fn replace(&self, policy: Policy, key: K) -> Arc<Bucket> {
        let bucket = Arc::new(Bucket::new(policy, &self.clock));
        self.buckets.insert(key, Arc::clone(&bucket));
        bucket
    }
}

impl Bucket {
    fn new(policy: Policy, clock: &Clock) -> Self {
        let quota = Quota::with_period(policy.interval())
            .unwrap_or_else(|| Quota::per_second(policy.quota))
            .allow_burst(policy.quota);
        Self {
            policy,
            limiter: RateLimiter::direct_with_clock(quota, clock.clone()).with_middleware(),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const LOGIN: Policy = Policy::new("login", 5, Duration::from_mins(1));

    fn admitted(buckets: &Buckets<u8>, policy: Policy, key: u8) -> usize {
        let tries = (0..100).map(|_| buckets.spend(policy, key));
        tries.filter(|standing| !standing.refused).count()
    }

    #[test]
    fn what_is_used_up_comes_back_evenly() {
        let clock = Clock::system();
        let buckets = Buckets::new(10, Duration::from_mins(1), &clock);
        assert_eq!(admitted(&buckets, LOGIN, 1), 5);
        assert_eq!(admitted(&buckets, LOGIN, 2), 5, "each has its own");
        clock.advance(TimeDelta::seconds(12));
        assert_eq!(admitted(&buckets, LOGIN, 1), 1);
        clock.advance(TimeDelta::minutes(10));
        assert_eq!(admitted(&buckets, LOGIN, 1), 5, "never more than the quota");
    }

    #[test]
    fn a_refusal_tells_how_long_to_wait() {
        let buckets = Buckets::new(10, Duration::from_mins(1), &Clock::system());
        let remaining = (0..5).map(|_| buckets.spend(LOGIN, 1).remaining);
        assert_eq!(remaining.collect::<Vec<_>>(), [4, 3, 2, 1, 0]);
        let refused = buckets.spend(LOGIN, 1);
        let wait = Duration::from_secs(11)..=Duration::from_secs(12);
        assert!(
            refused.refused && wait.contains(&refused.wait),
            "{refused:?}"
        );
    }

    #[test]
    fn another_policy_counts_anew() {
        let buckets = Buckets::new(10, Duration::from_mins(1), &Clock::system());
        assert_eq!(admitted(&buckets, LOGIN, 1), 5);
        let more = Policy::new("login", 7, Duration::from_mins(1));
        assert_eq!(admitted(&buckets, more, 1), 7);
    }

    #[test]
    fn memory_is_bounded_however_many_come() {
        let buckets = Buckets::new(100, Duration::from_mins(1), &Clock::system());
        for key in 0..10_000_u32 {
            buckets.spend(LOGIN, key);
        }
        buckets.buckets.run_pending_tasks();
        assert!(buckets.buckets.entry_count() <= 100);
    }
}
