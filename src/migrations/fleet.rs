//! The migrator: the shared tables, and the making of a tenant's schema. One tenant's migration is in `tenant`, the whole fleet's in `run`.
//!
//! Invariant: exclusion is per tenant, by an advisory lock derived from its id; one tenant's failure stops nobody else.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::Notify;
use uuid::Uuid;

use super::apply::{self, ApplyError, LockBudget};
use super::grants;
use super::ledger;
use super::schema::NewSchema;
use super::set::MigrationSet;
use super::shared::Shared;
use crate::tenancy::{DbError, DdlPool, DdlTransaction, SchemaName, Scoped, Sql, TenantId};

/// One for all migrations of the shared tables: `tenantry` in ASCII.
pub(super) const PUBLIC_LOCK: i64 = 0x7465_6e61_6e74_7279;
/// Another node may be at the shared tables' migrations: wait for it.
const PUBLIC_LOCK_WAIT: Duration = Duration::from_mins(2);

/// Runs migrations under the DDL login. Cheap to clone.
#[derive(Clone)]
pub struct Migrator {
    pub(super) ddl: DdlPool,
    pub(super) set: Arc<MigrationSet>,
    pub(super) login: Arc<str>,
    pub(super) fence: bool,
    pub(super) jobs: usize,
    pub(super) locks: LockBudget,
    /// The login was seen to have the rights that it needs.
    pub(super) is_able: Arc<AtomicBool>,
    chores: Arc<Notify>,
}

impl Migrator {
    /// `login` is the application's, which gets its rights here.
    pub fn new(ddl: DdlPool, set: MigrationSet, login: &str, fence: bool, jobs: usize) -> Self {
        Self {
            ddl,
            set: Arc::new(set),
            login: login.into(),
            fence,
            jobs: jobs.max(1),
            locks: LockBudget::default(),
            is_able: Arc::default(),
            chores: Arc::new(Notify::new()),
        }
    }

    /// The migrations that it brings.
    pub fn set(&self) -> &MigrationSet {
        &self.set
    }

    /// Tells whoever waits for [`Migrator::chores`] that there is something to make or to drop.
    pub fn wake_keeper(&self) {
        self.chores.notify_one();
    }

    /// Waits until somebody in this process has made work for the background.
    pub async fn chores(&self) {
        self.chores.notified().await;
    }

    /// Gives its connections up.
    pub fn close(&self) {
        self.ddl.close();
    }

    /// Migrates the shared tables where they lack something, which any login may find out. Answers with how many migrations were new.
    ///
    /// # Errors
    /// When one fails, or the login may not; then none of them stayed.
    pub async fn prepare_public(&self) -> Result<usize, ApplyError> {
        let Shared::Current { version } = self.shared().await? else {
            return self.migrate_public().await;
        };
        let target = self.shared_target();
        if version > target {
            tracing::warn!(
                version,
                target,
                "a newer program has migrated the shared tables; this one goes on with them as long as the deploy lasts"
            );
        }
        Ok(0)
    }

    /// Migrates the shared tables, and tries again where a lock is not to be had. Answers with how many migrations were new.
    ///
    /// # Errors
    /// When one fails; then none of them stayed.
    async fn migrate_public(&self) -> Result<usize, ApplyError> {
        let mut tries = 1;
        loop {
            match self.try_public().await {
                Err(error) if error.is_lock_timeout() && self.locks.wait(tries).await => tries += 1,
                ended => return ended,
            }
        }
    }

    async fn try_public(&self) -> Result<usize, ApplyError> {
        let mut tx = self.begin_waiting(PUBLIC_LOCK_WAIT).await?;
        lock(&mut tx, PUBLIC_LOCK).await?;
        // Every request of every node may queue behind a lock on a shared table that is waited for.
        tx.limit_lock_waits(self.locks.timeout).await?;
        let applied = apply::apply(&mut tx, "public", self.set.public()).await?;
        tx.leave().await?;
        grants::ensure(&mut tx, &self.login, applied > 0).await?;
        tx.commit().await?;
        Ok(applied)
    }

    /// Makes a tenant's schema with all migrations in an open transaction, and writes its line in the ledger.
    ///
    /// # Errors
    /// When a migration fails; the transaction is of no use then.
    pub async fn build_schema(
        &self,
        tx: &mut DdlTransaction,
        id: TenantId,
    ) -> Result<(), ApplyError> {
        let name = SchemaName::of(id);
        let schema = NewSchema {
            name: &name,
            login: &self.login,
            fence: self.fence,
        };
        schema.create(tx).await?;
        self.bring_up(tx, id, &name).await
    }

    /// Applies what is missing and writes the ledger, in the open transaction of somebody who has the schema for themselves.
    pub(super) async fn bring_up(
        &self,
        tx: &mut DdlTransaction,
        id: TenantId,
        schema: &SchemaName,
    ) -> Result<(), ApplyError> {
        tx.batch(&ledger::mark(id)).await?;
        apply::apply(tx, schema.as_str(), self.set.tenant()).await?;
        let success = ledger::success(id, self.set.target(), Duration::ZERO)?;
        let recorded = tx.batch(&success).await;
        recorded.map_err(|error| ApplyError::of(0, error, &[]))
    }

    /// Starts a DDL transaction with the lock budget of migrations.
    ///
    /// # Errors
    /// When there is no connection, or the login may not change schemas.
    pub async fn begin(&self) -> Result<DdlTransaction, DbError> {
        self.begin_waiting(self.locks.timeout).await
    }

    /// The same for looking at what is shared, which the application's login may do, too.
    pub(super) async fn begin_looking(&self) -> Result<DdlTransaction, DbError> {
        self.ddl.begin(self.locks.timeout).await
    }

    /// The same for reading: it changes nothing, and sees one moment.
    ///
    /// # Errors
    /// When there is no connection, or the login may not change schemas: then it may not read every tenant's either.
    pub async fn begin_snapshot(&self) -> Result<DdlTransaction, DbError> {
        self.ensure_able().await?;
        self.ddl.begin_snapshot(self.locks.timeout).await
    }

    /// The same, with another longest wait for a lock.
    ///
    /// # Errors
    /// When there is no connection, or the login may not change schemas.
    pub async fn begin_waiting(&self, wait: Duration) -> Result<DdlTransaction, DbError> {
        let mut tx = self.ddl.begin(wait).await?;
        self.check(&mut tx).await?;
        Ok(tx)
    }

    /// The shared tables, for reading the ledger.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn with_shared<T>(
        &self,
        read: impl AsyncFnOnce(&mut Scoped) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        let mut tx = self.begin_looking().await?;
        read(tx.scoped()).await
    }
}

/// Waits for an advisory lock that ends with the transaction.
pub(super) async fn lock(tx: &mut DdlTransaction, key: i64) -> Result<(), DbError> {
    const LOCK: Sql = Sql::new("migrations.lock", "SELECT pg_advisory_xact_lock($1)");
    tx.execute(&LOCK, &[&key]).await.map(drop)
}

/// Advisory locks are database-wide numbers: the random half of the id.
pub(super) fn tenant_lock(id: TenantId) -> i64 {
    let TenantId(uuid): TenantId = id;
    let (_, low) = Uuid::as_u64_pair(&uuid);
    i64::from_ne_bytes(low.to_ne_bytes())
}

/// An error with its causes, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        next = cause.source();
    }
    line
}
