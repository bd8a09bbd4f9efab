//! One tenant's migration: two round trips, or more where a migration runs without a transaction.
//!
//! Invariant: whoever migrates a tenant holds the advisory lock that its id gives, and commits history and ledger with what they tell of.
//! A run ends when what it did is on the disk, and tells what is not.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::apply::{self, ApplyError};
use super::fleet::{Migrator, chain, tenant_lock};
use super::ledger::{self, LedgerLine};
use super::script::{self, Piece};
use crate::tenancy::{DbError, SchemaName, Sql, TenantId};

/// The commit does not wait for the disk, and so does not keep the commits beside it waiting either, which a notice would do. Schema, history and
/// ledger are one transaction: a crash of PostgreSQL may undo the last few tenants whole, and then the next run finds them behind.
const WITHOUT_WAITING: &str = "SET LOCAL synchronous_commit = off";

/// Long enough for nothing but a lock that nobody holds.
const NO_WAIT: Duration = Duration::from_millis(1);

/// A tenant that is at the target.
#[derive(Debug)]
pub struct Migrated {
    /// Its slug.
    pub slug: String,
    /// Its version before; the present one where nothing was to be done.
    pub from: i32,
    /// And now.
    pub to: i32,
    /// Tries, those that ended at a lock with it.
    pub tries: u32,
    /// Over all tries.
    pub took: Duration,
}

impl Migrated {
    /// Something was done for it; or else others had done it, or there was only its line in the ledger to be written.
    pub(super) fn is_news(&self) -> bool {
        self.from != self.to
    }
}

/// What to do about a tenant that somebody else is at work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    /// Wait until they are done.
    Wait,
    /// Leave it to them, and come back.
    Yield,
}

/// What came of one tenant.
#[derive(Debug)]
pub(super) enum Attempt {
    /// It is at the target.
    Done(Migrated),
    /// It was deleted since the line was read.
    Gone,
    /// Somebody else is at work on it, and nothing was begun.
    Taken,
}

/// How far one transaction brought a tenant.
enum Advanced {
    /// To the target.
    Done,
    /// Up to this one, which runs without a transaction.
    UpTo(Piece),
    /// Nowhere: somebody else holds its lock.
    Taken,
}

impl From<Option<Piece>> for Advanced {
    fn from(next: Option<Piece>) -> Self {
        next.map_or(Self::Done, Self::UpTo)
    }
}

impl Migrator {
    /// Migrates this tenant, which need not be behind, and tries again where a lock is not to be had. A failure is in the ledger.
    ///
    /// # Errors
    /// Why the tenant is not migrated.
    pub(super) async fn migrate_tenant(
        &self,
        line: &LedgerLine,
        others: Others,
    ) -> Result<Attempt, ApplyError> {
        let began = Instant::now();
        let target = self.set.target().version;
        // The version that this run found, once it has changed something.
        let from = OnceLock::new();
        let attempt = || self.try_tenant(line.id, others, &from);
        let error = match self.insist(line.id, "the migration", attempt).await {
            Ok((false, _)) => return Ok(Attempt::Taken),
            Ok((true, tries)) => {
                let to = line.version.max(target);
                return Ok(Attempt::Done(Migrated {
                    slug: line.slug.clone(),
                    from: from.get().copied().unwrap_or(to),
                    to,
                    tries,
                    took: began.elapsed(),
                }));
            }
            Err(error) => error,
        };
        // Its schema is out of reach: no failure of the migration, for which it would answer 503 once it is restored.
        if matches!(self.is_gone(line.id).await, Ok(true)) {
            return Ok(Attempt::Gone);
        }
        let stops_serving = error.stops_serving();
        if let Err(unnoted) = self.note_failure(line.id, &error, stops_serving).await {
            tracing::warn!(
                tenant = line.slug,
                error = chain(&unnoted),
                "the ledger does not know of this tenant's failure"
            );
        }
        Err(error)
    }

    /// Waits until everything that was committed so far is on the disk, and gives the tenants that are behind then: a crash of PostgreSQL may have
    /// taken back what it had said it did.
    pub(super) async fn settle(&self) -> Result<Vec<LedgerLine>, DbError> {
        let mut tries = 1;
        loop {
            match self.flush().await {
                // It may be coming back.
                Err(_) if self.locks.wait(tries).await => tries += 1,
                ended => {
                    ended?;
                    break;
                }
            }
        }
        let mut tx = self.ddl.begin(self.locks.timeout).await?;
        ledger::behind(tx.scoped(), self.set.target()).await
    }

