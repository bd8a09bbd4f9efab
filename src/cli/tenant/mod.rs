//! `tenant`: make tenants, and lead them through their life.

mod copies;
mod deletion;
mod ready;
mod rename;

use std::sync::Arc;

use clap::Subcommand;
use uuid::Uuid;

use super::database::Opened;
use super::failure::Failure;
use super::output::{say, say_json, say_table};
use super::password::PasswordArgs;
use crate::config::Config;
use crate::domains::idempotency::Once;
use crate::domains::tenants::{NewAdmin, NewTenant, TenantView, Tenants, Transition};
use crate::domains::users::Email;
use crate::pagination::{MAX_LIMIT, PageRequest};
use crate::tenancy::{Slug, Status, Tenant, TenantKey};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make a tenant: schema, role, migrations and, with an e-mail, its first admin.
    ///
    /// Example: tenantry tenant create acme --name "Acme Corp" --admin-email ada@acme.example
    Create(CreateArgs),
    /// List all tenants, oldest first.
    ///
    /// Example: tenantry tenant list --json
    List {
        /// Deleted ones as well, which can still be restored
        #[arg(long)]
        deleted: bool,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one tenant.
    ///
    /// Example: tenantry tenant show acme
    Show(OneArgs),
    /// Refuse a tenant's requests until it is activated again.
    ///
    /// Example: tenantry tenant suspend acme
    Suspend(OneArgs),
    /// Serve a suspended tenant again.
    ///
    /// Example: tenantry tenant activate acme
    Activate(OneArgs),
    /// Refuse a tenant's requests for good; its data stays.
    ///
    /// Example: tenantry tenant cancel acme
    Cancel(OneArgs),
    /// Give a tenant another slug. Its schema and its people's sign-ins stay.
    ///
    /// Example: tenantry tenant rename acme acme-corp
    Rename(rename::Args),
    /// Delete a tenant. Its data stays for TENANT_RETENTION_DAYS, out of reach.
    ///
    /// Example: tenantry tenant delete acme --yes
    Delete(deletion::DeleteArgs),
    /// Bring a deleted tenant back, within TENANT_RETENTION_DAYS.
    ///
    /// Example: tenantry tenant restore acme
    Restore(OneArgs),
    /// Drop what is left of deleted tenants whose time is over. A running server does it, too.
    ///
    /// Example: tenantry tenant purge --json
    Purge {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Make tenants ready for those who will ask: migrated schemas that `create` and `temp-schema create` take in a few milliseconds.
    ///
    /// Those that nobody could take for an hour, such as those of an older version, are dropped. A server does this by itself.
    ///
    /// Example: tenantry tenant ready --count 8
    Ready(ready::ReadyArgs),
    /// Write all of a tenant but its credentials into one file, as it is at one moment.
    ///
    /// Example: tenantry tenant export acme --out acme.tar
    Export(copies::ExportArgs),
    /// Make a tenant of an export, of this database or another.
    ///
    /// Example: tenantry tenant import acme.tar --slug acme-2
    Import(copies::ImportArgs),
    /// Make a tenant that has what another has now, but for its credentials.
    ///
    /// Example: tenantry tenant clone acme acme-sandbox --name "Acme, to try things"
    Clone(copies::CloneArgs),
}

impl Command {
    fn only_looks(&self) -> bool {
        matches!(self, Self::List { .. } | Self::Show(_))
    }
}

#[derive(clap::Args)]
pub(super) struct CreateArgs {
    /// Its name in hosts and headers: lower-case letters, digits and single hyphens
    #[arg(value_parser = Slug::for_new_tenant)]
    slug: Slug,
    /// Its name for people [default: the slug]
    #[arg(long)]
    name: Option<String>,
    /// E-mail of its first admin
    #[arg(long)]
    admin_email: Option<Email>,
    /// Name of its first admin [default: the e-mail]
    #[arg(long, requires = "admin_email")]
    admin_name: Option<String>,
    #[command(flatten)]
    password: PasswordArgs,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct OneArgs {
    /// Its slug or id
    tenant: TenantKey,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(command: Command, config: Box<Config>) -> Result<(), Failure> {
    let opened = if command.only_looks() {
        Opened::to_look(config).await?
    } else {
        Opened::ready(config).await?
    };
    let result = dispatch(command, &opened).await;
    opened.close().await?;
    result
}

async fn dispatch(command: Command, opened: &Opened) -> Result<(), Failure> {
    let deps = opened.deps()?;
    let context = opened.context(&Slug::platform()).await?;
    let tenants = Tenants::new(&deps, &opened.foundation.migrator, context);
    match command {
        Command::Create(args) => create(&tenants, args).await,
        Command::List { deleted, json } => list(&tenants, deleted, json).await,
        Command::Show(one) => {
            let view = tenants.find(id_of(opened, &one).await?).await?;
            show(&view, one.json);
            Ok(())
        }
        Command::Suspend(one) => lead(opened, &tenants, &one, Transition::Suspend).await,
        Command::Activate(one) => lead(opened, &tenants, &one, Transition::Activate).await,
        Command::Cancel(one) => lead(opened, &tenants, &one, Transition::Cancel).await,
        Command::Rename(args) => rename::run(opened, &tenants, args).await,
        Command::Delete(args) => deletion::delete(opened, &tenants, args).await,
        Command::Restore(one) => deletion::restore(opened, &tenants, &one).await,
        Command::Purge { json } => deletion::purge(&tenants, json).await,
        Command::Ready(args) => ready::ready(opened, &args).await,
        Command::Export(args) => copies::export(opened, &tenants, args).await,
        Command::Import(args) => copies::import(opened, &tenants, args).await,
        Command::Clone(args) => copies::clone(opened, &tenants, args).await,
    }
}

async fn create(tenants: &Tenants<'_>, args: CreateArgs) -> Result<(), Failure> {
    let mut to_tell = None;
    let admin = match args.admin_email {
        None => None,
        Some(email) => {
            let chosen = args.password.choose()?;
            to_tell = chosen.to_tell;
            Some(NewAdmin {
                name: args.admin_name.unwrap_or_else(|| email.to_string()),
                email,
                password: chosen.password,
            })
        }
    };
    let new = NewTenant {
        name: args.name.unwrap_or_else(|| args.slug.to_string()),
        slug: args.slug,
        admin,
    };
    // Commands send no Idempotency-Key, so it is made now or not at all.
    if let Once::Now(view) = tenants.create(new, None).await? {
        show(&view, args.json);
    }
    if let Some(password) = to_tell {
        super::output::complain(&format!("the admin's password, told this once: {password}"));
    }
    Ok(())
}

async fn list(tenants: &Tenants<'_>, deleted: bool, json: bool) -> Result<(), Failure> {
    let mut all = Vec::new();
    let mut request = PageRequest {
        after: None,
        limit: MAX_LIMIT,
    };
    loop {
        let page = tenants.list(request).await?;
        all.extend(page.items);
        if page.next.is_none() {
            break;
        }
        request.after = page.next;
    }
    all.retain(|view| deleted || view.status != Status::Deleted);
    if json {
        say_json(&all);
        return Ok(());
    }
    let rows: Vec<_> = all.iter().map(cells).collect();
    say_table(
        &["SLUG", "STATUS", "VERSION", "CREATED", "ID", "NAME"],
        &rows,
    );
    Ok(())
}

async fn lead(
    opened: &Opened,
    tenants: &Tenants<'_>,
    one: &OneArgs,
    to: Transition,
) -> Result<(), Failure> {
    let view = tenants.lead(id_of(opened, one).await?, to).await?;
    show(&view, one.json);
    Ok(())
}

async fn id_of(opened: &Opened, one: &OneArgs) -> Result<Uuid, Failure> {
    Ok(found(opened, &one.tenant).await?.id.0)
}

async fn found(opened: &Opened, key: &TenantKey) -> Result<Arc<Tenant>, Failure> {
    let found = opened.foundation.tenancy.find(key).await?;
    found.ok_or_else(|| {
        Failure::Failed(format!(
            "there is no tenant `{}`; `tenantry tenant list --deleted` shows all",
            name_of(key)
        ))
    })
}

fn name_of(key: &TenantKey) -> String {
    match key {
        TenantKey::Slug(slug) => slug.to_string(),
        TenantKey::Id(id) => id.to_string(),
    }
}

fn show(view: &TenantView, json: bool) {
    if json {
        say_json(view);
        return;
    }
    for (label, value) in [
        ("slug", view.slug.clone()),
        ("name", view.name.clone()),
        ("status", view.status.to_string()),
        ("schema version", view.schema_version.to_string()),
        ("id", view.id.to_string()),
        ("created", view.created_at.to_rfc3339()),
        ("updated", view.updated_at.to_rfc3339()),
    ] {
        say(&format!("{label:14}  {value}"));
    }
    if let Some(tombstone) = view.tombstone {
        let until = tombstone.purge_after.to_rfc3339();
        say(&format!("{:14}  {until}", "restorable to"));
    }
}

fn cells(view: &TenantView) -> Vec<String> {
    vec![
        view.slug.clone(),
        view.status.to_string(),
        view.schema_version.to_string(),
        view.created_at.format("%Y-%m-%d %H:%M").to_string(),
        view.id.to_string(),
        view.name.clone(),
    ]
}
