//! Which sessions ended before their access tokens did: known on every node at once, asked on every request without a query.
//!
//! Invariant: the answer is trusted for a few seconds after this node last heard the others or read the table; then it is "unknown",
//! and no token is accepted. So a node that is cut off fails closed, and one that cannot read the table at its start does not start.

mod follower;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use uuid::Uuid;

use crate::clock::Clock;
use crate::tenancy::{DbError, Tenancy};
use follower::Follower;

/// How long one look at the table may take after a notice; trust is not renewed meanwhile, and requests in doubt wait for it.
const LOOK_UP: Duration = Duration::from_secs(2);

/// What is known of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationState {
    /// It was not revoked.
    Live,
    /// It was.
    Revoked,
    /// It was, since its tenant was deleted.
    RevokedWithTenant,
    /// This node has been cut off for too long to tell.
    Unknown,
}

/// How a session ended before its access token did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending {
    /// When the last of its tokens expires.
    pub(super) expires: DateTime<Utc>,
    /// Its tenant was deleted.
    pub(super) with_tenant: bool,
}

/// See the module. Cheap to clone; all clones know the same.
#[derive(Clone)]
pub struct Revocations {
    known: Arc<RwLock<Known>>,
    /// Told when sessions are no longer in doubt.
    settled: Arc<Notify>,
    token_ttl: Duration,
}

/// Keeps what [`Revocations`] know true, until it is dropped.
pub(super) struct Following(AbortHandle);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Known {
    /// Revoked sessions.
    sessions: HashMap<Uuid, Ending>,
    /// Sessions that a notice named, until the table was read for them.
    doubted: HashSet<Uuid>,
    trusted_until: Instant,
}

impl Known {
    fn is_current(&self) -> bool {
        Instant::now() <= self.trusted_until
    }
}

impl Revocations {
    /// Knows nothing before somebody follows; enough for a process that ends sessions and accepts no token. `token_ttl` is how long the
    /// access tokens live that sessions are given.
    pub fn new(token_ttl: Duration) -> Self {
        let known = Known {
            sessions: HashMap::new(),
            doubted: HashSet::new(),
            trusted_until: Instant::now(),
        };
        Self {
            known: Arc::new(RwLock::new(known)),
            settled: Arc::default(),
            token_ttl,
        }
    }

    /// Reads the table and follows what nodes tell from then on.
    pub(super) async fn follow(
        &self,
        tenancy: Tenancy,
        clock: Clock,
    ) -> Result<Following, DbError> {
        // The ear opens before the table is read, so nothing falls between the two.
        let mut follower = Follower {
            heard: tenancy.subscribe(),
            known: Arc::clone(&self.known),
            settled: Arc::clone(&self.settled),
            tenancy,
            clock,
            stale: false,
        };
        follower.load().await?;
        Ok(Following(tokio::spawn(follower.run()).abort_handle()))
    }

    /// How long access tokens live.
    pub(super) fn token_ttl(&self) -> Duration {
        self.token_ttl
    }

    /// What is known of this session.
    pub fn state(&self, session: Uuid) -> RevocationState {
        let known = self.read();
        if let Some(ending) = known.sessions.get(&session) {
            if ending.with_tenant {
                RevocationState::RevokedWithTenant
            } else {
                RevocationState::Revoked
            }
        } else if known.is_current() && !known.doubted.contains(&session) {
            RevocationState::Live
        } else {
            RevocationState::Unknown
        }
    }

    /// Waits while this session is in doubt, which a look at the table ends within milliseconds; a little longer than one may take at most.
    pub(super) async fn until_sure(&self, session: Uuid) {
        let settled = async {
            loop {
                let told = self.settled.notified();
                if !self.read().doubted.contains(&session) {
                    return;
                }
                told.await;
            }
        };
        // Whoever is in doubt after that is told so.
        let _ = timeout(LOOK_UP + LOOK_UP / 4, settled).await;
    }

    /// Whether tokens are accepted here at all, for readiness.
    pub fn is_current(&self) -> bool {
        self.read().is_current()
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        let known = self.known.read();
        known.unwrap_or_else(PoisonError::into_inner)
    }

    /// Revokes on this node at once, before it hears its own announcement.
    pub(super) fn insert(&self, sessions: &[Uuid], ending: Ending) {
        let ended = sessions.iter().map(|session| (*session, ending));
        write(&self.known).sessions.extend(ended);
    }
}

fn write(known: &RwLock<Known>) -> RwLockWriteGuard<'_, Known> {
    known.write().unwrap_or_else(PoisonError::into_inner)
}
