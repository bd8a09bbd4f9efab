//! Why a migration was not undone.

use super::super::apply::ApplyError;
use super::super::busy::{Busy, MaybeBusy};
use super::super::chosen::ChoiceError;
use super::super::fleet::chain;
use super::super::place::{Changed, NO_SCHEMA};
use super::super::problem::SqlProblem;
use super::super::text;
use crate::tenancy::DbError;

/// Why nothing was undone.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// There is no migration, or none of this number.
    #[error("there is no {kind} migration {version} to undo")]
    NoMigration {
        /// `public` or `tenant`.
        kind: &'static str,
        /// The number that was asked for.
        version: i32,
    },
    /// Nobody wrote one.
    #[error(
        "{kind} migration {version} has no undo script; write `migrations/undo/{kind}/U{version}__{name}.sql`; `tenantry migrate plan` tries it where the migration is still pending, and an undo of tenants refuses one that does not take it back"
    )]
    NoScript {
        /// `public` or `tenant`.
        kind: &'static str,
        /// Its version.
        version: i32,
        /// Its name.
        name: String,
    },
    /// Requests would be refused.
    #[error(
        "this binary serves no tenant at version {before}, it needs {oldest} or newer: tenants would answer 503 until `tenantry migrate run`; add --stop-serving if that is what you want"
    )]
    Unserved {
        /// Where tenants would be.
        before: i32,
        /// The oldest that is served.
        oldest: i32,
    },
    /// Shared tables have no range.
    #[error(
        "this binary works with all of its migrations of the shared tables and no fewer: stop its servers first, undo, and start the older ones; add --stop-serving if that is done"
    )]
    SharedInUse,
    /// The file is not what was applied, so the script is not its undo.
    #[error(transparent)]
    Changed(#[from] Changed),
    /// There is nothing to take back.
    #[error("{NO_SCHEMA}")]
    NoSchema,
    /// The script failed.
    #[error("its undo failed: {problem}")]
    Script {
        /// What PostgreSQL said, and where in the file.
        problem: Box<SqlProblem>,
        /// The same for the program, which need not be told twice.
        error: DbError,
    },
    /// The script said COMMIT or ROLLBACK.
    #[error(
        "the undo script would end the transaction that it runs in; {}",
        text::TAKE_OUT
    )]
    EndedTransaction,
    /// The script does not take back all of the migration, or takes back more.
    #[error(
        "the undo script leaves another structure than that of version {before}: {differences}; nothing was changed{}",
        told(drift)
    )]
    Differs {
        /// Where the tenant would be.
        before: i32,
        /// What would be another there.
        differences: String,
        /// What hands had changed before; empty if nothing.
        drift: String,
    },
    /// What the script has to leave is not known: a migration fails in an empty schema.
    #[error("the reference for version {version} cannot be made")]
    Reference {
        /// Of the last migration in it.
        version: i32,
        /// Why.
        source: ApplyError,
    },
    /// No such tenant.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// Others held its locks at each try.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A statement failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

fn told(drift: &str) -> String {
    match drift {
        "" => String::new(),
        drift => format!(
            "; the tenant had drifted before, which may be why (`tenantry migrate drift` tells): {drift}"
        ),
    }
}

impl UndoError {
    /// Why, with all causes, in one line.
    pub fn reason(&self) -> String {
        chain(self)
    }
}

impl MaybeBusy for UndoError {
    fn without_lock<'e>(&'e self, work: &'e str) -> Option<&'e str> {
        let (Self::Db(error) | Self::Script { error, .. }) = self else {
            return None;
        };
        error.is_lock_timeout().then_some(work)
    }
}
