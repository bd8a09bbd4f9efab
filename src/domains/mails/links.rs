//! What a mail asks its reader to do: follow a link, or send a token where no link can lead.

use crate::config::TENANT_PLACE;
use crate::tenancy::Slug;

/// Where browsers reach tenants.
#[derive(Debug, Clone, Default)]
pub struct Links {
    pattern: Option<String>,
}

/// The one thing to do with a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Follow this.
    Link {
        /// What it does, for the button.
        label: &'static str,
        /// Where it leads.
        url: String,
    },
    /// Send the token.
    Token {
        /// What it does.
        label: &'static str,
        /// Method and path.
        endpoint: &'static str,
        /// Slug, for the header that names the tenant.
        tenant: String,
        /// What it takes.
        token: String,
    },
}

impl Links {
    /// As [`Config::public_url`](crate::config::Config::public_url) says; `None` where no address is known.
    pub fn new(pattern: Option<String>) -> Self {
        Self { pattern }
    }

    /// A page of the tenant's that takes `?token=`. Where no address is known, the mail tells the endpoint instead.
    pub fn page(
        &self,
        tenant: &Slug,
        label: &'static str,
        path: &'static str,
        token: &str,
    ) -> Step {
        match &self.pattern {
            Some(pattern) => {
                let base = pattern.replace(TENANT_PLACE, tenant.as_str());
                let url = format!("{base}{path}?token={token}");
                Step::Link { label, url }
            }
            None => Self::call(tenant, label, path, token),
        }
    }

    /// An endpoint that a program calls by POST, with the token in the body.
    pub fn call(tenant: &Slug, label: &'static str, endpoint: &'static str, token: &str) -> Step {
        Step::Token {
            label,
            endpoint,
            tenant: tenant.to_string(),
            token: token.to_owned(),
        }
    }
}
