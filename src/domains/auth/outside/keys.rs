//! The issuer's keys, kept: read when a token names an unknown one, and now and then.
//!
//! Invariant: the issuer is asked at most once in [`PAUSE`], whatever tokens come; a key that is known and not old needs no waiting.

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::OutsideError;
use super::discovery::{KeySet, OutsideKey, Source};
use crate::clock::Clock;
use crate::domains::auth::TokenError;

/// Shortest time between two questions to the issuer.
const PAUSE: TimeDelta = TimeDelta::seconds(10);
/// Age at which the keys are read anew, so that one that the issuer withdrew goes.
const REFRESH: TimeDelta = TimeDelta::minutes(10);
/// Age at which keys that could not be read anew are no longer believed.
const TRUST: TimeDelta = TimeDelta::hours(1);

/// See the module. Clones share the keys.
#[derive(Clone)]
pub(super) struct Keys(Arc<Inner>);

struct Inner {
    source: Source,
    clock: Clock,
    known: RwLock<Known>,
    /// Held while the issuer is asked: when it was asked last.
    asking: Arc<Mutex<Option<DateTime<Utc>>>>,
}

/// The right to ask.
type Asking = OwnedMutexGuard<Option<DateTime<Utc>>>;

#[derive(Default)]
struct Known {
    keys: KeySet,
    read_at: Option<DateTime<Utc>>,
}

impl Known {
    fn is_younger(&self, age: TimeDelta, now: DateTime<Utc>) -> bool {
        self.read_at.is_some_and(|at| now < at + age)
    }
}

impl Keys {
    pub(super) fn new(source: Source, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            source,
            clock,
            known: RwLock::default(),
            asking: Arc::default(),
        }))
    }

    /// The key of this name.
    pub(super) async fn find(&self, kid: &str) -> Result<Arc<OutsideKey>, OutsideError> {
        if let Ok(key) = self.look(kid, REFRESH) {
            return Ok(key);
        }
        if self.look(kid, TRUST).is_ok() {
            // Good enough while somebody else asks.
            if let Ok(asking) = Arc::clone(&self.0.asking).try_lock_owned() {
                self.ask(asking).await;
            }
            return self.look(kid, TRUST);
        }
        let asking = Arc::clone(&self.0.asking).lock_owned().await;
        // Whoever held the lock before may have found it.
        if self.look(kid, REFRESH).is_err() {
            self.ask(asking).await;
        }
        self.look(kid, TRUST)
    }

    /// Asks in a task of its own: whoever began it may hang up, and its answer is for everybody.
    async fn ask(&self, asking: Asking) {
        let inner = Arc::clone(&self.0);
        // A panic in it has been told; the keys are then as they were.
        let _ = tokio::spawn(async move { inner.ask(asking).await }).await;
    }

    fn look(&self, kid: &str, age: TimeDelta) -> Result<Arc<OutsideKey>, OutsideError> {
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
        if !known.is_younger(age, self.0.clock.now()) {
            return Err(OutsideError::Unavailable);
        }
        let key = known.keys.get(kid).cloned();
        key.ok_or(OutsideError::Token(TokenError::UnknownKey))
    }
}

impl Inner {
    /// Asks the issuer, unless it was asked a moment ago. What is known stays where it does not answer.
    async fn ask(&self, mut asked: Asking) {
        let now = self.clock.now();
        if asked.is_some_and(|at| now < at + PAUSE) {
            return;
        }
        *asked = Some(now);
        match self.source.fetch().await {
            Ok(keys) => {
                let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
                *known = Known {
                    keys,
                    read_at: Some(now),
                };
            }
            Err(error) => {
                tracing::warn!(error = ?error, "the outside issuer's keys cannot be read");
            }
        }
    }
}
