//! `migrate repair`: records written anew where the structure proves them.

use serde_json::{Value, json};

use super::super::database::Opened;
use super::super::failure::{Failure, causes};
use super::super::output::{say, say_json};
use super::super::progress::progress;
use super::drift::tell_differences;
use super::jobs::Jobs;
use crate::config::Config;
use crate::migrations::Repair;
use crate::tenancy::Slug;

#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// This tenant only; can be given several times
    #[arg(long = "tenant", value_name = "SLUG")]
    tenants: Vec<Slug>,
    /// The version that the schema has, where the records do not say it or contradict each other
    #[arg(long, value_name = "VERSION", requires = "tenants")]
    at: Option<i32>,
    #[command(flatten)]
    jobs: Jobs,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, config: Box<Config>) -> Result<(), Failure> {
    let opened = Opened::to_look(args.jobs.over(config)).await?;
    let migrator = &opened.foundation.migrator;
    let shown = progress("not repaired");
    let repairs = migrator.repair(&args.tenants, args.at, shown).await?;
    opened.close().await?;
    let count = |matches: fn(&Repair) -> bool| {
        let all = repairs.iter();
        all.filter(|(_, repair)| matches(repair)).count()
    };
    let right = count(|repair| matches!(repair, Repair::Right));
    let recorded = count(|repair| matches!(repair, Repair::Recorded { .. }));
    let others = repairs.len() - right - recorded;
    if args.json {
        let told = repairs.iter().filter_map(as_json);
        say_json(&json!({
            "right": right,
            "recorded": recorded,
            "refused": others,
            "tenants": told.collect::<Vec<_>>(),
        }));
    } else {
        repairs.iter().for_each(tell);
        say(&format!(
            "{} tenants: the records of {right} were right, those of {recorded} were written anew, {others} were refused",
            repairs.len()
        ));
    }
    match others {
        0 => Ok(()),
        _ => Err(Failure::InPart(format!(
            "{others} tenants were refused; why stands in their lines, and nothing of them was changed"
        ))),
    }
}

fn tell((slug, repair): &(String, Repair)) {
    match repair {
        Repair::Right => (),
        Repair::Recorded { version } => say(&format!("{slug}: recorded anew at version {version}")),
        Repair::Refused {
            reason,
            differences,
        } => {
            say(&format!("{slug}: refused: {reason}"));
            tell_differences(differences);
        }
        Repair::Failed(error) => say(&format!("{slug}: failed: {}", causes(error))),
    }
}

fn as_json((slug, repair): &(String, Repair)) -> Option<Value> {
    match repair {
        Repair::Right => None,
        Repair::Recorded { version } => Some(json!({ "tenant": slug, "recorded": version })),
        Repair::Refused {
            reason,
            differences,
        } => Some(json!({ "tenant": slug, "refused": reason, "differences": differences })),
        Repair::Failed(error) => Some(json!({ "tenant": slug, "error": causes(error) })),
    }
}
