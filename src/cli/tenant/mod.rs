//! `tenant`: make tenants, and lead them through their life.

use clap::Subcommand;

use super::database::Opened;
use super::failure::Failure;
use super::output::{say, say_json, say_table};
use super::password::PasswordArgs;
use crate::config::Config;
use crate::domains::idempotency::Once;
use crate::domains::tenants::{NewAdmin, NewTenant, TenantView, Tenants, Transition};
use crate::domains::users::Email;
use crate::pagination::{MAX_LIMIT, PageRequest};
use crate::tenancy::{Slug, TenantKey};

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
}

#[derive(clap::Args)]
pub(super) struct CreateArgs {
    /// Its name in hosts and headers: lower-case letters, digits and single hyphens
    slug: String,
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
    let opened = Opened::ready(config).await?;
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
        Command::List { json } => list(&tenants, json).await,
        Command::Show(one) => {
            let view = tenants.find(id_of(opened, &one).await?).await?;
            show(&view, one.json);
            Ok(())
        }
        Command::Suspend(one) => lead(opened, &tenants, &one, Transition::Suspend).await,
        Command::Activate(one) => lead(opened, &tenants, &one, Transition::Activate).await,
        Command::Cancel(one) => lead(opened, &tenants, &one, Transition::Cancel).await,
    }
}

async fn create(tenants: &Tenants<'_>, args: CreateArgs) -> Result<(), Failure> {
    let slug = Slug::for_new_tenant(&args.slug).map_err(Failure::other)?;
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
        name: args.name.unwrap_or_else(|| slug.to_string()),
        slug,
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

async fn list(tenants: &Tenants<'_>, json: bool) -> Result<(), Failure> {
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

async fn id_of(opened: &Opened, one: &OneArgs) -> Result<uuid::Uuid, Failure> {
    let found = opened.foundation.tenancy.find(&one.tenant).await?;
    match found {
        Some(tenant) => Ok(tenant.id.0),
        None => Err(Failure::Failed(format!(
            "there is no tenant `{}`; `tenantry tenant list` shows all",
            name_of(&one.tenant)
        ))),
    }
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
