//! How many tenants a command works on at a time.

use clap::Args;

use super::numbers::at_least_one;
use crate::config::Config;

#[derive(Args)]
pub(super) struct Jobs {
    /// How many tenants at a time [default: MIGRATION_JOBS]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    jobs: Option<usize>,
}

impl Jobs {
    /// The configuration with this number in the place of its own, so that there are as many connections.
    pub(super) fn over(&self, mut config: Box<Config>) -> Box<Config> {
        if let Some(jobs) = self.jobs {
            config.tenancy.migration_jobs = jobs;
        }
        config
    }
}
