//! `migrate`: the fleet, from the command line.

mod drift;
mod history;
mod jobs;
mod new;
mod numbers;
mod plan;
mod repair;
mod run;
mod status;
mod undo;

use clap::Subcommand;

use super::failure::Failure;
use crate::config::Config;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Migrate the shared tables, then every tenant that is behind or failed.
    ///
    /// A run that was killed goes on where it stopped. One tenant's failure stops nobody else; the exit code is then 3.
    ///
    /// A stop rule (--canary, --stop-after-failures) lets tenants under way finish, and says how many were not begun.
    ///
    /// Example: tenantry migrate run --canary 5 --stop-after-failures 3 --jobs 4
    Run(run::Arguments),
    /// Try all that is pending, in the shared tables and in each tenant, and roll it back: errors, locks, times, undo scripts.
    ///
    /// Each schema is tried in one transaction, which takes the locks that the migration takes, for as long as it takes: for slow migrations of
    /// busy tenants plan a --sample. What runs outside of a transaction (CREATE INDEX CONCURRENTLY) is tried without CONCURRENTLY, and so keeps a table's
    /// writers waiting as long as it builds; the real one does not. Exit code 3 if anything stands in the way.
    ///
    /// Example: tenantry migrate plan --sample 20
    Plan(plan::Arguments),
    /// Take one migration back, with its undo script, wherever it is the newest.
    ///
    /// What the migration made is lost with its data. The same command again, also after a kill, leaves alone where it is done. A server of this binary
    /// migrates forward when it starts, unless MIGRATE_ON_START=off.
    ///
    /// Example: tenantry migrate undo --tenant acme --version 11
    Undo(undo::Arguments),
    /// Write the file of a new migration, in MIGRATIONS_DIR or `migrations`, with the rules in its head.
    ///
    /// Example: tenantry migrate new add_notes --tenant --undo
    New(new::Arguments),
    /// Say which migrations a tenant has, and since when.
    ///
    /// Example: tenantry migrate history --tenant acme
    History(history::Arguments),
    /// Say how the fleet stands: who is current, behind, failed, or ahead of this binary.
    ///
    /// Example: tenantry migrate status --json
    Status {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Compare each tenant's schema, and what is recorded of it, with what its migrations make when they run afresh.
    ///
    /// Changes nothing. The exit code is 3 if a tenant differs or could not be compared. Deleted tenants are not looked at.
    ///
    /// Example: tenantry migrate drift --jobs 8
    Drift(drift::Args),
    /// Write a tenant's history and its line in the ledger anew, where its schema proves what they must say.
    ///
    /// For migrations whose files were edited after they ran, and for records that are lost. Where records are wrong and the schema is not exactly
    /// what the migrations up to its version make, the tenant is refused, with the differences, and nothing of it is changed; the exit code is then 3.
    /// A tenant whose records are right is left alone, whatever its schema: `migrate drift` compares that.
    ///
    /// It never changes a schema, never runs a migration, and never serves a tenant again: one whose migration failed stays failed
    /// until `migrate run` succeeds.
    ///
    /// Example: tenantry migrate repair --tenant acme
    Repair(repair::Args),
}

pub(super) async fn run(command: Command, config: Box<Config>) -> Result<(), Failure> {
    match command {
        Command::Run(arguments) => run::migrate(config, &arguments).await,
        Command::Plan(arguments) => plan::plan(config, arguments).await,
        Command::Undo(arguments) => undo::undo(config, arguments).await,
        Command::New(arguments) => new::new(&config, arguments),
        Command::History(arguments) => history::history(config, arguments).await,
        Command::Status { json } => status::status(config, json).await,
        Command::Drift(args) => drift::run(args, config).await,
        Command::Repair(args) => repair::run(args, config).await,
    }
}
