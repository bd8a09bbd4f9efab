//! The migrator: the shared tables first, then every tenant that is behind, several at a time.
//!
//! Invariant: exclusion is per tenant, by an advisory lock derived from its id; one tenant's failure stops nobody else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use tokio::sync::Notify;
use uuid::Uuid;

use super::apply::{self, ApplyError, LockBudget};
use super::grants;
use super::ledger::{self, LedgerLine};
use super::schema::NewSchema;
use super::set::{MigrationSet, Target};
use crate::tenancy::{
    DbError, DdlPool, DdlTransaction, Event, SchemaName, Scoped, Slug, Sql, TenantId,
};

/// One for all migrations of the shared tables: `tenantry` in ASCII.
pub(super) const PUBLIC_LOCK: i64 = 0x7465_6e61_6e74_7279;
/// Another node may be at the shared tables' migrations: wait for it.
const PUBLIC_LOCK_WAIT: Duration = Duration::from_mins(2);

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// These tenants only; all that are behind if empty.
    pub only: Vec<Slug>,
    /// How many at a time; the migrator's own number if `None`.
    pub jobs: Option<usize>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Tenants done, the failed ones among them.
    pub done: usize,
    /// Tenants that the run looks at.
    pub total: usize,
    /// Tenants that failed.
    pub failed: usize,
}

/// One tenant that was not migrated.
#[derive(Debug)]
pub struct Failure {
    /// Its slug.
    pub slug: String,
    /// Why.
    pub error: ApplyError,
}

impl Failure {
    /// Why, with all causes, in one line.
    pub fn reason(&self) -> String {
        chain(&self.error)
    }
}

/// What a run did.
#[derive(Debug, Default)]
pub struct FleetReport {
    /// Tenants that are at the target now and were not before.
    pub migrated: usize,
    /// Those that are not.
    pub failures: Vec<Failure>,
}

/// Runs migrations under the DDL login. Cheap to clone.
#[derive(Clone)]
pub struct Migrator {
    ddl: DdlPool,
    set: Arc<MigrationSet>,
    pub(super) login: Arc<str>,
    pub(super) fence: bool,
    pub(super) jobs: usize,
    pub(super) locks: LockBudget,
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

    /// Migrates the shared tables. Answers with how many migrations were new.
    ///
    /// # Errors
    /// When one fails; then none of them stayed.
    pub async fn migrate_public(&self) -> Result<usize, ApplyError> {
        let mut tx = self.ddl.begin(PUBLIC_LOCK_WAIT).await?;
        lock(&mut tx, PUBLIC_LOCK).await?;
        let applied = apply::apply(&mut tx, "public", self.set.public()).await?;
        tx.leave().await?;
        grants::ensure(&mut tx, &self.login, applied > 0).await?;
        tx.commit().await?;
        Ok(applied)
    }

    /// Migrates every tenant that is behind, and tells `progress` after each.
    ///
    /// # Errors
    /// When the ledger cannot be read; a tenant's own failure stands in the report.
    pub async fn migrate_tenants(
        &self,
        options: &RunOptions,
        mut progress: impl FnMut(Progress),
    ) -> Result<FleetReport, DbError> {
        let mut tx = self.ddl.begin(self.locks.timeout).await?;
        let mut lines = ledger::behind(tx.scoped(), self.set.target()).await?;
        drop(tx);
        if !options.only.is_empty() {
            lines.retain(|line| options.only.iter().any(|slug| slug.as_str() == line.slug));
        }
        let mut report = FleetReport::default();
        let mut so_far = Progress {
            done: 0,
            total: lines.len(),
            failed: 0,
        };
        progress(so_far);
        let jobs = options.jobs.unwrap_or(self.jobs).max(1);
        let mut results = stream::iter(lines)
            .map(|line| async move { (self.migrate_tenant(&line).await, line.slug) })
            .buffer_unordered(jobs);
        while let Some((result, slug)) = results.next().await {
            so_far.done += 1;
            match result {
                Ok(()) => report.migrated += 1,
                Err(error) => {
                    so_far.failed += 1;
                    report.failures.push(Failure { slug, error });
                }
            }
            progress(so_far);
        }
        Ok(report)
    }

