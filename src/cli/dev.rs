//! `dev`: everything on this machine, with nothing to set up: a private PostgreSQL, an operator, a demo tenant.

use super::database::{fill_in, start_private};
use super::failure::Failure;
use super::output::say;
use super::password::{made_up, parse};
use super::serve::listen;
use crate::app::{App, Foundation};
use crate::clock::Clock;
use crate::config::{Config, Mode};
use crate::domains::Deps;
use crate::domains::access::{Context, Origin, Role};
use crate::domains::passwords::NewPassword;
use crate::domains::tenants::{NewAdmin, NewTenant, Tenants, TenantsError};
use crate::domains::users::{Email, NewUser, Seeded, Users};
use crate::signals;
use crate::tenancy::{Slug, TenantKey};

/// The demo tenant, and its admin.
const DEMO: &str = "acme";
const DEMO_ADMIN: &str = "admin@acme.example.com";
/// The first operator, unless `ADMIN_EMAIL` names another.
const OPERATOR: &str = "operator@example.com";

pub(super) async fn run(mut config: Box<Config>) -> Result<(), Failure> {
    if config.mode() == Mode::Server {
        return Err(Failure::Failed(
            "`dev` makes its own database; unset DATABASE_URL and APP_ENV, or run `tenantry serve`"
                .to_owned(),
        ));
    }
    let stops = signals::stops()?;
    // Before anything is started: a taken address is the likeliest mistake.
    let listener = listen(&config).await?;
    // The real port, for links in mails.
    config.http.bind_addr = listener.local_addr()?;
    let private = start_private(&config).await?;
    fill_in(&mut config, private.address()).await?;
    let foundation = Foundation::new(&config, Clock::system())?;
    foundation.prepare().await?;
    let app = App::new(&config, foundation.clone()).await?;
    let told = seed(&config, &foundation, app.deps()).await?;
    welcome(&listener.local_addr()?.to_string(), &told);
    let endpoint = app.endpoint();
    let migrate = config.tenancy.migrate_on_start;
    tokio::select! {
        served = app.serve(endpoint, listener, stops, migrate) => served?,
        () = private.gone() => {
            return Err(Failure::Failed(format!(
                "the private PostgreSQL has ended; {}/postgres.log tells why, and the next start finds the data",
                private.data_dir().display()
            )));
        }
    }
    private.stop().await?;
    Ok(())
}

/// What the person in front of the terminal has to know.
struct Told {
    operator: String,
    /// Where the password is, or that it is the one in the environment.
    password: String,
}

/// The operator, the demo tenant and its admin; what is there already stays as it is.
async fn seed(config: &Config, foundation: &Foundation, deps: &Deps) -> Result<Told, Failure> {
    let platform = TenantKey::Slug(Slug::platform());
    let platform = deps.tenancy.serve(&platform).await?;
    let context = Context::for_system(platform, "development seed", Origin::default());
    let (password, kept) = seed_password(config)?;
    let operator: Email = parsed(config.seed.admin_email.as_deref().unwrap_or(OPERATOR))?;
    let new = NewUser {
        email: operator.clone(),
        name: "First operator".to_owned(),
        role: Role::SuperAdmin.into(),
        external_subject: None,
        password: password.clone(),
    };
    let seeded = Users::new(deps, context.clone()).seed(new).await?;
    seed_demo(foundation, deps, context, password).await?;
    Ok(Told {
        operator: operator.to_string(),
        password: match (seeded, kept) {
            (Seeded::Found(_), _) => {
                "as at the first start; to begin anew, delete the folder DATA_DIR (./data)"
                    .to_owned()
            }
            (Seeded::Made(_), None) => "the one in ADMIN_PASSWORD".to_owned(),
            (Seeded::Made(_), Some(text)) => format!("{text}  (told this once)"),
        },
    })
}

async fn seed_demo(
    foundation: &Foundation,
    deps: &Deps,
    context: Context,
    password: NewPassword,
) -> Result<(), Failure> {
    let slug: Slug = DEMO.parse().map_err(Failure::other)?;
    let known = deps.tenancy.find(&TenantKey::Slug(slug.clone())).await?;
    if known.is_some() {
        return Ok(());
    }
    let new = NewTenant {
        slug,
        name: "Acme (demo)".to_owned(),
        admin: Some(NewAdmin {
            email: parsed(DEMO_ADMIN)?,
            name: "Demo admin".to_owned(),
            password,
        }),
    };
    let tenants = Tenants::new(deps, &foundation.migrator, context);
    match tenants.create(new, None).await {
        // Somebody was faster, which is as good.
        Ok(_) | Err(TenantsError::SlugTaken(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The operator's and the demo admin's; its text where it was made up.
fn seed_password(config: &Config) -> Result<(NewPassword, Option<String>), Failure> {
    if let Some(secret) = &config.seed.admin_password {
        return Ok((parse(secret.clone())?, None));
    }
    let chosen = made_up()?;
    Ok((chosen.password, chosen.to_tell))
}

fn parsed(email: &str) -> Result<Email, Failure> {
    email.parse().map_err(Failure::other)
}

fn welcome(address: &str, told: &Told) {
    say(&format!(
        "
tenantry is ready.

  API          http://{address}/api/v1
  Docs         http://{address}/docs
  Mails        http://{address}/dev/mails
  Operator     {operator}  (tenant: platform)
  Demo admin   {DEMO_ADMIN}  (tenant: {DEMO})
  Password     {password}

Try it:
  curl -s http://{address}/api/v1/auth/login -H 'X-Tenant-ID: {DEMO}' -H 'Content-Type: application/json' \\
       -d '{{\"email\": \"{DEMO_ADMIN}\", \"password\": \"…\"}}'

Ctrl-C stops everything.
",
        operator = told.operator,
        password = told.password,
    ));
}
