//! `migrate run`: the shared tables, then every tenant that is behind.

use std::time::{Duration, Instant};

use serde_json::json;

use super::super::database::Opened;
use super::super::failure::Failure;
use super::super::output::{say, say_json};
use super::progress::progress;
use crate::config::Config;
use crate::migrations::{FleetReport, RunOptions};

pub(super) async fn migrate(
    config: Box<Config>,
    options: &RunOptions,
    json: bool,
) -> Result<(), Failure> {
    let opened = Opened::ready(config).await?;
    let started = Instant::now();
    let migrator = &opened.foundation.migrator;
    let shown = progress("failed");
    let report = migrator.migrate_tenants(options, shown).await?;
    let took = started.elapsed();
    let target = migrator.set().target().version;
    opened.close().await?;
    if json {
        say_json(&as_json(&report, target, took));
    } else {
        say(&format!(
            "{} tenants migrated to version {target} in {:.1} s",
            report.migrated,
            took.as_secs_f64()
        ));
    }
    if report.failures.is_empty() {
        return Ok(());
    }
    let mut text = format!("{} tenants were not migrated:", report.failures.len());
    for failure in &report.failures {
        text.push_str("\n  ");
        text.push_str(&failure.slug);
        text.push_str(": ");
        text.push_str(&failure.reason());
    }
    text.push_str("\nmend the cause and run `tenantry migrate run` again; the others are served");
    Err(Failure::InPart(text))
}

fn as_json(report: &FleetReport, target: i32, took: Duration) -> serde_json::Value {
    let failures = report.failures.iter();
    let failures = failures.map(|f| json!({ "tenant": f.slug, "error": f.reason() }));
    json!({
        "target": target,
        "migrated": report.migrated,
        "failed": failures.collect::<Vec<_>>(),
        "seconds": took.as_secs_f64(),
    })
}
