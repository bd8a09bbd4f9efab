//! `tenant rename`: another slug.

use super::{Opened, found, show};
use crate::cli::failure::Failure;
use crate::domains::tenants::{TenantChange, Tenants};
use crate::tenancy::{Slug, TenantKey};

#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Its slug or id
    tenant: TenantKey,
    /// Its new slug: lower-case letters, digits and single hyphens
    #[arg(value_parser = Slug::for_new_tenant)]
    slug: Slug,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(opened: &Opened, tenants: &Tenants<'_>, args: Args) -> Result<(), Failure> {
    let tenant = found(opened, &args.tenant).await?;
    let change = TenantChange {
        slug: Some(args.slug),
        ..TenantChange::default()
    };
    show(&tenants.update(tenant.id.0, change).await?, args.json);
    Ok(())
}
