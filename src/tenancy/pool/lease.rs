//! A connection that is out of the pool.
//!
//! Invariant: it comes back at rest and known, or not at all. An open transaction is rolled back, a statement whose caller has gone is cancelled,
//! a connection that ran raw SQL is closed; all before anybody else can get it.

use std::time::{Duration, Instant};

use deadpool::managed::Object;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::manager::Manager;
use crate::tenancy::connection::{Cleanup, Connection};
use crate::tenancy::error::DbError;

/// A rollback or a cancel that takes longer than this ends with closing the connection.
const CLEANUP_LIMIT: Duration = Duration::from_secs(5);

/// Dropping it puts the connection back, cleaned.
pub(in crate::tenancy) struct Lease {
    /// `None` only while dropping.
    object: Option<Object<Manager>>,
    tls: MakeRustlsConnect,
}

impl Lease {
    pub(super) fn new(object: Object<Manager>, tls: MakeRustlsConnect) -> Self {
        Self {
            object: Some(object),
            tls,
        }
    }

    pub(in crate::tenancy) fn connection(&mut self) -> Result<&mut Connection, DbError> {
        self.object
            .as_deref_mut()
            .ok_or_else(|| DbError::NoConnection("the connection was given back".to_owned()))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else {
            return;
        };
        match (object.cleanup(), tokio::runtime::Handle::try_current()) {
            (Cleanup::None, _) => drop(object),
            (Cleanup::Close, _) | (_, Err(_)) => close(object),
            (Cleanup::Rollback, Ok(runtime)) => {
                runtime.spawn(roll_back(object));
            }
            (Cleanup::Cancel, Ok(runtime)) => {
                runtime.spawn(cancel(object, self.tls.clone()));
            }
        }
    }
}

fn close(object: Object<Manager>) {
    drop(Object::take(object));
}

async fn roll_back(mut object: Object<Manager>) {
    match tokio::time::timeout(CLEANUP_LIMIT, object.rollback()).await {
        Ok(Ok(())) => drop(object),
        _ => close(object),
    }
}

/// Stops the statement in PostgreSQL, then closes: a cancel that comes late must not hit the next user's statement.
async fn cancel(object: Object<Manager>, tls: MakeRustlsConnect) {
    let started = Instant::now();
    let token = object.client().cancel_token();
    let cancelled = tokio::time::timeout(CLEANUP_LIMIT, token.cancel_query(tls)).await;
    tracing::debug!(
        ok = matches!(cancelled, Ok(Ok(()))),
        elapsed_ms = started.elapsed().as_millis(),
        "cancelled a statement whose caller has gone"
    );
    close(object);
}
