//! `migrate run`: the shared tables, then every tenant that is behind.

use std::fmt::Write;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use super::super::database::Opened;
use super::super::failure::Failure;
use super::super::output::{say, say_json};
use super::super::progress::progress;
use super::jobs::Jobs;
use super::numbers::at_least_one;
use crate::config::Config;
use crate::migrations::{FleetReport, RunOptions, Stopped};
use crate::tenancy::Slug;

#[derive(Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    jobs: Jobs,
    /// This tenant only; can be given several times
    #[arg(long = "tenant", value_name = "SLUG")]
    tenants: Vec<Slug>,
    /// So many tenants first, spread from the oldest to the newest; if one of them fails, no other begins
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    canary: Option<usize>,
    /// Begin no further tenant after so many failures
    #[arg(long, value_name = "K", value_parser = at_least_one)]
    stop_after_failures: Option<usize>,
    /// Print the result as JSON, with a line for each tenant
    #[arg(long)]
    json: bool,
}

pub(super) async fn migrate(config: Box<Config>, arguments: &Arguments) -> Result<(), Failure> {
    let options = RunOptions {
        only: arguments.tenants.clone(),
        canary: arguments.canary.unwrap_or(0),
        stop_after_failures: arguments.stop_after_failures,
    };
    let opened = Opened::ready(arguments.jobs.over(config)).await?;
    let started = Instant::now();
    let migrator = &opened.foundation.migrator;
    let shown = progress("failed");
    let report = migrator.migrate_tenants(&options, shown).await?;
    let took = started.elapsed();
    let target = migrator.set().target().version;
    opened.close().await?;
    if arguments.json {
        say_json(&as_json(&report, target, took));
    } else {
        let already = match report.already_current {
            0 => String::new(),
            already => format!("; {already} others were there already"),
        };
        say(&format!(
            "{} tenants migrated to version {target} in {:.1} s{already}",
            report.migrated.len(),
            took.as_secs_f64()
        ));
    }
    if report.failures.is_empty() {
        return Ok(());
    }
    Err(Failure::InPart(troubles(&report)))
}

fn troubles(report: &FleetReport) -> String {
    let mut text = format!("{} tenants were not migrated:", report.failures.len());
    for failure in &report.failures {
        text.push_str("\n  ");
        text.push_str(&failure.slug);
        text.push_str(": ");
        text.push_str(&failure.error.reason());
    }
    if let Some(stopped) = report.stopped {
        let why = match stopped {
            Stopped::Canary => "a canary failed",
            Stopped::Failures => "too many failed",
        };
        let _ = write!(
            text,
            "\nstopped, because {why}: {} tenants were not begun",
            report.not_begun
        );
    }
    text.push_str("\nmend the cause and run `tenantry migrate run` again; the others are served");
    text
}

fn as_json(report: &FleetReport, target: i32, took: Duration) -> serde_json::Value {
    let failures = report.failures.iter();
    let failures = failures.map(|f| json!({ "tenant": f.slug, "error": f.error.reason() }));
    let tenants = report.migrated.iter().map(|tenant| {
        json!({
            "tenant": tenant.slug,
            "from": tenant.from,
            "to": tenant.to,
            "tries": tenant.tries,
            "seconds": tenant.took.as_secs_f64(),
        })
    });
    let stopped = report.stopped.map(|stopped| match stopped {
        Stopped::Canary => "canary",
        Stopped::Failures => "failures",
    });
    json!({
        "target": target,
        "migrated": report.migrated.len(),
        "already_current": report.already_current,
        "tenants": tenants.collect::<Vec<_>>(),
        "failed": failures.collect::<Vec<_>>(),
        "stopped": stopped,
        "not_begun": report.not_begun,
        "seconds": took.as_secs_f64(),
    })
}
