//! Row 6: one new column in every tenant, by the migrator against `psql`; both a transaction per tenant, over as many connections.
//!
//! Ours locks each tenant, and writes migration history, ledger and a notice beside the column.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use tenantry::app::Foundation;
use tenantry::clock::Clock;
use tenantry::config::Config;
use tenantry::migrations::RunOptions;

use crate::fleet::Fleet;
use crate::plan::Plan;
use crate::psql;
use crate::table::{Figure, Goal, Table, milliseconds};

pub(crate) async fn measure(plan: &Plan, fleet: &Fleet, table: &mut Table) {
    eprintln!("adding columns");
    let folder = tempfile::tempdir().expect("a folder");
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations"),
        folder.path(),
    );
    let mut config = fleet.config.clone();
    config.tenancy.migrations_dir = Some(folder.path().to_owned());
    let mut rounds = Vec::new();
    for round in 0..plan.rounds {
        let theirs = by_psql(fleet, round).await;
        let file = folder
            .path()
            .join(format!("tenant/V{}__column.sql", 99 + round));
        let text = format!("ALTER TABLE projects ADD COLUMN by_us_{round} text;");
        fs::write(file, text).expect("a migration");
        let ours = by_migrator(&config, fleet.tenants.len()).await;
        rounds.push((milliseconds(ours, 1), milliseconds(theirs, 1)));
    }
    table.add(Figure {
        number: "6",
        work: format!("one new column in {} tenants", plan.tenants),
        against: "psql, a transaction per tenant, as many connections",
        unit: "ms",
        goal: Goal::AtMost(1.3),
        rounds,
    });
}

/// With opening the connections, as `psql` has to.
async fn by_migrator(config: &Config, tenants: usize) -> Duration {
    let begun = Instant::now();
    let foundation = Foundation::new(config, Clock::system()).expect("a foundation");
    let options = RunOptions::default();
    let run = foundation.migrator.migrate_tenants(&options, |_| ());
    let report = run.await.expect("a run");
    let took = begun.elapsed();
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    // The platform's own tenant is one of them.
    assert_eq!(report.migrated.len(), tenants + 1);
    took
}

async fn by_psql(fleet: &Fleet, round: usize) -> Duration {
    let mut scripts = vec![String::new(); fleet.config.tenancy.migration_jobs];
    let count = scripts.len();
    for (number, tenant) in fleet.tenants.iter().enumerate() {
        let _ = writeln!(
            scripts[number % count],
            "BEGIN; SET LOCAL search_path = {}; ALTER TABLE projects ADD COLUMN by_psql_{round} text; COMMIT;",
            tenant.schema
        );
    }
    psql::run(fleet.url(), &scripts).await
}

fn copy(from: &Path, to: &Path) {
    for part in ["public", "tenant"] {
        fs::create_dir(to.join(part)).expect("a folder");
        for file in fs::read_dir(from.join(part)).expect("the migrations") {
            let file = file.expect("a migration");
            fs::copy(file.path(), to.join(part).join(file.file_name())).expect("a copy");
        }
    }
}
