//! `tenant ready`: ready tenants before they are asked for, without a server.

use serde_json::json;

use super::super::database::Opened;
use super::super::failure::Failure;
use super::super::output::{say, say_json};
use super::super::progress::progress;
use crate::domains::tenants::Keeper;

#[derive(clap::Args)]
pub(in crate::cli) struct ReadyArgs {
    /// How many are to be ready, at most 1000 [default: READY_TENANTS]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=1000))]
    count: Option<u16>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn ready(opened: &Opened, args: &ReadyArgs) -> Result<(), Failure> {
    let usual = opened.config.tenancy.ready_tenants;
    let wanted = args.count.map_or(usual, usize::from);
    let keeper = Keeper::new(opened.foundation.migrator.clone(), wanted);
    let ready = keeper.once(progress("failed")).await?;
    if args.json {
        say_json(&json!({ "ready": ready }));
    } else {
        say(&format!("{ready} tenants are ready"));
    }
    if ready < wanted {
        return Err(Failure::InPart(format!(
            "expected {wanted} ready tenants, got {ready}: another process makes some and came to a halt, or others take them; ask again"
        )));
    }
    Ok(())
}
