//! Refusals stand in the log too: who was told that they may not, and what they wanted.
//!
//! Invariant: nobody fills the log by being refused. Each actor gets [`REFUSALS_PER_MINUTE`] lines a minute from each node; the node's own
//! log has them all.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use serde_json::json;
use uuid::Uuid;

use super::model::Act;
use super::record::record;
use crate::domains::Deps;
use crate::domains::access::Context;
use crate::tenancy::{DbError, TenantId};

/// Lines that one actor can cause in a minute.
pub const REFUSALS_PER_MINUTE: u32 = 30;

/// Actors who are counted at once.
const MOST_ACTORS: u64 = 10_000;

/// Counts and writes the refusals of this node.
pub struct Refusals {
    deps: Deps,
    counts: Cache<(TenantId, Option<Uuid>), Arc<AtomicU32>>,
}

impl fmt::Debug for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusals").finish_non_exhaustive()
    }
}

impl Refusals {
    /// Nobody was refused so far.
    pub fn new(deps: Deps) -> Self {
        let counts = Cache::builder()
            .max_capacity(MOST_ACTORS)
            .time_to_live(Duration::from_mins(1));
        Self {
            deps,
            counts: counts.build(),
        }
    }

    /// Writes into the log of the caller's own tenant that they wanted `operation` (method and route) at `path`, and were refused with `code`.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn note(
        &self,
        context: &Context,
        operation: &str,
        path: &str,
        code: &str,
    ) -> Result<(), DbError> {
        let who = (context.tenant().id, context.credential_id());
        let count = self.counts.get_with(who, Arc::default);
        if count.fetch_add(1, Ordering::Relaxed) >= REFUSALS_PER_MINUTE {
            return Ok(());
        }
        let act = Act {
            action: "access.refused",
            resource: "operation",
            resource_id: None,
            before: None,
            after: Some(json!({ "operation": operation, "path": path, "code": code })),
        };
        let session = self.deps.tenancy.session(context.tenant()).await?;
        let mut tx = session.begin("audit.refusal");
        record(&mut tx, context, &self.deps.clock, act).await?;
        tx.commit().await
    }
}
