//! Runs refinery inside a transaction of ours, so that a schema, its history and the fleet ledger change together or not at all.

use std::time::Duration;

use refinery_core::traits::r#async::{AsyncMigrate, AsyncQuery, AsyncTransaction};
use refinery_core::{Migration, Runner};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::tenancy::{DbError, DdlTransaction, quote_ident};

/// refinery's history table.
const HISTORY: &str = "refinery_schema_history";

/// Why a schema was not migrated. Nothing of it stayed.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// refinery refused, or a migration failed.
    #[error(transparent)]
    Refinery(#[from] refinery_core::Error),
    /// A statement around it failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A migration said COMMIT or ROLLBACK.
    #[error(
        "a migration ended the transaction that it runs in; take BEGIN, COMMIT and ROLLBACK out of it"
    )]
    EndedTransaction,
}

impl ApplyError {
    /// The history and the migrations at hand contradict each other; no SQL was run.
    pub fn is_divergence(&self) -> bool {
        matches!(self, Self::Refinery(e) if matches!(
            e.kind(),
            refinery_core::error::Kind::DivergentVersion(..)
                | refinery_core::error::Kind::MissingVersion(_)
                | refinery_core::error::Kind::RepeatedVersion(_)
        ))
    }

    /// A lock was not to be had in time: worth another try.
    pub fn is_lock_timeout(&self) -> bool {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(self);
        while let Some(error) = next {
            if let Some(db) = error.downcast_ref::<DbError>() {
                return db.is_lock_timeout();
            }
            next = error.source();
        }
        false
    }
}

/// Creates refinery's history table in `schema`.
pub(super) async fn create_history(tx: &mut DdlTransaction, schema: &str) -> Result<(), DbError> {
    tx.batch(&Adapter::assert_migrations_table_query(&history_of(schema)))
        .await
}

/// Applies what `schema` does not have yet. Answers with how many migrations that were.
///
/// A schema that is ahead of `migrations` is left as it is.
pub(super) async fn apply(
    tx: &mut DdlTransaction,
    schema: &str,
    migrations: &[Migration],
) -> Result<usize, ApplyError> {
    let mut runner = Runner::new(migrations).set_abort_missing(false);
    runner.set_migration_table_name(history_of(schema));
    let mut adapter = Adapter {
        tx,
        path: format!("SET LOCAL search_path = {};\n", quote_ident(schema)),
    };
    let report = runner.run_async(&mut adapter).await?;
    Ok(report.applied_migrations().len())
}

fn history_of(schema: &str) -> String {
    format!("{}.{HISTORY}", quote_ident(schema))
}

/// What refinery takes for a database.
struct Adapter<'t> {
    tx: &'t mut DdlTransaction,
    /// Put before every text, because a migration may have changed the path.
    path: String,
}

impl AsyncTransaction for Adapter<'_> {
    type Error = DbError;

    async fn execute<'a, T: Iterator<Item = &'a str> + Send + 'a>(
        &'a mut self,
        queries: T,
    ) -> Result<usize, DbError> {
        // One message: a migration and its line in the history.
        let mut texts = 0;
        let mut batch = String::new();
        for query in queries {
            batch.push_str(&self.path);
            batch.push_str(query);
            batch.push_str("\n;\n");
            texts += 1;
        }
        self.tx.batch(&batch).await?;
        Ok(texts)
    }
}

impl AsyncQuery<Vec<Migration>> for Adapter<'_> {
    async fn query<'a>(&'a mut self, query: &'a str) -> Result<Vec<Migration>, DbError> {
        let rows = self.tx.query_text(query.trim_end_matches(';')).await?;
        rows.iter()
            .map(|row| {
                let applied_on: String = row.get("applied_on")?;
                let checksum: String = row.get("checksum")?;
                Ok(Migration::applied(
                    row.get("version")?,
                    row.get("name")?,
                    OffsetDateTime::parse(&applied_on, &Rfc3339)
                        .map_err(|e| unreadable("applied_on", &e))?,
                    checksum.parse().map_err(|e| unreadable("checksum", &e))?,
                ))
            })
            .collect()
    }
}

impl AsyncMigrate for Adapter<'_> {}

fn unreadable(column: &'static str, error: &dyn std::fmt::Display) -> DbError {
    DbError::Inconsistent {
        column,
        reason: error.to_string(),
    }
}

/// How long a lock is waited for, and how often that is tried.
#[derive(Debug, Clone, Copy)]
pub struct LockBudget {
    /// Longest wait for one lock: as long as a busy tenant's own statements may queue behind a migration.
    pub timeout: Duration,
    /// Tries before a tenant is given up for this run.
    pub tries: u32,
}

impl LockBudget {
    /// Waits before the try after try number `tries`; `false` at once where that was the last.
    pub async fn wait(self, tries: u32) -> bool {
        if tries >= self.tries {
            return false;
        }
        tokio::time::sleep(self.timeout / 4 * tries).await;
        true
    }
}

impl Default for LockBudget {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(2),
            tries: 5,
        }
    }
}
