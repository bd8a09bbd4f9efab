//! One tenant's migration: two round trips, or more where a migration runs without a transaction.
//!
//! Invariant: whoever migrates a tenant holds the advisory lock that its id gives, and commits history and ledger with what they tell of.
//! A run ends when what it did is on the disk, and tells what is not.

use std::time::{Duration, Instant};

use super::apply::{self, ApplyError};
use super::fleet::{Migrator, chain, tenant_lock};
use super::ledger::{self, LedgerLine};
use super::outside::Outside;
use super::script::{self, Piece};
use crate::tenancy::{DbError, DdlSession, SchemaName, TenantId};

/// The commit does not wait for the disk, and so does not keep the commits beside it waiting either, which a notice would do. Schema, history and
/// ledger are one transaction: a crash of PostgreSQL may undo the last few tenants whole, and then the next run finds them behind.
const WITHOUT_WAITING: &str = "SET LOCAL synchronous_commit = off";

/// A tenant that was migrated.
#[derive(Debug)]
pub struct Migrated {
    /// Its slug.
    pub slug: String,
    /// Its version before.
    pub from: i32,
    /// And now.
    pub to: i32,
    /// Tries, those that ended at a lock with it.
    pub tries: u32,
    /// Over all tries.
    pub took: Duration,
}

impl Migrator {
    /// Migrates this tenant, which need not be behind, and tries again where a lock is not to be had. A failure is in the ledger. `None`
    /// where the tenant was deleted since the line was read.
    ///
    /// # Errors
    /// Why the tenant is not migrated.
    pub(super) async fn migrate_tenant(
        &self,
        line: &LedgerLine,
    ) -> Result<Option<Migrated>, ApplyError> {
        let began = Instant::now();
        let insisted = self.insist(line.id, "the migration", || self.try_tenant(line.id));
        let error = match insisted.await {
            Ok(((), tries)) => {
                return Ok(Some(Migrated {
                    slug: line.slug.clone(),
                    from: line.version,
                    to: line.version.max(self.set.target().version),
                    tries,
                    took: began.elapsed(),
                }));
            }
            Err(error) => error,
        };
        // Its schema is out of reach: no failure of the migration, for which it would answer 503 once it is restored.
        if matches!(self.is_gone(line.id).await, Ok(true)) {
            return Ok(None);
        }
        let stops_serving = error.is_the_migrations_fault();
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

    async fn try_tenant(&self, id: TenantId) -> Result<(), ApplyError> {
        while let Some(piece) = self.advance(id).await? {
            self.run_outside(id, &piece).await?;
        }
        Ok(())
    }

    /// Applies what is missing up to the first migration that runs without a transaction, and gives that one.
    ///
    /// What has to be known goes out with the `BEGIN`, and all the rest with the `COMMIT`.
    async fn advance(&self, id: TenantId) -> Result<Option<Piece>, ApplyError> {
        let schema = SchemaName::of(id);
        let schema = schema.as_str();
        let opening = format!(
            "SELECT pg_advisory_xact_lock({}); {WITHOUT_WAITING}; {}; {}",
            tenant_lock(id),
            ledger::mark(id),
            script::read_history(schema)
        );
        let (tx, history) = self.ddl.begin_reading(self.locks.timeout, &opening).await?;
        let mut pieces = script::missing(schema, &history, self.set.tenant())?;
        let inside = pieces
            .iter()
            .take_while(|piece| self.set.outside(piece.version).is_none())
            .count();
        let next = pieces.drain(inside..).next();
        let target = match (&next, pieces.last()) {
            (Some(_), None) => {
                tx.commit().await?;
                return Ok(next);
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
        finished.map_err(|(at, source)| ApplyError::of(at, source, &pieces))?;
        Ok(next)
    }

    /// Runs one migration without a transaction, then writes it down in one. Killed between the two, it runs again, which does no harm.
    async fn run_outside(&self, id: TenantId, piece: &Piece) -> Result<(), ApplyError> {
        let Some(outside) = self.set.outside(piece.version) else {
            return Ok(());
        };
        let began = Instant::now();
        let schema = SchemaName::of(id);
        let wait = self.locks.timeout;
        let mut session = self.ddl.session(&schema).await?;
        let lock = format!("SELECT pg_advisory_lock({})", tenant_lock(id));
        session.run(wait, &lock).await?;
        // Another runner may have held the lock, and done it.
        let history = session
            .rows(wait, &script::read_history(schema.as_str()))
            .await?;
        let missing = script::missing(schema.as_str(), &history, self.set.tenant())?;
        if missing.first().map(|first| first.version) != Some(piece.version) {
            return Ok(());
        }
        drop_half_built(&mut session, &schema, outside, self.locks.outside).await?;
        if let Err(source) = session.run(self.locks.outside, &piece.sql).await {
            let dropped = drop_half_built(&mut session, &schema, outside, self.locks.outside).await;
            if let Err(error) = dropped {
                tracing::warn!(tenant.id = %id, error = chain(&error), "a half-built index stays until the next try");
            }
            let name = piece.name.clone();
            return Err(ApplyError::Migration { name, source });
        }
        let target = self.set.target_at(piece.version);
        let record = format!(
            "BEGIN; {}; {}; {}; COMMIT",
            ledger::mark(id),
            piece.record,
            ledger::success(id, target, began.elapsed())?
        );
        session.run(wait, &record).await?;
        Ok(())
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

async fn drop_half_built(
    session: &mut DdlSession,
    schema: &SchemaName,
    outside: &Outside,
    wait: Duration,
) -> Result<(), DbError> {
    let Some((index, query)) = outside.half_built(schema) else {
        return Ok(());
    };
    if session.rows(wait, &query).await?.is_empty() {
        return Ok(());
    }
    let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS {index}");
    session.run(wait, &drop).await
}
