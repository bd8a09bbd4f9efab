//! Brings a schema up inside a transaction of ours, so that it, its history and the fleet ledger change together or not at all.

use std::time::Duration;

use refinery_core::Migration;

use super::busy::{Busy, MaybeBusy};
use super::fleet::chain;
use super::outside;
use super::place::{Changed, NO_SCHEMA};
use super::problem::SqlProblem;
use super::script::{self, Piece};
use super::text;
use crate::ids::random_part;
use crate::tenancy::{DbError, DdlTransaction, quote_ident};

/// What the ledger's statement says in the place of an id where the transaction is no longer the one that began.
pub(super) const ENDED: &str = "a migration ended its transaction";

/// Why a schema was not migrated. Nothing of it stayed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The history and the migrations contradict each other.
    #[error(transparent)]
    Refinery(#[from] refinery_core::Error),
    /// A file is not what was applied.
    #[error(transparent)]
    Changed(#[from] Changed),
    /// There is nothing to migrate.
    #[error("{NO_SCHEMA}")]
    NoSchema,
    /// A migration failed.
    #[error("migration {name} failed: {problem}")]
    Migration {
        /// Its file's name without `.sql`.
        name: String,
        /// What PostgreSQL said, and where in the file.
        problem: Box<SqlProblem>,
        /// The same for the program, which need not be told twice.
        error: DbError,
    },
    /// A statement around it failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Others held its locks at each try.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// It was done, and PostgreSQL has lost it, or does not say whether it has.
    #[error("it was migrated, and PostgreSQL did not keep that: {0}")]
    NotKept(String),
    /// A migration said COMMIT or ROLLBACK.
    #[error(
        "a migration would end the transaction that it runs in; {}",
        text::TAKE_OUT
    )]
    EndedTransaction,
}

impl ApplyError {
    /// Why, with all causes, in one line.
    pub fn reason(&self) -> String {
        chain(self)
    }

    /// A lock was not to be had in time: worth another try.
    pub fn is_lock_timeout(&self) -> bool {
        match self {
            Self::Migration { error, .. } | Self::Db(error) => error.is_lock_timeout(),
            Self::Busy(_) => true,
            Self::Refinery(_)
            | Self::Changed(_)
            | Self::NoSchema
            | Self::EndedTransaction
            | Self::NotKept(_) => false,
        }
    }

    /// What PostgreSQL has against the migration itself, for which its tenant may be neither here nor there, or a schema that is lost. A tenant that is
    /// merely busy, whose history differs, or for which a connection, a place or PostgreSQL itself was lacking, is as able to be served as before.
    pub(super) fn stops_serving(&self) -> bool {
        /// Connection, rollback by PostgreSQL, resources, states and locks, an operator's intervention, the system.
        const PASSING: [&str; 6] = ["08", "40", "53", "55", "57", "58"];
        match self {
            Self::EndedTransaction | Self::NoSchema => true,
            Self::Migration { error, .. } | Self::Db(error) => error
                .sql_state()
                .is_some_and(|state| !PASSING.iter().any(|class| state.starts_with(class))),
            Self::Refinery(_) | Self::Changed(_) | Self::Busy(_) | Self::NotKept(_) => false,
        }
    }

    /// Tells which of the texts failed that stood for `pieces`, or behind them.
    pub(super) fn of(at: usize, error: DbError, pieces: &[Piece]) -> Self {
        if error.says(ENDED) || error.says(text::REFUSED) {
            return Self::EndedTransaction;
        }
        match pieces.get(at) {
            Some(piece) => Self::Migration {
                name: piece.name.clone(),
                problem: Box::new(SqlProblem::of(&error, &piece.sql)),
                error,
            },
            None => Self::Db(error),
        }
    }
}

impl MaybeBusy for ApplyError {
    fn without_lock<'e>(&'e self, work: &'e str) -> Option<&'e str> {
        match self {
            Self::Migration { name, error, .. } => error.is_lock_timeout().then_some(name),
            Self::Db(error) => error.is_lock_timeout().then_some(work),
            Self::Refinery(_)
            | Self::Changed(_)
            | Self::NoSchema
            | Self::Busy(_)
            | Self::NotKept(_)
            | Self::EndedTransaction => None,
        }
    }
}

/// Creates refinery's history table in `schema`.
pub(super) async fn create_history(tx: &mut DdlTransaction, schema: &str) -> Result<(), DbError> {
    tx.batch(&script::create_history(schema)).await
}

/// Applies what `schema` does not have yet in the open transaction. Answers with how many migrations that were.
///
/// A schema that is ahead of `migrations` is left as it is. Nobody else may be at work in it: a migration that would run without a transaction
/// runs here in the form that locks its tables.
pub(super) async fn apply(
    tx: &mut DdlTransaction,
    schema: &str,
    migrations: &[Migration],
) -> Result<usize, ApplyError> {
    let read = format!(
        "{} {}",
        script::create_history(schema),
        script::read_history(schema)
    );
    let history = tx.rows(&read).await?;
    let mut pieces = script::missing(schema, &history, migrations)?;
    for piece in &mut pieces {
        if let Ok(Some(outside)) = outside::read(&piece.sql) {
            piece.sql = outside.in_transaction.unwrap_or_default();
        }
    }
    let texts: Vec<String> = pieces.iter().map(|piece| text(schema, piece)).collect();
    let applied = tx.batches(&texts).await;
    applied.map_err(|(at, error)| ApplyError::of(at, error, &pieces))?;
    Ok(pieces.len())
}

/// A migration and its line in the history as one message. Each has the path set before it, because a migration may have changed it.
pub(super) fn text(schema: &str, piece: &Piece) -> String {
    let path = format!("SET LOCAL search_path = {};", quote_ident(schema));
    let Piece { sql, record, .. } = piece;
    let sql = text::contained(sql);
    format!("{path}\n{sql};\n{path}\n{record};")
}

/// How long a lock is waited for, and how often that is tried.
#[derive(Debug, Clone, Copy)]
pub struct LockBudget {
    /// Longest wait for one lock: as long as a busy tenant's own statements may queue behind a migration.
    pub timeout: Duration,
    /// The same for what runs without a transaction. It waits for others' transactions, and nobody's statements queue behind it.
    pub outside: Duration,
    /// Tries before a tenant is given up for this run.
    pub tries: u32,
}

impl LockBudget {
    /// Waits before the try after try number `tries`; `false` at once where that was the last. Half of the wait is left to chance, so that
    /// two who met do not meet again.
    pub async fn wait(self, tries: u32) -> bool {
        if tries >= self.tries {
            return false;
        }
        let longest = self.timeout / 2 * tries;
        tokio::time::sleep(longest / 2 + random_part(longest / 2)).await;
        true
    }
}

impl Default for LockBudget {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(2),
            outside: Duration::from_mins(1),
            tries: 5,
        }
    }
}
