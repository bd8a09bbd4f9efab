//! Which sessions ended before their access tokens did: known on every node at once, asked on every request without a query.
//!
//! Invariant: the answer is trusted for a few seconds after this node last heard the others or read the table; then it is "unknown",
//! and no token is accepted. So a node that is cut off fails closed, and one that cannot read the table at its start does not start.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::repository;
use crate::clock::Clock;
use crate::tenancy::{DbError, Event, Heard, Tenancy};

/// How often trust is renewed; while other nodes are not heard, by reading the table.
const RENEW: Duration = Duration::from_millis(500);
/// How long the last renewal is trusted: some failed tries, and a machine that is busy.
const TRUST: Duration = Duration::from_secs(10);
/// How long one look at the table may take after a notice; trust is not renewed meanwhile.
const LOOK_UP: Duration = Duration::from_secs(2);
/// How often entries go whose tokens have expired by themselves.
const PURGE: Duration = Duration::from_mins(1);

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

/// The task that keeps [`Known`] true.
struct Follower {
    known: Arc<RwLock<Known>>,
    tenancy: Tenancy,
    clock: Clock,
    heard: Receiver<Heard>,
    /// Something may have been missed, and the table has not been read since.
    stale: bool,
}

impl Follower {
    async fn run(mut self) {
        let mut renew = interval(RENEW);
        renew.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut purge = interval(PURGE);
        purge.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                heard = self.heard.recv() => match heard {
                    Ok(Heard::Event(Event::SessionsRevoked { sessions, .. })) => self.learn(&sessions).await,
                    Ok(Heard::Event(_)) => {}
                    Ok(Heard::Resync) | Err(RecvError::Lagged(_)) => self.reload().await,
                    Err(RecvError::Closed) => return,
                },
                _ = renew.tick() => {
                    if self.stale || !self.tenancy.is_hearing() {
                        self.reload().await;
                    } else {
                        self.trust_from(Instant::now());
                        self.look_up_doubted().await;
                    }
                }
                _ = purge.tick() => self.purge().await,
            }
        }
    }

    async fn reload(&mut self) {
        let result = self.load().await;
        self.note(&result);
    }

    /// A notice says where to look, and is not believed itself: anybody who may connect can send one. Until the table was read, these sessions alone
    /// are in doubt.
    async fn learn(&mut self, sessions: &[Uuid]) {
        if self.knows(sessions) {
            return;
        }
        write(&self.known).doubted.extend(sessions);
        self.look_up(sessions).await;
    }

    /// Those that could not be read when they were named.
    async fn look_up_doubted(&mut self) {
        let doubted: Vec<Uuid> = write(&self.known).doubted.iter().copied().collect();
        if !doubted.is_empty() {
            self.look_up(&doubted).await;
        }
    }

    /// Gives up soon: nobody's trust is renewed meanwhile.
    async fn look_up(&mut self, sessions: &[Uuid]) {
        let failure = match tokio::time::timeout(LOOK_UP, self.load_some(sessions)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it took too long".to_owned(),
        };
        tracing::warn!(
            error = failure,
            "whether these sessions have ended cannot be read; until then they are in doubt"
        );
    }

    fn knows(&self, sessions: &[Uuid]) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        sessions
            .iter()
            .all(|session| known.sessions.contains_key(session))
    }

    fn note(&mut self, result: &Result<(), DbError>) {
        if let Err(error) = result
            && !self.stale
        {
            tracing::warn!(
                error = %error,
                "revoked sessions cannot be read; without them no token is accepted in {} s",
                TRUST.as_secs()
            );
        }
        self.stale = result.is_err();
    }

    /// Adds what the table has. Nothing is taken out: a revocation is never undone, and this node may know one that the read missed.
    async fn load(&mut self) -> Result<(), DbError> {
        let started = Instant::now();
        let mut db = self.tenancy.public().await?;
        let rows = repository::revoked(&mut db, self.clock.now()).await?;
        {
            let mut known = write(&self.known);
            known.sessions.extend(rows);
            known.doubted.clear();
        }
        self.trust_from(started);
        Ok(())
    }

    async fn load_some(&mut self, sessions: &[Uuid]) -> Result<(), DbError> {
        let mut db = self.tenancy.public().await?;
        let rows = repository::revoked_of(&mut db, self.clock.now(), sessions).await?;
        let mut known = write(&self.known);
        known.sessions.extend(rows);
        known.doubted.retain(|session| !sessions.contains(session));
        Ok(())
    }

    fn trust_from(&self, moment: Instant) {
        write(&self.known).trusted_until = moment + TRUST;
    }

    async fn purge(&self) {
        let now = self.clock.now();
        write(&self.known)
            .sessions
            .retain(|_, ending| ending.expires > now);
        if let Err(error) = self.purge_table(now).await {
            tracing::debug!(error = %error, "expired revocations stay in the table for another minute");
        }
    }

    async fn purge_table(&self, now: DateTime<Utc>) -> Result<u64, DbError> {
        let mut db = self.tenancy.public().await?;
        repository::purge_revoked(&mut db, now).await
    }
}
