//! `tenant ready`: ready tenants before they are asked for, without a server.

use serde_json::json;

use super::super::database::Opened;
use super::super::failure::Failure;
use super::super::output::{say, say_json};
use crate::domains::tenants::Keeper;

#[derive(clap::Args)]
pub(in crate::cli) struct ReadyArgs {
    /// How many are to be ready [default: READY_TENANTS]
    #[arg(long)]
    count: Option<usize>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn ready(opened: &Opened, args: &ReadyArgs) -> Result<(), Failure> {
    let wanted = args.count.unwrap_or(opened.config.tenancy.ready_tenants);
    let keeper = Keeper::new(opened.foundation.migrator.clone(), wanted);
    let ready = keeper.once().await?;
    if args.json {
        say_json(&json!({ "ready": ready }));
    } else {
        say(&format!("{ready} tenants are ready"));
    }
    Ok(())
}
