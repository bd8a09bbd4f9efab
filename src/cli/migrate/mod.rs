//! `migrate`: the fleet, from the command line.

mod run;
mod status;

use clap::Subcommand;

use super::failure::Failure;
use crate::config::Config;
use crate::migrations::RunOptions;
use crate::tenancy::Slug;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Migrate the shared tables, then every tenant that is behind or failed.
    ///
    /// A run that was killed goes on where it stopped. One tenant's failure stops nobody else; the exit code is then 3.
    ///
    /// Example: tenantry migrate run --jobs 8
    Run {
        /// How many tenants at a time [default: MIGRATION_JOBS]
        #[arg(long)]
        jobs: Option<usize>,
        /// This tenant only; can be given several times
        #[arg(long = "tenant", value_name = "SLUG")]
        tenants: Vec<Slug>,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
    /// Say how the fleet stands: who is current, behind, failed, or ahead of this binary.
    ///
    /// Example: tenantry migrate status --json
    Status {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: Command, config: Box<Config>) -> Result<(), Failure> {
    match command {
        Command::Run {
            jobs,
            tenants,
            json,
        } => {
            let options = RunOptions {
                only: tenants,
                jobs,
            };
            run::migrate(config, &options, json).await
        }
        Command::Status { json } => status::status(config, json).await,
    }
}
