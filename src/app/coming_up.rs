//! What a server finds out about itself once it answers: whether the database does too, and whether every tenant's schema fits.

use std::time::Duration;

use crate::migrations::{ChoiceError, FleetReport, Migrator, Progress, RunOptions};
use crate::readiness::{PartState, Readiness};
use crate::tenancy::{DbError, Tenancy};

/// Between two looks at the database for `/health/ready`.
const PROBE_EVERY: Duration = Duration::from_secs(2);

/// Migrates the tenants that are behind, if it is to, and then calls the migrations up.
pub(super) async fn bring_up(migrator: Migrator, readiness: Readiness, migrate: bool) {
    if migrate {
        match migrator
            .migrate_tenants(&RunOptions::default(), log_progress())
            .await
        {
            Ok(report) => log_report(&report),
            // The others are served; whoever migrates does it elsewhere.
            Err(ChoiceError::Db(error @ DbError::MayNotChangeSchemas { .. })) => {
                tracing::warn!(error = %error, "tenants are behind and stay so; run `tenantry migrate run` where that address is set");
            }
            Err(error) => {
                tracing::error!(error = %error, "the fleet ledger cannot be read");
                readiness.set("migrations", PartState::Down);
                return;
            }
        }
    }
    readiness.set("migrations", PartState::Up);
}

/// Logs a run's way, some twenty lines however many tenants there are.
fn log_progress() -> impl FnMut(Progress) {
    move |at: Progress| {
        let step = (at.total / 20).max(1);
        if at.total > 0 && at.done.is_multiple_of(step) {
            tracing::info!(at.done, at.total, at.failed, "migrating tenants");
        }
    }
}

fn log_report(report: &FleetReport) {
    for failure in &report.failures {
        tracing::error!(
            tenant = failure.slug,
            error = failure.error.reason(),
            "this tenant was not migrated; see `tenantry migrate status`"
        );
    }
    if !report.migrated.is_empty() {
        tracing::info!(tenants = report.migrated.len(), "tenants are migrated");
    }
}

/// Tells readiness whether the database answers, until it is dropped.
pub(super) async fn probe(tenancy: Tenancy, readiness: Readiness) {
    loop {
        let state = match tenancy.ping().await {
            Ok(()) => PartState::Up,
            Err(error) => {
                tracing::warn!(error = %error, "the database does not answer");
                PartState::Down
            }
        };
        readiness.set("database", state);
        tokio::time::sleep(PROBE_EVERY).await;
    }
}
