//! One schema's pending migrations, run for real in a transaction that ends with a rollback.
//!
//! Invariant: every way out of here leaves the transaction to be dropped; nothing in this file commits.

use std::time::Duration;

use super::report::{Outcome, SchemaPlan, Step};
use super::step::Next;
use crate::migrations::fleet::{Migrator, chain, lock};
use crate::migrations::holders::holders;
use crate::migrations::locks::{self, Held};
use crate::migrations::place::{NO_SCHEMA, Place, pending};
use crate::tenancy::{DbError, DdlTransaction};

/// So that a long statement ends soon after its client was killed, and lets its locks go.
const MARK: &str = "SET LOCAL client_connection_check_interval = '1s'";

/// A schema's part of the plan, in the making.
pub(super) struct Rehearsal<'m> {
    pub(super) migrator: &'m Migrator,
    pub(super) place: Place,
    pub(super) plan: SchemaPlan,
    /// Beside each step: its locks by number, until they are named.
    pub(super) held: Vec<Held>,
}

impl<'m> Rehearsal<'m> {
    /// `name` is what the report calls the schema.
    pub(super) fn new(migrator: &'m Migrator, place: Place, name: &str) -> Self {
        let plan = SchemaPlan {
            name: name.to_owned(),
            ..SchemaPlan::default()
        };
        Self {
            migrator,
            place,
            plan,
            held: Vec::new(),
        }
    }

    /// Tries everything. `key` is the lock that keeps real migrations of this schema away meanwhile. `then` runs before the rollback,
    /// where all went well, and sees the schema as it will be.
    pub(super) async fn run<T>(
        mut self,
        wait: Duration,
        key: i64,
        then: impl AsyncFnOnce(&mut DdlTransaction) -> Result<T, DbError>,
    ) -> (SchemaPlan, Option<T>) {
        match self.in_transaction(wait, key, then).await {
            Ok(seen) => (self.plan, seen),
            Err(error) => {
                let of_tenant = matches!(self.place, Place::Tenant(_));
                let is_gone = of_tenant && error.sql_state() == Some("3F000");
                self.plan.problem = Some(if is_gone {
                    NO_SCHEMA.to_owned()
                } else {
                    chain(&error)
                });
                (self.plan, None)
            }
        }
    }

    async fn in_transaction<T>(
        &mut self,
        wait: Duration,
        key: i64,
        then: impl AsyncFnOnce(&mut DdlTransaction) -> Result<T, DbError>,
    ) -> Result<Option<T>, DbError> {
        let mut tx = self.migrator.begin_waiting(wait).await?;
        tx.batch(MARK).await?;
        match lock(&mut tx, key).await {
            Err(error) if error.is_lock_timeout() => {
                let words = "another migration of it is under way; try again later";
                self.plan.problem = Some(words.to_owned());
                return Ok(None);
            }
            other => other?,
        }
        self.place.enter(&mut tx).await?;
        let history = self.place.history(&mut tx).await?;
        self.plan.version = history.last().map_or(0, |newest| newest.version);
        let files = match pending(&history, self.migrator.set().of(self.place.kind())) {
            Ok(files) => files,
            Err(changed) => {
                self.plan.problem = Some(changed.to_string());
                return Ok(None);
            }
        };
        tx.batch("SAVEPOINT rehearsal").await?;
        let before = locks::sequences(&mut tx, self.place.name()).await?;
        let mut fine = true;
        for (at, file) in files.iter().enumerate() {
            let next = files.get(at + 1);
            let commits = next.is_none_or(|next| self.outside(next).is_some());
            match self.step(&mut tx, file, commits).await? {
                Next::GoOn => {}
                Next::Stop => {
                    fine = false;
                    break;
                }
            }
        }
        let seen = if fine {
            tx.leave().await?;
            Some(then(&mut tx).await?)
        } else {
            None
        };
        tx.batch("ROLLBACK TO SAVEPOINT rehearsal").await?;
        self.look_back(&mut tx, &before, key).await?;
        Ok(seen)
    }

    /// After the rollback, what existed before can be told from what was new.
    async fn look_back(
        &mut self,
        tx: &mut DdlTransaction,
        before: &locks::Sequences,
        key: i64,
    ) -> Result<(), DbError> {
        let schema = self.place.name();
        let named = locks::name(tx, schema, &self.held).await?;
        for (step, locks) in self.plan.steps.iter_mut().zip(named) {
            step.locks = locks;
        }
        let after = locks::sequences(tx, schema).await?;
        let moved = after
            .iter()
            .filter(|(name, at)| before.get(*name) != Some(at));
        self.plan.advanced_sequences = moved.map(|(name, _)| name.clone()).collect();
        if let Some(Step {
            outcome: Outcome::Busy { held_by },
            ..
        }) = self.plan.steps.last_mut()
        {
            *held_by = holders(tx, schema, key).await?;
        }
        Ok(())
    }
}
