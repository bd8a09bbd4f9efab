//! One migration of a rehearsal: run, looked at, and its undo script run and looked at.

use std::time::Instant;

use refinery_core::Migration;

use super::problem::SqlProblem;
use super::rehearsal::Rehearsal;
use super::report::{Outcome, Step, Undo};
use crate::migrations::Description;
use crate::migrations::Kind;
use crate::migrations::locks::{self, Held};
use crate::tenancy::{DbError, DdlTransaction, Sql};

/// Answers while the transaction is still the one that began.
const STILL_OPEN: Sql = Sql::new(
    "plan.still_open",
    "SELECT current_setting('tenantry.rehearsing', true) = 'on' AS still_open",
);
const ENDED: &str = "it ended the transaction that it runs in, so what came before that stayed: take COMMIT and ROLLBACK out of it";
const OUTSIDE: &str = "it runs outside of a transaction, and so cannot be rolled back";

/// What to do after a migration.
#[derive(Clone, Copy)]
pub(super) enum Next {
    /// The next one.
    GoOn,
    /// It failed, so the next would too.
    Stop,
    /// There is nothing left to roll back.
    TransactionLost,
}

impl Rehearsal<'_> {
    /// PostgreSQL allows it outside of transactions only.
    pub(super) fn is_outside(&self, file: &Migration) -> bool {
        let of_tenants = self.place.kind() == Kind::Tenant;
        of_tenants && self.migrator.set().outside(file.version()).is_some()
    }

    /// Runs one migration. After the `last` one, what a commit would check is checked.
    pub(super) async fn step(
        &mut self,
        tx: &mut DdlTransaction,
        file: &Migration,
        last: bool,
    ) -> Result<Next, DbError> {
        let mut step = Step {
            version: file.version(),
            name: file.name().to_owned(),
            outcome: Outcome::Fine,
            took_ms: 0.0,
            locks: Vec::new(),
            undo: Undo::None,
        };
        let mut held = Held::new();
        let next = if self.is_outside(file) {
            step.outcome = Outcome::NotTried { reason: OUTSIDE };
            Next::GoOn
        } else {
            self.try_one(tx, file, last, &mut step, &mut held).await?
        };
        self.plan.steps.push(step);
        self.held.push(held);
        Ok(next)
    }

    async fn try_one(
        &self,
        tx: &mut DdlTransaction,
        file: &Migration,
        last: bool,
        step: &mut Step,
        held: &mut Held,
    ) -> Result<Next, DbError> {
        let sql = file.sql().unwrap_or_default();
        let undo = self.migrator.set().undo(self.place.kind(), step.version);
        let undo = match undo {
            Some(text) => Some((text, self.describe(tx).await?)),
            None => None,
        };
        let before = locks::held(tx).await?;
        self.place.enter(tx).await?;
        let text = if last {
            format!("{sql}\n;\nSET CONSTRAINTS ALL IMMEDIATE")
        } else {
            sql.to_owned()
        };
        let started = Instant::now();
        let ran = tx.batch(&text).await;
        step.took_ms = started.elapsed().as_secs_f64() * 1000.0;
        if let Err(error) = ran {
            step.outcome = if error.is_lock_timeout() {
                let held_by = Vec::new();
                Outcome::Busy { held_by }
            } else {
                let error = SqlProblem::of(&error, sql);
                Outcome::Failed { error }
            };
            return Ok(Next::Stop);
        }
        if !still_open(tx).await? {
            let error = SqlProblem::plain(ENDED.to_owned());
            step.outcome = Outcome::Failed { error };
            return Ok(Next::TransactionLost);
        }
        *held = &locks::held(tx).await? - &before;
        if let Some((text, structure)) = undo {
            step.undo = self.check_undo(tx, text, &structure).await?;
        }
        Ok(Next::GoOn)
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
        let undo = if let Err(error) = tx.batch(undo).await {
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

async fn still_open(tx: &mut DdlTransaction) -> Result<bool, DbError> {
    let rows = tx.query(&STILL_OPEN, &[]).await?;
    let still_open: Option<bool> = match rows.first() {
        Some(row) => row.get("still_open")?,
        None => None,
    };
    Ok(still_open == Some(true))
}
