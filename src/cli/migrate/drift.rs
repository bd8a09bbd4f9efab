//! `migrate drift`: which tenants are not what their migrations make, and in what.

use serde_json::{Value, json};

use super::super::database::Opened;
use super::super::failure::{Failure, causes};
use super::super::output::{say, say_json};
use super::super::progress::progress;
use super::jobs::Jobs;
use crate::config::Config;
use crate::migrations::{Compared, Difference, Verdict};
use crate::tenancy::Slug;

#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// This tenant only; can be given several times
    #[arg(long = "tenant", value_name = "SLUG")]
    tenants: Vec<Slug>,
    #[command(flatten)]
    jobs: Jobs,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, config: Box<Config>) -> Result<(), Failure> {
    let opened = Opened::to_look(args.jobs.over(config)).await?;
    let migrator = &opened.foundation.migrator;
    let compared = migrator.drift(&args.tenants, progress("not alike")).await?;
    opened.close().await?;
    let count = |matches: fn(&Verdict) -> bool| {
        let all = compared.iter();
        all.filter(|tenant| matches(&tenant.verdict)).count()
    };
    let alike = count(|verdict| matches!(verdict, Verdict::Alike));
    let drifted = count(|verdict| matches!(verdict, Verdict::Differs(_)));
    let ahead = count(|verdict| matches!(verdict, Verdict::Ahead));
    if args.json {
        let others = compared.iter().filter_map(as_json);
        say_json(&json!({
            "total": compared.len(),
            "alike": alike,
            "drifted": drifted,
            "ahead": ahead,
            "tenants": others.collect::<Vec<_>>(),
        }));
    } else {
        compared.iter().for_each(tell);
        say(&format!(
            "{} tenants: {alike} as their migrations make them, {drifted} drifted, {ahead} ahead of this binary, {} not read",
            compared.len(),
            compared.len() - alike - drifted - ahead
        ));
    }
    match compared.len() - alike {
        0 => Ok(()),
        others => Err(Failure::InPart(format!(
            "{others} tenants drifted, or could not be compared"
        ))),
    }
}

fn tell(tenant: &Compared) {
    let Compared {
        slug,
        version,
        verdict,
    } = tenant;
    match verdict {
        Verdict::Alike => (),
        Verdict::Differs(differences) => {
            say(&format!("{slug}, compared at version {version}:"));
            tell_differences(differences);
        }
        Verdict::Ahead => say(&format!(
            "{slug}: is at version {version}, ahead of this binary, which cannot tell what it should be"
        )),
        Verdict::Unread(error) => say(&format!("{slug}: not read: {}", causes(error))),
    }
}

/// One a line; a definition of several lines stays below its own.
pub(super) fn tell_differences(differences: &[Difference]) {
    for difference in differences {
        let text = difference.to_string().replace('\n', "\n    ");
        say(&format!("  {text}"));
    }
}

fn as_json(tenant: &Compared) -> Option<Value> {
    let Compared {
        slug,
        version,
        verdict,
    } = tenant;
    let mut told = json!({ "tenant": slug, "version": version });
    match verdict {
        Verdict::Alike => return None,
        Verdict::Differs(differences) => told["differences"] = json!(differences),
        Verdict::Ahead => told["ahead"] = json!(true),
        Verdict::Unread(error) => told["error"] = json!(causes(error)),
    }
    Some(told)
}
