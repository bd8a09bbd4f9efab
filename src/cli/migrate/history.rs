//! `migrate history`: what was applied to one schema, and when.

use clap::{ArgGroup, Args};

use super::super::database::Opened;
use super::super::failure::Failure;
use super::super::output::{say, say_json, say_table};
use crate::config::Config;
use crate::tenancy::Slug;

#[derive(Args)]
#[command(group(ArgGroup::new("whose").required(true).args(["tenant", "public"])))]
pub(in crate::cli) struct Arguments {
    /// Of this tenant
    #[arg(long, value_name = "SLUG")]
    tenant: Option<Slug>,
    /// Of the shared tables
    #[arg(long)]
    public: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn history(config: Box<Config>, arguments: Arguments) -> Result<(), Failure> {
    // The shared tables' own history is what tells how old they are.
    let opened = if arguments.public {
        Opened::as_it_is(config).await?
    } else {
        Opened::to_look(config).await?
    };
    let migrator = &opened.foundation.migrator;
    let history = migrator.history(arguments.tenant.as_ref()).await?;
    opened.close().await?;
    if arguments.json {
        say_json(&history);
        return Ok(());
    }
    if history.applied.is_empty() {
        say("nothing is here yet; run `tenantry migrate run`");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = history
        .applied
        .into_iter()
        .map(|one| vec![one.version.to_string(), one.name, one.applied_on])
        .collect();
    say_table(&["VERSION", "NAME", "APPLIED"], &rows);
    if let Some(took) = history.last_took_ms {
        say(&format!("the last change took {took} ms"));
    }
    Ok(())
}
