//! A connection that is out of the pool.
//!
//! Invariant: it comes back at rest and known, or not at all. An open transaction is rolled back, a statement whose caller has gone is cancelled,
//! a connection that ran raw SQL is closed; all before anybody else can get it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool::managed::Object;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::manager::Manager;
use super::waiting::Waiting;
use crate::tenancy::connection::{Cleanup, Connection};
use crate::tenancy::error::DbError;

/// A rollback or a cancel that takes longer than this ends with closing the connection.
const CLEANUP_LIMIT: Duration = Duration::from_secs(5);

/// A lane's connection. Dropping it frees the lane, and tells whoever waits for it.
pub(super) struct Held {
    lane: usize,
    /// `None` before it is there, and after it was closed.
    object: Option<Object<Manager>>,
    waiting: Option<Arc<Waiting>>,
}

impl Held {
    pub(super) fn new(lane: usize, waiting: Arc<Waiting>) -> Self {
        Self {
            lane,
            object: None,
            waiting: Some(waiting),
        }
    }

    pub(super) fn fill(&mut self, object: Object<Manager>) {
        self.object = Some(object);
    }

    /// It is somebody else's, so there is nothing to free.
    pub(super) fn forget(mut self) {
        self.waiting = None;
    }

    fn connection(&mut self) -> Option<&mut Connection> {
        self.object.as_deref_mut()
    }

    fn close(mut self) {
        drop(self.object.take().map(Object::take));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // First back, then told.
        drop(self.object.take());
        if let Some(waiting) = &self.waiting {
            waiting.freed(self.lane);
        }
    }
}

/// Dropping it puts the connection back, cleaned.
pub(in crate::tenancy) struct Lease {
    /// `None` only while dropping.
    held: Option<Held>,
    tls: MakeRustlsConnect,
}

impl Lease {
    pub(super) fn new(held: Held, tls: MakeRustlsConnect) -> Self {
        Self {
            held: Some(held),
            tls,
        }
    }

    pub(in crate::tenancy) fn connection(&mut self) -> Result<&mut Connection, DbError> {
        let connection = self.held.as_mut().and_then(Held::connection);
        connection.ok_or_else(|| DbError::NoConnection("the connection was given back".to_owned()))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut held) = self.held.take() else {
            return;
        };
        let cleanup = held.connection().map(|connection| connection.cleanup());
        match (cleanup, tokio::runtime::Handle::try_current()) {
            (None | Some(Cleanup::None), _) => drop(held),
            (Some(Cleanup::Close), _) | (_, Err(_)) => held.close(),
            (Some(Cleanup::Rollback), Ok(runtime)) => {
                runtime.spawn(roll_back(held));
            }
            (Some(Cleanup::Cancel), Ok(runtime)) => {
                runtime.spawn(cancel(held, self.tls.clone()));
            }
        }
    }
}

async fn roll_back(mut held: Held) {
    let Some(connection) = held.connection() else {
        return;
    };
    match tokio::time::timeout(CLEANUP_LIMIT, connection.rollback()).await {
        Ok(Ok(())) => drop(held),
        _ => held.close(),
    }
}

/// Stops the statement in PostgreSQL, then closes: a cancel that comes late must not hit the next user's statement.
async fn cancel(mut held: Held, tls: MakeRustlsConnect) {
    let started = Instant::now();
    let Some(connection) = held.connection() else {
        return;
    };
    let token = connection.client().cancel_token();
    let cancelled = tokio::time::timeout(CLEANUP_LIMIT, token.cancel_query(tls)).await;
    tracing::debug!(
        ok = matches!(cancelled, Ok(Ok(()))),
        elapsed_ms = started.elapsed().as_millis(),
        "cancelled a statement whose caller has gone"
    );
    held.close();
}
