//! `doctor`: what is wrong with this deployment, and how to mend it.

use super::database::Opened;
use super::failure::Failure;
use super::output::{say, say_json};
use crate::config::Config;
use crate::doctor::{self, Health};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: &Args, config: Box<Config>) -> Result<(), Failure> {
    let opened = Opened::as_it_is(config).await?;
    let findings = doctor::examine(&opened.config, &opened.foundation).await;
    opened.close().await?;
    if args.json {
        say_json(&findings);
    } else {
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
