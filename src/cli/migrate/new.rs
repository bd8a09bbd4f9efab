//! `migrate new`: the next migration's file.

use std::path::Path;

use clap::{ArgGroup, Args};

use super::super::failure::Failure;
use super::super::output::{complain, say};
use crate::config::Config;
use crate::migrations::{Draft, DraftName, Kind};

/// Where this repository keeps them.
const FOLDER: &str = "migrations";

#[derive(Args)]
#[command(group(ArgGroup::new("kind").required(true).args(["tenant", "public"])))]
pub(in crate::cli) struct Arguments {
    /// What it does, in small letters: add_notes
    name: DraftName,
    /// For each tenant's schema
    #[arg(long)]
    tenant: bool,
    /// For the shared tables
    #[arg(long)]
    public: bool,
    /// With a script that takes it back
    #[arg(long)]
    undo: bool,
}

pub(super) fn new(config: &Config, arguments: Arguments) -> Result<(), Failure> {
    let draft = Draft {
        name: arguments.name,
        kind: if arguments.public {
            Kind::Public
        } else {
            Kind::Tenant
        },
        undo: arguments.undo,
    };
    let dir = config.tenancy.migrations_dir.as_deref();
    for path in draft.write(dir.unwrap_or(Path::new(FOLDER)))? {
        say(&path.display().to_string());
    }
    if dir.is_none() {
        complain(&format!(
            "a binary has the migrations of its build: build it anew, or set MIGRATIONS_DIR={FOLDER}, and try them with `tenantry migrate plan`"
        ));
    }
    Ok(())
}
