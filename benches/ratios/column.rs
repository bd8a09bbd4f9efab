//! Row 6: one new column in every tenant, by the migrator against `psql`; both a transaction per tenant, over as many connections.
//!
//! Ours locks each tenant, and writes migration history, ledger and a notice beside the column.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tenantry::app::Foundation;
use tenantry::clock::Clock;
use tenantry::config::Config;
use tenantry::migrations::RunOptions;
use tenantry::tenancy::Slug;

use crate::fleet::{Fleet, Tenant};
use crate::plan::Plan;
use crate::plot::Series;
use crate::psql;
use crate::table::{Figure, Goal, Table, milliseconds};

/// Parts of the fleet that the plot shows.
const PARTS: [usize; 4] = [10, 4, 2, 1];

/// Seconds for a column by the number of tenants that get it: ours, and `psql`'s.
pub(crate) async fn measure(plan: &Plan, fleet: &Fleet, table: &mut Table) -> [Series; 2] {
    eprintln!("adding columns");
    let columns = Columns::new(&fleet.config);
    let mut rounds = Vec::new();
    for round in 0..plan.rounds {
        let (ours, theirs) = columns.add(round, &fleet.tenants, fleet).await;
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
    let mut series = [Series::new("tenantry"), Series::new("psql")];
    for (number, part) in PARTS.into_iter().enumerate() {
        let tenants = &fleet.tenants[..fleet.tenants.len().div_ceil(part)];
        eprintln!("adding columns: {} tenants", tenants.len());
        let (ours, theirs) = columns.add(plan.rounds + number, tenants, fleet).await;
        series[0].push(tenants.len() as f64, ours.as_secs_f64());
        series[1].push(tenants.len() as f64, theirs.as_secs_f64());
        // The others get it too: the next point is one column and no more.
        columns.migrate(Vec::new()).await;
    }
    series
}

/// A folder of migrations that grows by a column each round.
struct Columns {
    folder: TempDir,
    config: Config,
}

impl Columns {
    fn new(config: &Config) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        copy(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations"),
            folder.path(),
        );
        let mut config = config.clone();
        config.tenancy.migrations_dir = Some(folder.path().to_owned());
        Self { folder, config }
    }

    /// A column for these tenants, on both sides; how long each took.
    async fn add(&self, round: usize, tenants: &[Tenant], fleet: &Fleet) -> (Duration, Duration) {
        let theirs = by_psql(fleet, tenants, round).await;
        let file = format!("tenant/V{}__column.sql", 99 + round);
        // This program's own server goes on with them afterwards.
        let text =
            format!("-- compatible-with: 1\nALTER TABLE projects ADD COLUMN by_us_{round} text;");
        fs::write(self.folder.path().join(file), text).expect("a migration");
        let slugs = tenants.iter().map(|t| t.slug.parse().expect("a slug"));
        // All of them is what a deploy runs: it reads who is behind, and the platform's own tenant is one of them.
        let all = tenants.len() == fleet.tenants.len();
        let only: Vec<Slug> = if all { Vec::new() } else { slugs.collect() };
        let (took, migrated) = self.migrate(only).await;
        assert_eq!(migrated, tenants.len() + usize::from(all));
        (took, theirs)
    }

    /// With opening the connections, as `psql` has to. How long, and how many tenants.
    async fn migrate(&self, only: Vec<Slug>) -> (Duration, usize) {
        let begun = Instant::now();
        let foundation = Foundation::new(&self.config, Clock::system()).expect("a foundation");
        let options = RunOptions {
            only,
            ..RunOptions::default()
        };
        let run = foundation.migrator.migrate_tenants(&options, |_| ());
        let report = run.await.expect("a run");
        let took = begun.elapsed();
        assert!(report.failures.is_empty(), "{:?}", report.failures);
        (took, report.migrated.len())
    }
}

async fn by_psql(fleet: &Fleet, tenants: &[Tenant], round: usize) -> Duration {
    let mut scripts = vec![String::new(); fleet.config.tenancy.migration_jobs];
    let count = scripts.len();
    for (number, tenant) in tenants.iter().enumerate() {
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
