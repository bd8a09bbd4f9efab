//! `temp-schema`: a migrated schema for one test or one CI job, in any language.

use std::time::Duration;

use chrono::TimeDelta;
use clap::Subcommand;
use serde_json::json;
use uuid::Uuid;

use super::database::Opened;
use super::failure::Failure;
use super::output::{complain, say, say_json};
use crate::config::{Config, DatabaseConfig, DatabaseUrl};
use crate::domains::tenants::{
    TemporaryTenant, create_temporary, drop_temporary, open_temporary, reap_expired, reap_set_aside,
};
use crate::tenancy::{Slug, TenantId, TenantKey};

#[derive(Subcommand)]
#[expect(clippy::doc_markdown, reason = "help is read in a terminal")]
pub(super) enum Command {
    /// Make a migrated, empty tenant schema under a fresh name, and print how to reach it.
    ///
    /// It is dropped by `drop`; after its time by `reap`, or by the next `create`.
    ///
    /// Example: eval "$(tenantry temp-schema create)" && psql "$TENANTRY_DSN"
    #[command(verbatim_doc_comment)]
    Create {
        /// How long it may live, such as 90s, 30m or 1h
        #[arg(long, default_value = "1h", value_parser = ttl)]
        ttl: TimeDelta,
        /// Print as JSON instead of lines for a shell
        #[arg(long)]
        json: bool,
    },
    /// Drop one, with all that is in it.
    ///
    /// Example: tenantry temp-schema drop "$TENANTRY_SCHEMA"
    Drop {
        /// Its slug, id or schema name, as `create` printed it
        name: String,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Drop those whose time is over: what killed jobs left. Run it on a schedule.
    ///
    /// Example: tenantry temp-schema reap
    Reap {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: Command, config: Box<Config>) -> Result<(), Failure> {
    let opened = Opened::ready(config).await?;
    let result = match command {
        Command::Create { ttl, json } => create(&opened, ttl, json).await,
        Command::Drop { name, json } => drop_one(&opened, &name, json).await,
        Command::Reap { json } => reap(&opened, json).await,
    };
    opened.close().await?;
    result
}

async fn create(opened: &Opened, ttl: TimeDelta, json: bool) -> Result<(), Failure> {
    let foundation = &opened.foundation;
    let url = open_to_all(&opened.config.database)?;
    if let Err(error) = reap_expired(&foundation.migrator, &foundation.clock).await {
        let error = crate::error::Error::from(error);
        complain(&format!("an expired schema stays: {}", error.chain()));
    }
    let made = create_temporary(&foundation.migrator, &foundation.clock, ttl).await?;
    let dsn = dsn(opened, url, &made).await?;
    if json {
        say_json(&json!({
            "id": made.id,
            "slug": made.slug.as_str(),
            "schema": made.schema.as_str(),
            "dsn": dsn,
            "expires_at": made.expires_at,
        }));
    } else {
        say(&format!("export TENANTRY_TENANT={}", made.slug));
        say(&format!("export TENANTRY_SCHEMA={}", made.schema.as_str()));
        say(&format!("export TENANTRY_DSN='{dsn}'"));
    }
    Ok(())
}

/// How to reach the schema: as its own role, which can enter nothing else. Without the fence there is no such role, and it is the
/// application's own address with the schema's path.
async fn dsn(
    opened: &Opened,
    url: &DatabaseUrl,
    made: &TemporaryTenant,
) -> Result<String, Failure> {
    let schema = made.schema.as_str();
    let options = format!("-csearch_path={schema}");
    if !opened.config.database.role_fence {
        return Ok(url.with_options(&options));
    }
    let password = open_temporary(&opened.foundation.migrator, made).await?;
    Ok(url.signed_in_as(schema, &password).with_options(&options))
}

/// The address that people are given: a path in its options needs a session, so it leads past a transaction pooler.
fn open_to_all(config: &DatabaseConfig) -> Result<&DatabaseUrl, Failure> {
    let url = if config.role_fence {
        config.any_session_url()
    } else {
        config.session_url()
    };
    url.ok_or_else(|| {
        Failure::Failed(
            "expected an address past the transaction pooler for the schema, got none; set DIRECT_DATABASE_URL".to_owned(),
        )
    })
}

async fn drop_one(opened: &Opened, name: &str, json: bool) -> Result<(), Failure> {
    // The slug of one that is half dropped is in the registry no more, but has its id in it.
    let prefix = ["t_", "tmp-"]
        .into_iter()
        .find_map(|prefix| name.strip_prefix(prefix));
    let id = match prefix.unwrap_or(name).parse::<Uuid>() {
        Ok(id) => Some(TenantId(id)),
        Err(_) => match name.parse::<Slug>() {
            Ok(slug) => {
                let found = opened
                    .foundation
                    .tenancy
                    .find(&TenantKey::Slug(slug))
                    .await?;
                found.map(|tenant| tenant.id)
            }
            Err(_) => None,
        },
    };
    let dropped = match id {
        Some(id) => drop_temporary(&opened.foundation.migrator, id).await?,
        None => false,
    };
    if !dropped {
        return Err(Failure::Failed(format!(
            "there is no temporary schema `{name}`; expected the slug, id or schema name that `create` printed"
        )));
    }
    if json {
        say_json(&json!({ "dropped": id }));
    } else {
        say(&format!("dropped {name}"));
    }
    Ok(())
}

async fn reap(opened: &Opened, json: bool) -> Result<(), Failure> {
    let foundation = &opened.foundation;
    let expired = reap_expired(&foundation.migrator, &foundation.clock).await?;
    let reaped = expired + reap_set_aside(&foundation.migrator).await?;
    if json {
        say_json(&json!({ "dropped": reaped }));
    } else {
        say(&format!("dropped {reaped} expired schemas"));
    }
    Ok(())
}

fn ttl(text: &str) -> Result<TimeDelta, String> {
    let wrong = || format!("expected a time such as 90s, 30m or 1h, got `{text}`");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let amount: u64 = digits.parse().map_err(|_| wrong())?;
    let seconds = match &text[digits.len()..] {
        "s" => amount,
        "m" => amount.saturating_mul(60),
        "h" => amount.saturating_mul(3600),
        _ => return Err(wrong()),
    };
    let longest = Duration::from_hours(7 * 24);
    let asked = Duration::from_secs(seconds);
    if asked.is_zero() || asked > longest {
        return Err("expected 1s to 168h".to_owned());
    }
    TimeDelta::from_std(asked).map_err(|_| wrong())
}
