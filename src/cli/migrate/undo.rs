//! `migrate undo`: one migration taken back.

use clap::{ArgGroup, Args};
use serde_json::json;

use super::super::database::Opened;
use super::super::failure::Failure;
use super::super::output::{say, say_json};
use super::super::progress::progress;
use super::jobs::Jobs;
use crate::config::Config;
use crate::migrations::UndoOptions;
use crate::tenancy::Slug;

#[derive(Args)]
#[command(group(ArgGroup::new("where").required(true).args(["tenants", "all", "public"])))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one flag of the command line each"
)]
pub(in crate::cli) struct Arguments {
    /// In this tenant; can be given several times
    #[arg(long = "tenant", value_name = "SLUG")]
    tenants: Vec<Slug>,
    /// In every tenant
    #[arg(long)]
    all: bool,
    /// In the shared tables
    #[arg(long)]
    public: bool,
    /// The migration [default: the newest that this binary brings]
    #[arg(long, value_name = "N")]
    version: Option<i32>,
    #[command(flatten)]
    jobs: Jobs,
    /// Do it even though this binary cannot serve what is left
    #[arg(long)]
    stop_serving: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn undo(config: Box<Config>, arguments: Arguments) -> Result<(), Failure> {
    let opened = Opened::as_it_is(arguments.jobs.over(config)).await?;
    let migrator = &opened.foundation.migrator;
    let Arguments { public, json, .. } = arguments;
    let options = UndoOptions {
        version: arguments.version,
        only: arguments.tenants,
        stop_serving: arguments.stop_serving,
    };
    if public {
        let (version, undone) = migrator.undo_public(&options).await?;
        opened.close().await?;
        if json {
            say_json(&json!({ "version": version, "undone": undone }));
        } else if undone {
            say(&format!(
                "migration {version} of the shared tables is undone"
            ));
        } else {
            say(&format!(
                "nothing to undo: migration {version} is not the newest of the shared tables"
            ));
        }
        return Ok(());
    }
    let report = migrator.undo_tenants(&options, progress("failed")).await?;
    opened.close().await?;
    let version = report.version;
    if json {
        let failures = report.failures.iter();
        let failures =
            failures.map(|(tenant, error)| json!({ "tenant": tenant, "error": error.reason() }));
        say_json(&json!({
            "version": version,
            "undone": report.undone,
            "untouched": report.untouched,
            "drifted": report.drifted,
            "failed": failures.collect::<Vec<_>>(),
        }));
    } else {
        say(&format!(
            "migration {version} is undone in {} tenants; it is not the newest of {} others",
            report.undone, report.untouched
        ));
        if !report.drifted.is_empty() {
            say(&format!(
                "of these, hands had changed something else in {} before, which is as it was (`tenantry migrate drift` tells): {}",
                report.drifted.len(),
                report.drifted.join(", ")
            ));
        }
    }
    if report.failures.is_empty() {
        return Ok(());
    }
    let mut text = format!("{} tenants are as they were:", report.failures.len());
    for (tenant, error) in &report.failures {
        let line = format!("\n  {tenant}: {}", error.reason());
        text.push_str(&line);
    }
    text.push_str(
        "\nmend the cause and run the same command again; it leaves alone those that are undone",
    );
    Err(Failure::InPart(text))
}
