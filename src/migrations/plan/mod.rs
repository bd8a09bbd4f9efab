//! `migrate plan`: what is pending, run in every chosen schema and rolled back, always.
//!
//! Invariant: nothing of it stays but what no rollback takes back (numbers drawn from sequences, dead rows); the ledger is not written.

mod rehearsal;
mod report;
mod step;

use std::time::Duration;

use futures_util::{StreamExt, stream};

pub use report::{Outcome, Plan, SchemaPlan, Step, Undo};

use super::chosen::{ChoiceError, Chosen, chosen};
use super::fleet::{Migrator, PUBLIC_LOCK, tenant_lock};
use super::place::Place;
use super::run::Progress;
use super::spread::spread;
use crate::tenancy::{SchemaName, Slug};
use rehearsal::Rehearsal;

/// What to plan.
#[derive(Debug, Clone)]
pub struct PlanOptions {
    /// These tenants only; all if empty.
    pub only: Vec<Slug>,
    /// Of those that are behind, so many, spread evenly from the oldest to the newest; all if `None`.
    pub sample: Option<usize>,
    /// Longest wait for one lock.
    pub lock_timeout: Duration,
}

impl Migrator {
    /// Tries all that is pending, in the shared tables and in tenants, and rolls it back. Tells `progress` after each tenant.
    ///
    /// # Errors
    /// When a tenant is named that does not exist; everything else stands in the plan.
    pub async fn plan(
        &self,
        options: &PlanOptions,
        mut progress: impl FnMut(Progress),
    ) -> Result<Plan, ChoiceError> {
        let wait = options.lock_timeout;
        let shared = Rehearsal::new(self, Place::Public, "public");
        // The tenants are read in the shared tables as they will be.
        let (shared, fleet) = shared
            .run(wait, PUBLIC_LOCK, async |tx| {
                Ok(chosen(tx.scoped(), &options.only).await)
            })
            .await;
        let target = self.set().target();
        let fleet = fleet.transpose()?.unwrap_or_default();
        let ahead = fleet.iter().filter(|t| t.version > target.version).count();
        let behind: Vec<Chosen> = fleet
            .into_iter()
            .filter(|t| {
                t.version < target.version
                    || (t.version == target.version && t.checksum != target.checksum)
            })
            .collect();
        let mut plan = Plan {
            target: target.version,
            shared,
            behind: behind.len(),
            ahead,
            tenants: Vec::new(),
        };
        let tried = sample(behind, options.sample);
        let mut so_far = Progress {
            done: 0,
            total: tried.len(),
            failed: 0,
        };
        progress(so_far);
        let mut results = stream::iter(tried)
            .map(async |tenant: Chosen| {
                let place = Place::Tenant(SchemaName::of(tenant.id));
                let rehearsal = Rehearsal::new(self, place, &tenant.slug);
                rehearsal
                    .run(wait, tenant_lock(tenant.id), async |_| Ok(()))
                    .await
                    .0
            })
            .buffered(self.jobs);
        while let Some(tenant) = results.next().await {
            so_far.done += 1;
            so_far.failed += usize::from(!tenant.is_fine());
            plan.tenants.push(tenant);
            progress(so_far);
        }
        drop(results);
        Ok(plan)
    }
}

/// So many, spread from the first to the last.
fn sample<T>(all: Vec<T>, size: Option<usize>) -> Vec<T> {
    let picked = spread(all.len(), size.unwrap_or(usize::MAX));
    let numbered = all.into_iter().enumerate();
    let picked = numbered.filter(|(at, _)| picked(*at));
    picked.map(|(_, one)| one).collect()
}
