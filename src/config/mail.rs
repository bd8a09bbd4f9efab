//! Who sends our mails, in whose name, and where the links in them lead.

use std::path::PathBuf;

use lettre::message::Mailbox;
use secrecy::SecretString;
use url::Url;

use super::env::{Reader, Reported};
use super::smtp_relay::SmtpRelay;
use super::variable::{Fallback, Group, Variable};

const SMTP_URL: Variable = Variable {
    name: "SMTP_URL",
    default: Fallback::Nothing,
    shape: "an address such as `smtp://login:password@mx.example.com:587` (STARTTLS; `?tls=off` for a relay in one's own network) or `smtps://…`",
    doc: "Mail server that takes our mails. Development mode catches them where none is set; elsewhere they wait for one.",
    secret: true,
};
const SENDGRID_API_KEY: Variable = Variable {
    name: "SENDGRID_API_KEY",
    default: Fallback::Nothing,
    shape: "a key of SendGrid's, which begins with `SG.`",
    doc: "Sends mails by SendGrid's relay, in place of SMTP_URL.",
    secret: true,
};
const EMAIL_FROM: Variable = Variable {
    name: "EMAIL_FROM",
    default: Fallback::Computed("`tenantry <tenantry@localhost>` while no mail leaves"),
    shape: "an address such as `Example <no-reply@example.com>`",
    doc: "Sender of our mails; needed with SMTP_URL or SENDGRID_API_KEY.",
    secret: false,
};
const PUBLIC_URL: Variable = Variable {
    name: "PUBLIC_URL",
    default: Fallback::Computed(
        "`https://{tenant}.BASE_DOMAIN`; below localhost, http and our own port",
    ),
    shape: "an address with `{tenant}` in it, such as `https://{tenant}.example.com`",
    doc: "Where browsers reach a tenant; links in mails begin with it.",
    secret: false,
};

pub(super) const GROUP: Group = Group {
    title: "Mail",
    variables: &[SMTP_URL, SENDGRID_API_KEY, EMAIL_FROM, PUBLIC_URL],
};

/// What stands in for the tenant's slug in `PUBLIC_URL`.
pub const TENANT_PLACE: &str = "{tenant}";

/// Who takes mails from us.
#[derive(Debug, Clone)]
pub enum MailTransport {
    /// A mail server.
    Smtp(SmtpRelay),
    /// This folder, and a page that shows them. Development mode only: whoever can see the page can take over any account.
    Catcher(PathBuf),
    /// Nobody yet: they stay in the queue.
    Nobody,
}

/// Who sends our mails, in whose name, and where the links in them lead.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// Who takes them.
    pub transport: MailTransport,
    /// Their sender.
    pub from: Mailbox,
    /// Where browsers reach a tenant, as given, without a slash at the end.
    pub public_url: Option<String>,
}

impl MailConfig {
    /// Reads the section. In development mode, `catcher` is the folder for mails that nobody takes.
    pub(super) fn from_env(
        reader: &mut Reader,
        catcher: Option<PathBuf>,
    ) -> Result<Self, Reported> {
        let relay = reader.optional(&SMTP_URL, SmtpRelay::parse);
        let key = reader.optional(&SENDGRID_API_KEY, sendgrid_key);
        let sends = reader.is_set(&SMTP_URL) || reader.is_set(&SENDGRID_API_KEY);
        let why = "somebody must be named as the sender of mails";
        let from = reader.needed_if(sends, why, &EMAIL_FROM, str::parse);
        let public_url = reader.optional(&PUBLIC_URL, public_url);
        let transport = match (relay?, key?) {
            (Some(_), Some(_)) => {
                let message =
                    "expected one mail server; SMTP_URL is set as well; unset one of them";
                return Err(reader.report(SENDGRID_API_KEY.name, message));
            }
            (Some(relay), None) => MailTransport::Smtp(relay),
            (None, Some(key)) => MailTransport::Smtp(SmtpRelay::sendgrid(key)),
            (None, None) => catcher.map_or(MailTransport::Nobody, MailTransport::Catcher),
        };
        Ok(Self {
            transport,
            from: match from? {
                Some(from) => from,
                None => nobody(reader)?,
            },
            public_url: public_url?,
        })
    }
}

/// The sender of mails that do not leave.
fn nobody(reader: &mut Reader) -> Result<Mailbox, Reported> {
    "tenantry <tenantry@localhost>"
        .parse()
        .map_err(|_| reader.report(EMAIL_FROM.name, "expected an address; set it"))
}

fn sendgrid_key(text: &str) -> Result<SecretString, &'static str> {
    if text.starts_with("SG.") && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text.into())
    } else {
        Err("it does not look like one")
    }
}

fn public_url(text: &str) -> Result<String, String> {
    if !text.contains(TENANT_PLACE) {
        return Err(format!(
            "it has no `{TENANT_PLACE}`, so a link could not name its tenant"
        ));
    }
    let url = Url::parse(&text.replace(TENANT_PLACE, "acme")).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https")
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err("it is no http(s) address without `?` and `#`".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_names_its_tenant() {
        for good in [
            "https://{tenant}.example.com/",
            "https://example.com/t/{tenant}",
        ] {
            assert_eq!(public_url(good), Ok(good.trim_end_matches('/').to_owned()));
        }
        for bad in [
            "https://example.com",
            "{tenant}.example.com",
            "https://{tenant}.example.com?a",
        ] {
            assert!(public_url(bad).is_err(), "{bad} was taken");
        }
    }
}
