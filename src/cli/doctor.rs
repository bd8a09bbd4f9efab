//! `doctor`: what is wrong with this deployment, and how to mend it.

use serde_json::json;

use super::database::Opened;
use super::failure::Failure;
use super::output::{complain, say, say_json};
use crate::config::Config;
use crate::doctor::{self, Health};
use crate::migrations::Mended;

#[derive(clap::Args)]
pub(super) struct Args {
    /// First mend what takes no data: roles of tenants that are missing or not granted, roles that are nobody's, missing lines in the ledger
    #[arg(long, conflicts_with = "drop")]
    mend: bool,
    /// First drop this schema without a tenant, all its data and its role; can be given several times
    #[arg(long, value_name = "SCHEMA")]
    drop: Vec<String>,
    /// Print as JSON; with --mend, an object of `mended` and `findings`
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args, config: Box<Config>) -> Result<(), Failure> {
    let opened = Opened::as_it_is(config).await?;
    let migrator = &opened.foundation.migrator;
    for name in &args.drop {
        let dropped = migrator.drop_orphan(name).await?;
        complain(&format!("{name}: {dropped} dropped"));
    }
    let mended = if args.mend {
        migrator.mend(&migrator.orphans().await?).await?
    } else {
        Vec::new()
    };
    let findings = doctor::examine(&opened.config, &opened.foundation).await;
    opened.close().await?;
    if args.json && args.mend {
        say_json(&json!({ "mended": mended, "findings": findings }));
    } else if args.json {
        say_json(&findings);
    } else {
        for Mended {
            name,
            outcome,
            mended,
        } in &mended
        {
            let mark = if *mended { "done" } else { "NOT " };
            say(&format!("{mark}  {name}: {outcome}"));
        }
        for finding in &findings {
            let mark = match finding.health {
                Health::Good => "ok  ",
                Health::Warning => "warn",
                Health::Bad => "BAD ",
            };
            say(&format!("{mark}  {}: {}", finding.subject, finding.seen));
            if !finding.mend.is_empty() {
                say(&format!("      mend: {}", finding.mend));
            }
        }
    }
    let bad = findings.iter().filter(|f| f.health == Health::Bad).count();
    if bad == 0 {
        Ok(())
    } else {
        Err(Failure::Failed(format!("{bad} things need mending")))
    }
}
