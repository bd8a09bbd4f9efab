//! `migrate`: the fleet, from the command line.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::database::Opened;
use super::failure::Failure;
use super::output::{complain, say, say_json, say_table};
use crate::config::Config;
use crate::migrations::{self, FleetReport, LedgerLine, Progress, RunOptions};
use crate::tenancy::Slug;

/// Lines of `status` that are not simply current.
const SHOWN: i64 = 1000;
/// Without a terminal, a line of progress this often.
const LINE_EVERY: Duration = Duration::from_secs(2);

#[derive(Subcommand)]
pub(super) enum Command {
    /// Migrate the shared tables, then every tenant that is behind or failed.
    ///
    /// A run that was killed goes on where it stopped. One tenant's failure stops nobody else; the exit code is then 3.
    ///
    /// Example: tenantry migrate run --jobs 8
    Run {
        /// How many tenants at a time [default: MIGRATION_JOBS]
        #[arg(long)]
        jobs: Option<usize>,
        /// This tenant only; can be given several times
        #[arg(long = "tenant", value_name = "SLUG")]
        tenants: Vec<Slug>,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Say how the fleet stands: who is current, behind, failed, or ahead of this binary.
    ///
    /// Example: tenantry migrate status --json
    Status {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: Command, config: Box<Config>) -> Result<(), Failure> {
    match command {
        Command::Run {
            jobs,
            tenants,
            json,
        } => {
            let options = RunOptions {
                only: tenants,
                jobs,
            };
            migrate(config, &options, json).await
        }
        Command::Status { json } => status(config, json).await,
    }
}

async fn migrate(config: Box<Config>, options: &RunOptions, json: bool) -> Result<(), Failure> {
    let opened = Opened::ready(config).await?;
    let started = Instant::now();
    let migrator = &opened.foundation.migrator;
    let shown = progress();
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

/// A bar in a terminal, else a line now and then.
fn progress() -> impl FnMut(Progress) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {pos}/{len} tenants {msg} {elapsed}, {eta} left")
    {
        bar.set_style(style);
    }
    let terminal = io::stderr().is_terminal();
    let mut last = Instant::now();
    move |at| {
        if terminal {
            bar.set_length(at.total as u64);
            bar.set_position(at.done as u64);
            if at.failed > 0 {
                bar.set_message(format!("({} failed)", at.failed));
            }
            if at.done == at.total {
                bar.finish_and_clear();
            }
        } else if at.total > 0 && (at.done == at.total || last.elapsed() >= LINE_EVERY) {
            last = Instant::now();
            complain(&format!(
                "{}/{} tenants, {} failed",
                at.done, at.total, at.failed
            ));
        }
    }
}

async fn status(config: Box<Config>, json: bool) -> Result<(), Failure> {
    let opened = Opened::as_it_is(config).await?;
    let target = opened.foundation.migrator.set().target().clone();
    let mut db = opened.foundation.tenancy.public().await?;
    let counts = migrations::counts(&mut db, &target).await?;
    let lines = migrations::troubled(&mut db, &target, SHOWN).await?;
    drop(db);
    opened.close().await?;
    if json {
        let lines: Vec<_> = lines.iter().map(line_as_json).collect();
        say_json(&json!({
            "target": target.version,
            "total": counts.total,
            "current": counts.current,
            "pending": counts.pending,
            "failed": counts.failed,
            "ahead": counts.ahead,
            "tenants": lines,
        }));
        return Ok(());
    }
    say(&format!(
        "{} tenants, newest migration {}: {} current, {} behind, {} failed, {} ahead of this binary",
        counts.total, target.version, counts.current, counts.pending, counts.failed, counts.ahead
    ));
    if !lines.is_empty() {
        say_table(
            &["TENANT", "VERSION", "STATE", "TRIES", "LAST ERROR"],
            &lines.iter().map(cells).collect::<Vec<_>>(),
        );
    }
    Ok(())
}

fn state(line: &LedgerLine) -> &'static str {
    if line.failed { "failed" } else { "ok" }
}

fn cells(line: &LedgerLine) -> Vec<String> {
    vec![
        line.slug.clone(),
        line.version.to_string(),
        state(line).to_owned(),
        line.attempts.to_string(),
        line.last_error.clone().unwrap_or_default(),
    ]
}

fn line_as_json(line: &LedgerLine) -> serde_json::Value {
    json!({
        "tenant": line.slug,
        "id": line.id,
        "version": line.version,
        "state": state(line),
        "attempts": line.attempts,
        "last_error": line.last_error,
        "duration_ms": line.duration_ms,
        "updated_at": line.updated_at,
    })
}
