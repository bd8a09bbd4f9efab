//! `user`: make users, operators among them.

use clap::Subcommand;
use serde_json::json;

use super::database::Opened;
use super::failure::Failure;
use super::output::{complain, say, say_json};
use super::password::PasswordArgs;
use crate::config::Config;
use crate::domains::access::RoleName;
use crate::domains::users::{Email, NewUser, Users};
use crate::tenancy::Slug;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make a user. An operator is a user of the tenant `platform` with the role `super_admin`.
    ///
    /// Example: tenantry user create ada@example.com --tenant platform --role super_admin
    Create {
        /// E-mail to sign in with
        email: Email,
        /// Slug of the tenant
        #[arg(long)]
        tenant: Slug,
        /// guest, member, admin, super_admin (in `platform` only), or a role of the tenant's own
        #[arg(long, default_value = "member")]
        role: RoleName,
        /// Name for people [default: the e-mail]
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        password: PasswordArgs,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: Command, config: Box<Config>) -> Result<(), Failure> {
    let opened = Opened::ready(config).await?;
    let result = create(command, &opened).await;
    opened.close().await?;
    result
}

async fn create(command: Command, opened: &Opened) -> Result<(), Failure> {
    let Command::Create {
        email,
        tenant,
        role,
        name,
        password,
        json,
    } = command;
    let chosen = password.choose()?;
    let deps = opened.deps()?;
    let users = Users::new(&deps, opened.context(&tenant).await?);
    let new = NewUser {
        name: name.unwrap_or_else(|| email.to_string()),
        email,
        role,
        external_subject: None,
        password: chosen.password,
    };
    let user = users.create(new, None).await?.into_inner();
    if json {
        say_json(
            &json!({ "id": user.id, "email": user.email, "role": user.role, "tenant": tenant.as_str() }),
        );
    } else {
        say(&format!("{}  {}  {}", user.id, user.email, user.role));
    }
    if let Some(password) = chosen.to_tell {
        complain(&format!("the password, told this once: {password}"));
    }
    Ok(())
}
