//! The shared tables, the ledger, and whether schemas and roles are what the registry says.

use super::{Finding, Health, unseen};
use crate::app::Foundation;
use crate::migrations::{self, Shared};
use crate::tenancy::DbError;

/// Names shown of a longer list.
const SHOWN: usize = 5;

pub(super) async fn look(foundation: &Foundation) -> Vec<Finding> {
    let migrator = &foundation.migrator;
    match migrator.shared().await {
        Ok(shared) => {
            if let Some(trouble) = shared.trouble(migrator.shared_target()) {
                return vec![Finding::bad("shared tables", trouble, Shared::MEND)];
            }
        }
        Err(error) => return vec![unseen("shared tables", &error)],
    }
    match look_inside(foundation).await {
        Ok(findings) => findings,
        Err(error) => vec![unseen("fleet", &error)],
    }
}

async fn look_inside(foundation: &Foundation) -> Result<Vec<Finding>, DbError> {
    let target = foundation.migrator.set().target().clone();
    let mut db = foundation.tenancy.public().await?;
    let counts = migrations::counts(&mut db, &target).await?;
    let seen = format!(
        "{} tenants at version {}, {} behind, {} failed, {} ahead",
        counts.current, target.version, counts.pending, counts.failed, counts.ahead
    );
    let fleet = if counts.failed > 0 {
        Finding::bad(
            "migrations",
            seen,
            "`tenantry migrate status` tells why; mend that and run `tenantry migrate run`",
        )
    } else if counts.pending + counts.ahead > 0 {
        Finding::warning(
            "migrations",
            seen,
            "run `tenantry migrate run` (behind), or deploy the newer binary (ahead)",
        )
    } else {
        Finding::good("migrations", seen)
    };
    drop(db);
    let orphans = foundation.migrator.orphans().await?;
    let lists = [
        (
            "tenants without a schema",
            orphans.without_schema,
            "restore their schema from a backup, or say `tenantry tenant delete`",
        ),
        (
            "schemas without a tenant",
            orphans.schemas,
            "look what they hold; `tenantry doctor --drop SCHEMA` drops one with its role",
        ),
        (
            "tenants without a role",
            orphans.without_role,
            "`tenantry doctor --mend` makes it anew, with its rights",
        ),
        (
            "tenants whose role this login may not wear",
            orphans.not_granted,
            "`tenantry doctor --mend` grants it",
        ),
        (
            "roles without a tenant",
            orphans.roles,
            "`tenantry doctor --mend` drops them; no other database uses them",
        ),
        (
            "tenants without a line in the ledger",
            orphans.without_line,
            "`tenantry doctor --mend` writes it where the schema proves what it must say",
        ),
    ];
    // They keep nobody from working, and may have been deleted for that very reason.
    let of_deleted = [
        (
            "deleted tenants without a schema",
            orphans.deleted_without_schema,
            "nothing makes it anew: bring it back from a backup, or leave them to the purge when their time is over",
        ),
        (
            "deleted tenants without a line in the ledger",
            orphans.deleted_without_line,
            "`tenantry tenant restore` writes it",
        ),
    ];
    let mut findings = vec![fleet];
    let bad = lists.map(|(subject, names, mend)| list(subject, Health::Bad, &names, mend));
    findings.extend(bad);
    let odd = of_deleted.map(|(subject, names, mend)| list(subject, Health::Warning, &names, mend));
    findings.extend(odd);
    Ok(findings)
}

fn list(subject: &'static str, health: Health, names: &[String], mend: &str) -> Finding {
    if names.is_empty() {
        return Finding::good(subject, "none");
    }
    let shown = &names[..names.len().min(SHOWN)];
    let seen = format!("{}: {}", names.len(), shown.join(", "));
    Finding::new(subject, health, seen, mend)
}
