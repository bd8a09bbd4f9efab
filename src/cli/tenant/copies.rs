//! `tenant export`, `tenant import` and `tenant clone`.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::super::database::Opened;
use super::super::failure::Failure;
use super::super::output::{complain, say, say_json};
use super::{OneArgs, id_of, show};
use crate::domains::tenants::{Copied, CopyProgress, NewCopy, Tenants};
use crate::tenancy::Slug;

#[derive(clap::Args)]
pub(in crate::cli) struct ExportArgs {
    #[command(flatten)]
    one: OneArgs,
    /// The file to make
    #[arg(long)]
    out: PathBuf,
}

#[derive(clap::Args)]
pub(in crate::cli) struct ImportArgs {
    /// The file that `export` made
    file: PathBuf,
    /// The new tenant's name in hosts and headers
    #[arg(long, value_parser = Slug::for_new_tenant)]
    slug: Slug,
    /// Its name for people [default: the source's]
    #[arg(long)]
    name: Option<String>,
    /// Import also where the second factors are sealed under another APP_SECRET; a password alone then signs their users in
    #[arg(long)]
    without_second_factors: bool,
    /// Most bytes that the rows may unpack to [default: IMPORT_MAX_BYTES]
    #[arg(long)]
    max_bytes: Option<u64>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(in crate::cli) struct CloneArgs {
    #[command(flatten)]
    one: OneArgs,
    /// The new tenant's name in hosts and headers
    #[arg(value_parser = Slug::for_new_tenant)]
    slug: Slug,
    /// Its name for people [default: the source's]
    #[arg(long)]
    name: Option<String>,
}

pub(super) async fn export(
    opened: &Opened,
    tenants: &Tenants<'_>,
    args: ExportArgs,
) -> Result<(), Failure> {
    let id = id_of(opened, &args.one).await?;
    let made = tenants.export(id, &args.out, progress()).await?;
    let file = made.file.path.display().to_string();
    if args.one.json {
        say_json(&json!({
            "file": file,
            "bytes": made.file.bytes,
            "tables": made.tables,
            "rows": made.rows,
        }));
    } else {
        say(&format!(
            "{file}: {} rows of {} tables, {} bytes",
            made.rows, made.tables, made.file.bytes
        ));
    }
    Ok(())
}

pub(super) async fn import(
    opened: &Opened,
    tenants: &Tenants<'_>,
    args: ImportArgs,
) -> Result<(), Failure> {
    let new = NewCopy {
        slug: args.slug,
        name: args.name,
        without_second_factors: args.without_second_factors,
    };
    let most = args
        .max_bytes
        .unwrap_or(opened.config.tenancy.import_max_bytes);
    let made = tenants.import(&args.file, most, &new, progress()).await?;
    tell(&made, args.json);
    Ok(())
}

pub(super) async fn clone(
    opened: &Opened,
    tenants: &Tenants<'_>,
    args: CloneArgs,
) -> Result<(), Failure> {
    let id = id_of(opened, &args.one).await?;
    let new = NewCopy {
        slug: args.slug,
        name: args.name,
        without_second_factors: false,
    };
    let made = tenants.clone_tenant(id, &new, progress()).await?;
    tell(&made, args.one.json);
    Ok(())
}

fn tell(made: &Copied, json: bool) {
    if json {
        say_json(made);
        return;
    }
    show(&made.tenant, false);
    say(&format!("{:14}  {}", "rows", made.rows));
    for note in &made.notes {
        complain(&format!("note: {note}"));
    }
}

/// A bar in a terminal, else nothing.
fn progress() -> impl FnMut(CopyProgress) + Send {
    let target = if io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} rows {elapsed}, {eta} left")
    {
        bar.set_style(style);
    }
    move |at| {
        bar.set_length(at.total);
        bar.set_position(at.rows);
        if at.rows == at.total {
            bar.finish_and_clear();
        }
    }
}
