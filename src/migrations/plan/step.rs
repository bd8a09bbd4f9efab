//! One migration of a rehearsal: run, looked at, and its undo script run and looked at.

use std::time::Instant;

use refinery_core::Migration;

use super::rehearsal::Rehearsal;
use super::report::{Outcome, Step, Undo};
use crate::migrations::Description;
use crate::migrations::Kind;
use crate::migrations::Outside;
use crate::migrations::locks::{self, Held};
use crate::migrations::place::Place;
use crate::migrations::problem::SqlProblem;
use crate::migrations::text;
use crate::tenancy::{DbError, DdlTransaction};

const NOTHING_TO_TRY: &str =
    "it runs outside of a transaction, cannot be rolled back, and changes no structure";
/// What a commit would check. What follows is another transaction in truth, which puts its own checks off again.
const CHECK: &str = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED";

/// What to do after a migration.
#[derive(Clone, Copy)]
pub(super) enum Next {
    /// The next one.
    GoOn,
    /// It failed, so the next would too.
    Stop,
}

impl Rehearsal<'_> {
    /// How it runs where PostgreSQL allows it outside of transactions only.
    pub(super) fn outside(&self, file: &Migration) -> Option<&Outside> {
        let of_tenants = self.place.kind() == Kind::Tenant;
        let set = self.migrator.set();
        set.outside(file.version()).filter(|_| of_tenants)
    }

    fn undo(&self, file: &Migration) -> Option<&str> {
        let set = self.migrator.set();
        set.undo(self.place.kind(), file.version())
    }

    /// Runs one migration. Where the real run `commits` after it, what a commit checks is checked.
    pub(super) async fn step(
        &mut self,
        tx: &mut DdlTransaction,
        file: &Migration,
        commits: bool,
    ) -> Result<Next, DbError> {
        let script = self.undo(file);
        let mut step = Step {
            version: file.version(),
            name: file.name().to_owned(),
            outcome: Outcome::Fine,
            tried_plainly: false,
            took_ms: 0.0,
            locks: Vec::new(),
            undo: script.map_or(Undo::None, |_| Undo::NotTried),
        };
        let mut held = Held::new();
        let next = self
            .try_one(tx, file, commits, &mut step, &mut held)
            .await?;
        self.plan.steps.push(step);
        self.held.push(held);
        Ok(next)
    }

    async fn try_one(
        &self,
        tx: &mut DdlTransaction,
        file: &Migration,
        commits: bool,
        step: &mut Step,
        held: &mut Held,
    ) -> Result<Next, DbError> {
        let outside = self.outside(file);
        let sql = match outside {
            None => file.sql().unwrap_or_default(),
            Some(outside) => outside.in_transaction.as_deref().unwrap_or_default(),
        };
        if let Some(outside) = outside
            && let Err(error) = self.drop_half_built(tx, outside).await
        {
            step.outcome = trouble(&error, sql);
            return Ok(Next::Stop);
        }
        let undo = match self.undo(file) {
            Some(text) => Some((text, self.describe(tx).await?)),
            None => None,
        };
        let before = locks::held(tx).await?;
        self.place.enter(tx).await?;
        let mut text = text::contained(sql);
        if commits {
            text = format!("{text}; {CHECK}");
        }
        let started = Instant::now();
        let ran = tx.batch(&text).await;
        step.took_ms = started.elapsed().as_secs_f64() * 1000.0;
        if let Err(error) = ran {
            step.outcome = trouble(&error, sql);
            return Ok(Next::Stop);
        }
        match outside {
            None => {}
            Some(outside) if outside.in_transaction.is_some() => step.tried_plainly = true,
            Some(_) => {
                step.outcome = Outcome::NotTried {
                    reason: NOTHING_TO_TRY,
                }
            }
        }
        *held = &locks::held(tx).await? - &before;
        if let Some((text, structure)) = undo {
            step.undo = self.check_undo(tx, text, &structure).await?;
        }
        Ok(Next::GoOn)
    }

    /// As the real run does before it builds the index anew.
    async fn drop_half_built(
        &self,
        tx: &mut DdlTransaction,
        outside: &Outside,
    ) -> Result<(), DbError> {
        let Place::Tenant(schema) = &self.place else {
            return Ok(());
        };
        let Some((index, query)) = outside.half_built(schema) else {
            return Ok(());
        };
        if tx.rows(&query).await?.is_empty() {
            return Ok(());
        }
        tx.batch(&format!("DROP INDEX {index}")).await
    }

    async fn describe(&self, tx: &mut DdlTransaction) -> Result<Description, DbError> {
        let schema = self.place.name();
        self.migrator.describe_named(tx, schema).await
    }

    async fn check_undo(
        &self,
        tx: &mut DdlTransaction,
        undo: &str,
        before: &Description,
    ) -> Result<Undo, DbError> {
        tx.batch("SAVEPOINT migrated").await?;
        self.place.enter(tx).await?;
        let undo = if let Err(error) = tx.batch(&text::contained(undo)).await {
            let error = SqlProblem::of(&error, undo);
            Undo::Failed { error }
        } else {
            let differences = self.describe(tx).await?.diff(before);
            let differences: Vec<_> = differences.iter().map(ToString::to_string).collect();
            if differences.is_empty() {
                Undo::Checked
            } else {
                Undo::Differs { differences }
            }
        };
        tx.batch("ROLLBACK TO SAVEPOINT migrated").await?;
        Ok(undo)
    }
}

/// What came of a migration whose `sql` failed so.
fn trouble(error: &DbError, sql: &str) -> Outcome {
    if error.is_lock_timeout() {
        let held_by = Vec::new();
        return Outcome::Busy { held_by };
    }
    let error = SqlProblem::of(error, sql);
    Outcome::Failed { error }
}