    async fn flush(&self) -> Result<(), DbError> {
        let mut tx = self.ddl.begin(self.locks.timeout).await?;
        // A commit waits for the disk where its transaction has written to the log, and then for all that came before.
        tx.batch(
            "SET LOCAL synchronous_commit = on; SELECT pg_catalog.pg_logical_emit_message(true, 'tenantry', '')",
        )
        .await?;
        tx.commit().await
    }

    async fn is_gone(&self, id: TenantId) -> Result<bool, DbError> {
        let mut tx = self.ddl.begin(self.locks.timeout).await?;
        Ok(ledger::line(tx.scoped(), id).await?.is_none())
    }

    /// `false` where it is left to others. `from` becomes the version before, once something is done.
    async fn try_tenant(
        &self,
        id: TenantId,
        others: Others,
        from: &OnceLock<i32>,
    ) -> Result<bool, ApplyError> {
        loop {
            // What this run has begun, it brings to an end.
            let yields = others == Others::Yield && from.get().is_none();
            match self.advance(id, yields, from).await? {
                Advanced::Done => return Ok(true),
                Advanced::Taken => return Ok(false),
                Advanced::UpTo(piece) => self.run_outside(id, &piece, from).await?,
            }
        }
    }

    /// Applies what is missing up to the first migration that runs without a transaction.
    ///
    /// What has to be known goes out with the `BEGIN`, and all the rest with the `COMMIT`.
    async fn advance(
        &self,
        id: TenantId,
        yields: bool,
        from: &OnceLock<i32>,
    ) -> Result<Advanced, ApplyError> {
        let schema = SchemaName::of(id);
        let schema = schema.as_str();
        let wait = self.locks.timeout;
        let opening = format!(
            "SELECT pg_advisory_xact_lock({}); SET LOCAL lock_timeout = {}; {WITHOUT_WAITING}; {}; {}",
            tenant_lock(id),
            wait.as_millis().max(1),
            ledger::mark(id),
            script::read_history(schema)
        );
        let at_first = if yields { NO_WAIT } else { wait };
        let (tx, history) = match self.ddl.begin_reading(at_first, &opening).await {
            Err(error) if yields && error.is_lock_timeout() => return Ok(Advanced::Taken),
            // Its history cannot be read.
            Err(error) if error.sql_state() == Some("42P01") => {
                return Err(self.why_no_history(id, error).await);
            }
            opened => opened?,
        };
        let found = script::newest(&history)?;
        let mut pieces = script::missing(schema, &history, self.set.tenant())?;
        let inside = pieces
            .iter()
            .take_while(|piece| self.set.outside(piece.version).is_none())
            .count();
        let next = pieces.drain(inside..).next();
        let target = match (&next, pieces.last()) {
            (Some(_), None) => {
                tx.commit().await?;
                return Ok(next.into());
            }
            (Some(_), Some(last)) => self.set.target_at(last.version),
            (None, _) => self.set.target(),
        };
        let mut texts: Vec<String> = pieces.iter().map(|p| apply::text(schema, p)).collect();
        texts.push(ledger::success(id, target, Duration::ZERO)?);
        if pieces.is_empty() {
            texts.push(ledger::clear_failure(id));
        }
        let finished = tx.finish(texts).await;
        finished.map_err(|(at, error)| ApplyError::of(at, error, &pieces))?;
        if !pieces.is_empty() {
            from.get_or_init(|| found);
        }
        Ok(next.into())
    }

    async fn why_no_history(&self, id: TenantId, error: DbError) -> ApplyError {
        const THERE: Sql = Sql::new(
            "migrations.schema",
            "SELECT to_regnamespace($1) IS NOT NULL AS there",
        );
        let name = SchemaName::of(id);
        let found = async {
            let mut tx = self.ddl.begin(self.locks.timeout).await?;
            tx.query(&THERE, &[&name.as_str()]).await
        };
        match found.await {
            Ok(rows) if rows.iter().any(|row| matches!(row.get("there"), Ok(false))) => {
                ApplyError::NoSchema
            }
            _ => error.into(),
        }
    }

    async fn note_failure(
        &self,
        id: TenantId,
        error: &ApplyError,
        stops_serving: bool,
    ) -> Result<(), DbError> {
        let mut tx = self.ddl.begin(self.locks.timeout).await?;
        let text = chain(error);
        let target = self.set.target();
        ledger::record_failure(tx.scoped(), id, &text, target, stops_serving).await?;
        tx.commit().await
    }
}
