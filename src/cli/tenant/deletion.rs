//! `tenant delete`, `restore` and `purge`: a tenant's end, and its way back.

use std::fmt::Write;

use std::io::{IsTerminal, stdin};

use super::{OneArgs, Opened, found, id_of, show};
use crate::cli::failure::Failure;
use crate::cli::output::{complain, say, say_json};
use crate::cli::progress::progress;
use crate::domains::tenants::Tenants;
use crate::tenancy::{Slug, TenantKey};

#[derive(clap::Args)]
pub(in crate::cli) struct DeleteArgs {
    /// Its slug or id
    tenant: TenantKey,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn delete(
    opened: &Opened,
    tenants: &Tenants<'_>,
    args: DeleteArgs,
) -> Result<(), Failure> {
    let tenant = found(opened, &args.tenant).await?;
    if !args.yes {
        confirm(&tenant.slug)?;
    }
    let retention = opened.config.tenancy.retention;
    let deleted = tenants.delete(tenant.id.0, retention).await?;
    show(&deleted.tenant, args.json);
    Ok(())
}

/// The slug, typed once more. A script, which cannot, says `--yes`.
fn confirm(slug: &Slug) -> Result<(), Failure> {
    if !stdin().is_terminal() {
        return Err(Failure::Failed(format!(
            "nobody is here to confirm that `{slug}` shall be deleted; say --yes"
        )));
    }
    complain(&format!("type `{slug}` to delete this tenant:"));
    let mut typed = String::new();
    stdin().read_line(&mut typed)?;
    if typed.trim() == slug.as_str() {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "expected `{slug}`, got `{}`; nothing was deleted",
        typed.trim()
    )))
}

pub(super) async fn restore(
    opened: &Opened,
    tenants: &Tenants<'_>,
    one: &OneArgs,
) -> Result<(), Failure> {
    let view = tenants.restore(id_of(opened, one).await?).await?;
    show(&view, one.json);
    Ok(())
}

pub(super) async fn purge(tenants: &Tenants<'_>, json: bool) -> Result<(), Failure> {
    let report = tenants.purge(progress("not gone yet")).await?;
    if json {
        say_json(&report);
    } else {
        for tenant in &report.purged {
            say(&format!("purged {} ({})", tenant.slug, tenant.id));
        }
        say(&format!(
            "{} tenants are gone for good",
            report.purged.len()
        ));
    }
    if report.failed.is_empty() {
        return Ok(());
    }
    let mut text = "some tenants are not gone yet; ask again to go on:".to_owned();
    for tenant in &report.failed {
        let _ = write!(text, "\n  {}: {}", tenant.slug, tenant.error);
    }
    Err(Failure::InPart(text))
}
