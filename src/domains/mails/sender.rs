//! The background work that empties the queue: one on each node, woken by the mail itself.

use std::time::Duration;

use chrono::TimeDelta;
use futures_util::{StreamExt, stream};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::model::{Queued, next_try};
use super::repository;
use super::transport::Transport;
use crate::clock::Clock;
use crate::tenancy::{DbError, Event, Heard, Tenancy};

/// How often the queue is looked at when nobody says that there is something in it.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How many are sent at a time.
const AT_ONCE: usize = 4;
/// How long one try may take altogether.
const TRY: Duration = Duration::from_mins(1);
/// How long a taken mail is this node's: longer than a try, so that no other node sends it meanwhile.
const LEASE: TimeDelta = TimeDelta::seconds(90);
/// What is kept of a failure's words.
const ERROR_CHARS: usize = 500;

/// See the module.
pub struct Sender {
    tenancy: Tenancy,
    clock: Clock,
    transport: Transport,
}

impl Sender {
    /// Sends by `transport`.
    pub fn new(tenancy: Tenancy, clock: Clock, transport: Transport) -> Self {
        Self {
            tenancy,
            clock,
            transport,
        }
    }

    /// Works until `stop`; what it has in hand then is finished first.
    pub async fn run(self, stop: CancellationToken) {
        let mut heard = self.tenancy.subscribe();
        while !stop.is_cancelled() {
            match self.round().await {
                // There may be more.
                Ok(sent) if sent > 0 => continue,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(error = %error, "the queue of mails cannot be read; trying again");
                    drain(&mut heard);
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(LOOK_EVERY) => {}
                () = queued(&mut heard) => {}
            }
        }
    }

    /// Sends what is due, some at a time; tells how many it took.
    async fn round(&self) -> Result<usize, DbError> {
        let now = self.clock.now();
        let mut db = self.tenancy.public().await?;
        let limit = i64::try_from(AT_ONCE).unwrap_or(1);
        let taken = repository::take(&mut db, now, now + LEASE, limit).await?;
        // No connection is held while the mail server takes its time.
        drop(db);
        let count = taken.len();
        stream::iter(taken)
            .for_each_concurrent(AT_ONCE, |mail| self.deliver(mail))
            .await;
        Ok(count)
    }

    async fn deliver(&self, queued: Queued) {
        let (id, tenant) = (queued.id, queued.tenant_id);
        let failure = match timeout(TRY, self.transport.send(&queued)).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some((error.to_string(), error.is_final())),
            Err(_) => Some((format!("no end after {} s", TRY.as_secs()), false)),
        };
        let noted = match failure {
            None => {
                tracing::info!(mail = %id, %tenant, "a mail was sent");
                self.done(&queued).await
            }
            Some((error, is_final)) => self.failed(&queued, error, is_final).await,
        };
        if let Err(error) = noted {
            tracing::error!(
                mail = %id, %tenant, error = %error,
                "what became of a mail cannot be noted; it may be sent a second time"
            );
        }
    }

    async fn done(&self, queued: &Queued) -> Result<(), DbError> {
        let mut db = self.tenancy.public().await?;
        repository::delete(&mut db, queued.id).await
    }

    async fn failed(&self, queued: &Queued, error: String, is_final: bool) -> Result<(), DbError> {
        let error: String = error.chars().take(ERROR_CHARS).collect();
        let attempts = queued.attempts + 1;
        let next = next_try(attempts, self.clock.now()).filter(|_| !is_final);
        let (id, tenant) = (queued.id, queued.tenant_id);
        match next {
            Some(next) => {
                tracing::warn!(mail = %id, %tenant, attempts, error, %next, "a mail was not sent; it is tried again");
            }
            None => {
                tracing::error!(mail = %id, %tenant, attempts, error, "a mail was given up; it stays in public.mails");
            }
        }
        let mut db = self.tenancy.public().await?;
        repository::postpone(&mut db, id, attempts, next, &error).await
    }
}

/// Waits until a mail was queued, or may have been.
async fn queued(heard: &mut Receiver<Heard>) {
    loop {
        match heard.recv().await {
            Ok(Heard::Event(Event::MailQueued) | Heard::Resync) | Err(RecvError::Lagged(_)) => {
                return;
            }
            Ok(Heard::Event(_)) => {}
            // Nobody will tell any more; the regular look remains.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// Forgets what was told: a database that fails is asked at the regular look, not with every word.
fn drain(heard: &mut Receiver<Heard>) {
    while heard.try_recv().is_ok() {}
}
