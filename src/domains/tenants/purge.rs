//! Deleted tenants whose time is over go for good: their tables some at a time, then schema, role and rows.
//!
//! Invariant: from the first table on there is no way back, and each part is a transaction of its own under the tenant's lock; so a purge that
//! is killed is gone on with by the next, and two at once do no part twice.

use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;

use super::deletion::act;
use super::error::TenantsError;
use super::model::TenantView;
use super::repository::tombstones;
use super::service::Tenants;
use crate::domains::Deps;
use crate::domains::access::{Context, Origin, Scope, TenantsManage, authorize};
use crate::error::Error;
use crate::migrations::{Migrator, Progress, drop_some};
use crate::tenancy::{DbError, Event, Slug, Tenant, TenantId, TenantKey};

/// How often a server looks for what is to be purged.
const EVERY: Duration = Duration::from_mins(10);

/// A tenant that is gone for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// Its id, which nobody gets again.
    pub id: Uuid,
    /// Its slug, which is free again.
    pub slug: String,
}

/// A tenant whose purge goes on the next time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unpurged {
    /// Its id.
    pub id: Uuid,
    /// Its slug.
    pub slug: String,
    /// Why it came to no end, with all causes.
    pub error: String,
}

/// What a purge did. A tenant that somebody else is at stands in neither list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PurgeReport {
    /// Gone.
    pub purged: Vec<Purged>,
    /// Not gone yet.
    pub failed: Vec<Unpurged>,
}

/// Where one step of a purge led.
enum Step {
    /// There may be more of it.
    Part,
    /// It is gone.
    Gone,
    /// Somebody else is at it, or was.
    NotOurs,
}

impl Tenants<'_> {
    /// Drops what is left of deleted tenants whose time is over, and tells `progress` after each. One that fails stops no other.
    ///
    /// # Errors
    /// When they cannot be listed, or the caller may not.
    pub async fn purge(
        &self,
        mut progress: impl FnMut(Progress),
    ) -> Result<PurgeReport, TenantsError> {
        let scope: Scope<TenantsManage> = authorize(&self.context)?;
        let mut db = self.deps.tenancy.public().await?;
        let due = tombstones::due(&mut db, self.deps.clock.now()).await?;
        drop(db);
        if !due.is_empty() {
            self.migrator.ensure_able().await?;
        }
        let mut report = PurgeReport::default();
        let mut so_far = Progress {
            done: 0,
            total: due.len(),
            failed: 0,
        };
        progress(so_far);
        for (id, slug) in due {
            match self.purge_one(&scope, id).await {
                Ok(true) => report.purged.push(Purged { id: id.0, slug }),
                Ok(false) => {}
                Err(error) => {
                    let error = Error::from(error).chain();
                    let id = id.0;
                    report.failed.push(Unpurged { id, slug, error });
                }
            }
            so_far.done += 1;
            so_far.failed = report.failed.len();
            progress(so_far);
        }
        Ok(report)
    }

    /// Whether it was we who brought it to its end.
    async fn purge_one(
        &self,
        scope: &Scope<TenantsManage>,
        id: TenantId,
    ) -> Result<bool, TenantsError> {
        let Some(tenant) = self.deps.tenancy.find(&TenantKey::Id(id)).await? else {
            return Ok(false);
        };
        let mut pace = self.migrator.pace();
        loop {
            match self.purge_step(scope, &tenant, pace.part()).await {
                Ok(Step::Part) => pace.went_on(),
                Ok(Step::Gone) => break,
                Ok(Step::NotOurs) => return Ok(false),
                Err(error) if error.is_out_of_locks() && pace.less() => {}
                Err(error) if error.is_lock_timeout() && pace.wait().await => {}
                Err(error) => return Err(error),
            }
        }
        self.deps.tenancy.forget(id);
        Ok(true)
    }

    async fn purge_step(
        &self,
        scope: &Scope<TenantsManage>,
        tenant: &Tenant,
        part: i64,
    ) -> Result<Step, TenantsError> {
        let id = tenant.id;
        let Some(mut tx) = self.migrator.try_begin_alone(id).await? else {
            return Ok(Step::NotOurs);
        };
        let now = self.deps.clock.now();
        if !tombstones::begin_purge(tx.scoped(), scope, id, now).await? {
            return Ok(Step::NotOurs);
        }
        if !drop_some(&mut tx, id, part).await? {
            tx.commit().await?;
            return Ok(Step::Part);
        }
        tombstones::forget(tx.scoped(), scope, id).await?;
        let changed = Event::TenantChanged { id };
        changed.publish(tx.scoped()).await?;
        let act = act("tenant.purged", &TenantView::from(tenant), None);
        self.record(&mut tx, act, None).await?;
        tx.commit().await?;
        Ok(Step::Gone)
    }
}

/// Purges at an interval, until it is dropped; not at all under a login that may not change schemas.
pub async fn keep_purging(deps: Deps, migrator: Migrator) {
    loop {
        tokio::time::sleep(EVERY).await;
        match purge_if_due(&deps, &migrator).await {
            Ok(report) => log(&report),
            Err(TenantsError::Db(error @ DbError::MayNotChangeSchemas { .. })) => {
                tracing::info!(reason = %error, "this server does not purge deleted tenants");
                return;
            }
            Err(error) => {
                tracing::warn!(
                    error = Error::from(error).chain(),
                    "deleted tenants cannot be listed; they stay until the next time"
                );
            }
        }
    }
}

async fn purge_if_due(deps: &Deps, migrator: &Migrator) -> Result<PurgeReport, TenantsError> {
    let mut db = deps.tenancy.public().await?;
    let due = tombstones::due(&mut db, deps.clock.now()).await?;
    drop(db);
    if due.is_empty() {
        return Ok(PurgeReport::default());
    }
    let platform = TenantKey::Slug(Slug::platform());
    let platform = deps.tenancy.serve(&platform).await?;
    let context = Context::for_system(platform, "purge of deleted tenants", Origin::default());
    Tenants::new(deps, migrator, context).purge(|_| ()).await
}

fn log(report: &PurgeReport) {
    for tenant in &report.purged {
        tracing::info!(
            tenant = tenant.slug,
            "a deleted tenant's time was over; it is gone for good"
        );
    }
    for tenant in &report.failed {
        tracing::error!(
            tenant = tenant.slug,
            error = tenant.error,
            "a deleted tenant is not gone yet; the purge goes on the next time"
        );
    }
}
