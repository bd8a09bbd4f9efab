//! One migration of one tenant that PostgreSQL refuses in a transaction.
//!
//! Invariant: it runs under the tenant's lock, which its session holds, and is written down after it is done.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::apply::ApplyError;
use super::fleet::{Migrator, chain, tenant_lock};
use super::ledger;
use super::outside::Outside;
use super::problem::SqlProblem;
use super::script::{self, Piece};
use crate::tenancy::{DbError, DdlSession, SchemaName, TenantId};

impl Migrator {
    /// Runs one migration without a transaction, then writes it down in one. Killed between the two, it runs again, which does no harm.
    pub(super) async fn run_outside(
        &self,
        id: TenantId,
        piece: &Piece,
        from: &OnceLock<i32>,
    ) -> Result<(), ApplyError> {
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
        if let Err(failure) = session.run(self.locks.outside, &piece.sql).await {
            let dropped = drop_half_built(&mut session, &schema, outside, self.locks.outside).await;
            if let Err(error) = dropped {
                tracing::warn!(tenant.id = %id, error = chain(&error), "a half-built index stays until the next try");
            }
            let name = piece.name.clone();
            let problem = Box::new(SqlProblem::of(&failure, &piece.sql));
            return Err(ApplyError::Migration {
                name,
                problem,
                error: failure,
            });
        }
        let target = self.set.target_at(piece.version);
        let record = format!(
            "BEGIN; {}; {}; {}; COMMIT",
            ledger::mark(id),
            piece.record,
            ledger::success(id, target, began.elapsed())?
        );
        session.run(wait, &record).await?;
        let found = script::newest(&history)?;
        from.get_or_init(|| found);
        Ok(())
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