    /// Makes a tenant's schema with all migrations in an open transaction, and writes its line in the ledger.
    ///
    /// # Errors
    /// When a migration fails; the transaction is of no use then.
    pub async fn build_schema(
        &self,
        tx: &mut DdlTransaction,
        id: TenantId,
        slug: &Slug,
    ) -> Result<(), ApplyError> {
        let name = SchemaName::of(id);
        let schema = NewSchema {
            name: &name,
            login: &self.login,
            fence: self.fence,
        };
        schema.create(tx).await?;
        self.bring_up(tx, id, slug, &name).await.map(drop)
    }

    /// Starts a DDL transaction with the lock budget of migrations.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn begin(&self) -> Result<DdlTransaction, DbError> {
        self.ddl.begin(self.locks.timeout).await
    }

    /// The same, with another longest wait for a lock.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn begin_waiting(&self, wait: Duration) -> Result<DdlTransaction, DbError> {
        self.ddl.begin(wait).await
    }

    async fn migrate_tenant(&self, line: &LedgerLine) -> Result<(), ApplyError> {
        let slug: Slug =
            line.slug
                .parse()
                .map_err(|e: crate::tenancy::SlugError| DbError::Inconsistent {
                    column: "slug",
                    reason: e.to_string(),
                })?;
        let mut tries = 1;
        let error = loop {
            match self.try_tenant(line.id, &slug).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_lock_timeout() && self.locks.wait(tries).await => tries += 1,
                Err(error) => break error,
            }
        };
        // A tenant that is merely busy, or whose history differs, is as able to be served as before.
        let stops_serving = !error.is_lock_timeout() && !error.is_divergence();
        self.note_failure(line.id, &slug, &error, stops_serving)
            .await?;
        Err(error)
    }

    async fn try_tenant(&self, id: TenantId, slug: &Slug) -> Result<(), ApplyError> {
        let schema = SchemaName::of(id);
        let mut tx = self.ddl.begin(self.locks.timeout).await?;
        lock(&mut tx, tenant_lock(id)).await?;
        tx.enter(&schema).await?;
        self.bring_up(&mut tx, id, slug, &schema).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Applies what is missing and writes the ledger, in the open transaction.
    pub(super) async fn bring_up(
        &self,
        tx: &mut DdlTransaction,
        id: TenantId,
        slug: &Slug,
        schema: &SchemaName,
    ) -> Result<(), ApplyError> {
        let started = Instant::now();
        // Lives as long as this transaction: if a migration ends it, the ledger is not written.
        let marker = id.to_string();
        tx.batch(&format!("SET LOCAL tenantry.migrating = '{marker}'"))
            .await?;
        let applied = apply::apply(tx, schema.as_str(), self.set.tenant()).await?;
        let took = i32::try_from(started.elapsed().as_millis()).unwrap_or(i32::MAX);
        let target = self.set.target();
        let recorded = ledger::record_success(tx, id, target, took, &marker).await?;
        if !recorded && applied > 0 {
            return Err(ApplyError::EndedTransaction);
        }
        if !recorded {
            ledger::clear_failure(tx, id).await?;
        }
        let changed = Event::TenantChanged {
            id,
            slug: slug.to_string(),
        };
        changed.publish(tx.scoped()).await?;
        Ok(())
    }

    async fn note_failure(
        &self,
        id: TenantId,
        slug: &Slug,
        error: &ApplyError,
        stops_serving: bool,
    ) -> Result<(), DbError> {
        let mut tx = self.ddl.begin(self.locks.timeout).await?;
        let text = chain(error);
        let target: &Target = self.set.target();
        ledger::record_failure(tx.scoped(), id, slug, &text, target, stops_serving).await?;
        tx.commit().await
    }

    /// The shared tables, for reading the ledger.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn with_shared<T>(
        &self,
        read: impl AsyncFnOnce(&mut Scoped) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        let mut tx = self.ddl.begin(self.locks.timeout).await?;
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
