//! `openapi`: the document, without a server or a database.

use super::failure::Failure;
use super::output;
use crate::api;

#[derive(clap::Args)]
pub(super) struct Args {
    /// As YAML instead of JSON.
    #[arg(long)]
    yaml: bool,
}

#[expect(clippy::unnecessary_wraps, reason = "every command answers so")]
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let document = if args.yaml {
        api::openapi_yaml::<api::Endpoints>()
    } else {
        api::openapi_json::<api::Endpoints>()
    };
    output::say(document.trim_end());
    Ok(())
}
