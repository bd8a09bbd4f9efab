//! The task that keeps what is known of ended sessions true: it hears the other nodes, and reads the table.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::{MissedTickBehavior, interval, timeout};
use uuid::Uuid;

use super::super::repository;
use super::{Known, LOOK_UP, write};
use crate::clock::Clock;
use crate::tenancy::{DbError, Event, Heard, Tenancy};

/// How often trust is renewed; while other nodes are not heard, by reading the table.
const RENEW: Duration = Duration::from_millis(500);
/// How long the last renewal is trusted: some failed tries, and a machine that is busy.
const TRUST: Duration = Duration::from_secs(10);
/// How often entries go whose tokens have expired by themselves.
const PURGE: Duration = Duration::from_mins(1);

/// See the module.
pub(super) struct Follower {
    pub(super) known: Arc<RwLock<Known>>,
    /// Told when sessions are no longer in doubt.
    pub(super) settled: Arc<Notify>,
    pub(super) tenancy: Tenancy,
    pub(super) clock: Clock,
    pub(super) heard: Receiver<Heard>,
    /// Something may have been missed, and the table has not been read since.
    pub(super) stale: bool,
}

impl Follower {
    pub(super) async fn run(mut self) {
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
        let failure = match timeout(LOOK_UP, self.load_some(sessions)).await {
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
    pub(super) async fn load(&mut self) -> Result<(), DbError> {
        let started = Instant::now();
        let mut db = self.tenancy.public().await?;
        let rows = repository::revoked(&mut db, self.clock.now()).await?;
        {
            let mut known = write(&self.known);
            known.sessions.extend(rows);
            known.doubted.clear();
        }
        self.settled.notify_waiters();
        self.trust_from(started);
        Ok(())
    }

    async fn load_some(&mut self, sessions: &[Uuid]) -> Result<(), DbError> {
        let mut db = self.tenancy.public().await?;
        let rows = repository::revoked_of(&mut db, self.clock.now(), sessions).await?;
        {
            let mut known = write(&self.known);
            known.sessions.extend(rows);
            known.doubted.retain(|session| !sessions.contains(session));
        }
        self.settled.notify_waiters();
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
