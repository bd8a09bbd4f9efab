//! The command line: a shell beside the HTTP one. Commands parse, call a service, and print.
//!
//! Results go to standard output, everything else (log, progress, errors) to standard error.

#![expect(
    clippy::doc_markdown,
    reason = "these docs are the texts of `--help`, which shows no markdown"
)]

mod database;
mod dev;
mod doctor;
mod failure;
mod migrate;
mod openapi;
mod output;
mod password;
mod progress;
mod serve;
mod temp_schema;
mod tenant;
mod user;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{Config, Mode, Purpose};
use crate::telemetry;
use failure::Failure;

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 done in part (some tenants were not migrated).";

/// A SaaS backend in which every tenant has a PostgreSQL schema of its own.
///
/// Without a command it is `dev` where no DATABASE_URL is set, and `serve` where one is.
#[derive(Parser)]
#[command(name = "tenantry", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve on a private PostgreSQL with a demo tenant; nothing needs to be set up.
    ///
    /// Example: tenantry dev
    Dev,
    /// Serve on the database that DATABASE_URL names.
    ///
    /// Example: DATABASE_URL=postgres://app:secret@db/main JWT_SECRET=... tenantry serve
    Serve,
    /// Migrate the shared tables and the fleet of tenants.
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// Make tenants and lead them through their life.
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Make users.
    #[command(subcommand)]
    User(user::Command),
    /// Migrated schemas for one test or one CI job, in any language.
    #[command(subcommand)]
    TempSchema(temp_schema::Command),
    /// Print the OpenAPI document.
    ///
    /// Example: tenantry openapi --yaml > openapi.yaml
    Openapi(openapi::Args),
    /// Check the database, the logins, the fence and the fleet, and say how to mend what is wrong.
    ///
    /// It changes nothing unless --mend or --drop says so.
    ///
    /// Example: tenantry doctor --mend
    Doctor(doctor::Args),
}

impl Command {
    fn purpose(&self) -> Purpose {
        match self {
            Self::Dev | Self::Serve => Purpose::Serve,
            _ => Purpose::Manage,
        }
    }
}

/// Runs the program with the process's arguments.
pub fn run() -> ExitCode {
    let after = format!("{EXIT_CODES}\n\n{}", Config::help());
    let matches = Cli::command().after_long_help(after).get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    match start(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn start(cli: Cli) -> Result<(), Failure> {
    if let Some(Command::Openapi(args)) = &cli.command {
        return openapi::run(args);
    }
    let purpose = cli
        .command
        .as_ref()
        .map_or(Purpose::Serve, Command::purpose);
    // Boxed: it is handed from one async function to the next, and each would carry a copy.
    let config = Box::new(Config::load(purpose)?);
    let _log = telemetry::init(&config.log).map_err(Failure::other)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::other)?;
    let command = cli.command.unwrap_or(match config.mode() {
        Mode::Development => Command::Dev,
        Mode::Server => Command::Serve,
    });
    runtime.block_on(dispatch(command, config))
}

async fn dispatch(command: Command, config: Box<Config>) -> Result<(), Failure> {
    match command {
        Command::Dev => dev::run(config).await,
        Command::Serve => serve::run(config).await,
        Command::Migrate(command) => migrate::run(command, config).await,
        Command::Tenant(command) => tenant::run(command, config).await,
        Command::User(command) => user::run(command, config).await,
        Command::TempSchema(command) => temp_schema::run(command, config).await,
        Command::Openapi(args) => openapi::run(&args),
        Command::Doctor(args) => doctor::run(&args, config).await,
    }
}
