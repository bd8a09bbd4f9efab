//! The issuer's keys, kept: read when a token names an unknown one, and now and then.
//!
//! Invariant: the issuer is asked at most once in [`PAUSE`], whatever tokens come; a key that is known and not old needs no waiting.

use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;

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

/// See the module.
pub(super) struct Keys {
    source: Source,
    clock: Clock,
    known: RwLock<Known>,
    /// Held while the issuer is asked: when it was asked last.
    asking: Mutex<Option<DateTime<Utc>>>,
}

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
        Self {
            source,
            clock,
            known: RwLock::default(),
            asking: Mutex::default(),
        }
    }

    /// The key of this name.
    pub(super) async fn find(&self, kid: &str) -> Result<Arc<OutsideKey>, OutsideError> {
        if let Ok(key) = self.look(kid, REFRESH) {
            return Ok(key);
        }
        if self.look(kid, TRUST).is_ok() {
            // Good enough while somebody else asks.
            if let Ok(mut asked) = self.asking.try_lock() {
                self.ask(&mut asked).await;
            }
            return self.look(kid, TRUST);
        }
        let mut asked = self.asking.lock().await;
        // Whoever held the lock before may have found it.
        if self.look(kid, REFRESH).is_err() {
            self.ask(&mut asked).await;
        }
        self.look(kid, TRUST)
    }

    fn look(&self, kid: &str, age: TimeDelta) -> Result<Arc<OutsideKey>, OutsideError> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if !known.is_younger(age, self.clock.now()) {
            return Err(OutsideError::Unavailable);
        }
        let key = known.keys.get(kid).cloned();
        key.ok_or(OutsideError::Token(TokenError::UnknownKey))
    }

    /// Asks the issuer, unless it was asked a moment ago. What is known stays where it does not answer.
    async fn ask(&self, asked: &mut Option<DateTime<Utc>>) {
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
