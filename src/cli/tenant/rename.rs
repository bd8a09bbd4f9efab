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
    slug: String,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(opened: &Opened, tenants: &Tenants<'_>, args: Args) -> Result<(), Failure> {
    let slug = Slug::for_new_tenant(&args.slug).map_err(Failure::other)?;
    let tenant = found(opened, &args.tenant).await?;
    let change = TenantChange {
        slug: Some(slug),
        ..TenantChange::default()
    };
    show(&tenants.update(tenant.id.0, change).await?, args.json);
    Ok(())
}
