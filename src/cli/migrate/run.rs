//! `migrate run`: the shared tables, then every tenant that is behind.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::super::database::Opened;
use super::super::failure::Failure;
use super::super::output::{complain, say, say_json};
use crate::config::Config;
use crate::migrations::{FleetReport, Progress, RunOptions};

/// Without a terminal, a line of progress this often.
const LINE_EVERY: Duration = Duration::from_secs(2);

pub(super) async fn migrate(
    config: Box<Config>,
    options: &RunOptions,
    json: bool,
) -> Result<(), Failure> {
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
