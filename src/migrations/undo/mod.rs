//! `migrate undo`: one migration taken back, in each tenant that has it as its newest.
//!
//! Invariant: the script, the history and the ledger change in one transaction, and only where the migration is the newest. So the same
//! command again, after a kill, steps nobody back twice. A tenant that would not have the structure of the version before stays as it is.

mod error;
mod step;
mod structure;

use std::time::Instant;

use futures_util::{StreamExt, stream};

pub use error::UndoError;

use super::chosen::{Chosen, chosen};
use super::fleet::{Migrator, PUBLIC_LOCK, lock, tenant_lock};
use super::place::Place;
use super::run::Progress;
use super::set::Target;
use super::undo_scripts::Kind;
use crate::tenancy::{Event, SchemaName, Slug, Sql};
use step::Step;
use structure::Structures;

/// Fails to touch a row if the script ended the transaction.
const RECORD: Sql = Sql::new(
    "undo.record",
    "UPDATE public.tenant_migrations SET version = $2, checksum = $3, needs_binary = $4, state = 'current', \
     attempts = 0, last_error = NULL, duration_ms = $5, updated_at = now() \
     WHERE tenant_id = $1 AND current_setting('tenantry.undoing', true) = 'on'",
);

/// What to undo.
#[derive(Debug, Clone, Default)]
pub struct UndoOptions {
    /// The migration; the newest at hand if `None`.
    pub version: Option<i32>,
    /// These tenants only; all if empty.
    pub only: Vec<Slug>,
    /// Also where this binary cannot serve what is left.
    pub stop_serving: bool,
}

/// What an undo did.
#[derive(Debug)]
pub struct UndoReport {
    /// The migration.
    pub version: i32,
    /// Tenants (or 1 for the shared tables) that do not have it any more and had it before.
    pub undone: usize,
    /// Those whose newest migration is another one.
    pub untouched: usize,
    /// Of the undone, those in which hands had changed something else, by their slugs.
    pub drifted: Vec<String>,
    /// Those that are as they were, and why.
    pub failures: Vec<(String, UndoError)>,
}

impl Migrator {
    /// Takes a migration back in each chosen tenant whose newest it is, and tells `progress` after each.
    ///
    /// # Errors
    /// When it cannot or should not be undone anywhere; one tenant's failure stands in the report.
    pub async fn undo_tenants(
        &self,
        options: &UndoOptions,
        mut progress: impl FnMut(Progress),
    ) -> Result<UndoReport, UndoError> {
        let step = self.undo_step(Kind::Tenant, options.version)?;
        let oldest = self.set().supported().oldest;
        if step.before < oldest && !options.stop_serving {
            return Err(UndoError::Unserved {
                before: step.before,
                oldest,
            });
        }
        let mut tx = self.begin().await?;
        let fleet = chosen(tx.scoped(), &options.only).await?;
        drop(tx);
        let (concerned, others): (Vec<_>, Vec<_>) =
            fleet.into_iter().partition(|t| t.version == step.version);
        let mut report = UndoReport {
            version: step.version,
            undone: 0,
            untouched: others.len(),
            drifted: Vec::new(),
            failures: Vec::new(),
        };
        let mut so_far = Progress {
            done: 0,
            total: concerned.len(),
            failed: 0,
        };
        progress(so_far);
        if concerned.is_empty() {
            return Ok(report);
        }
        let structures = self.structures(&step).await?;
        let (step, structures) = (&step, &structures);
        let mut results = stream::iter(concerned)
            .map(async |tenant: Chosen| {
                (
                    self.undo_tenant(&tenant, step, structures).await,
                    tenant.slug,
                )
            })
            .buffer_unordered(self.jobs);
        while let Some((result, slug)) = results.next().await {
            so_far.done += 1;
            match result {
                Ok(Some(has_drifted)) => {
                    report.undone += 1;
                    report.drifted.extend(has_drifted.then_some(slug));
                }
                Ok(None) => report.untouched += 1,
                Err(error) => {
                    so_far.failed += 1;
                    report.failures.push((slug, error));
                }
            }
            progress(so_far);
        }
        drop(results);
        Ok(report)
    }

    /// Takes a migration of the shared tables back, if it is their newest. Answers with its version and whether it was.
    ///
    /// # Errors
    /// When it cannot or should not be undone; then all is as it was.
    pub async fn undo_public(&self, options: &UndoOptions) -> Result<(i32, bool), UndoError> {
        let step = self.undo_step(Kind::Public, options.version)?;
        if !options.stop_serving {
            return Err(UndoError::SharedInUse);
        }
        let mut tx = self.begin().await?;
        lock(&mut tx, PUBLIC_LOCK).await?;
        let undone = self.take_back(&mut tx, &Place::Public, &step).await?;
        tx.commit().await?;
        Ok((step.version, undone))
    }

    async fn undo_tenant(
        &self,
        tenant: &Chosen,
        step: &Step<'_>,
        structures: &Structures,
    ) -> Result<Option<bool>, UndoError> {
        let work = format!("undoing migration {}", step.version);
        let attempt = || self.try_undo(tenant, step, structures);
        let insisted = self.insist(tenant.id, &work, attempt);
        insisted.await.map(|(undone, _)| undone)
    }

    /// Answers as [`Migrator::take_back_checked`].
    async fn try_undo(
        &self,
        tenant: &Chosen,
        step: &Step<'_>,
        structures: &Structures,
    ) -> Result<Option<bool>, UndoError> {
        let schema = SchemaName::of(tenant.id);
        let started = Instant::now();
        let mut tx = self.begin().await?;
        lock(&mut tx, tenant_lock(tenant.id)).await?;
        let taken_back = self.take_back_checked(&mut tx, &schema, step, structures);
        let Some(has_drifted) = taken_back.await? else {
            return Ok(None);
        };
        let Target {
            version,
            checksum,
            needs_binary,
        } = self.set().target_at(step.before);
        let took = i32::try_from(started.elapsed().as_millis()).unwrap_or(i32::MAX);
        let recorded = tx
            .execute(
                &RECORD,
                &[&tenant.id, version, checksum, needs_binary, &took],
            )
            .await?;
        if recorded != 1 {
            return Err(UndoError::EndedTransaction);
        }
        let changed = Event::TenantChanged { id: tenant.id };
        changed.publish(tx.scoped()).await?;
        tx.commit().await?;
        Ok(Some(has_drifted))
    }
}
