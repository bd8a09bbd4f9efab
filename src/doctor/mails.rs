//! Whether mails leave, and whether some stay.

use super::{Finding, unseen};
use crate::app::Foundation;
use crate::config::{Config, MailTransport};
use crate::domains::mails;

const SUBJECT: &str = "mail";
const QUEUE: &str = "mail queue";

pub(super) fn way_out(config: &Config) -> Finding {
    match &config.mail.transport {
        MailTransport::Smtp(relay) => {
            let login = if relay.login.is_some() {
                "with a login"
            } else {
                "without a login"
            };
            Finding::good(
                SUBJECT,
                format!("by {}:{}, {login}", relay.host, relay.port),
            )
        }
        MailTransport::Catcher(dir) => Finding::good(
            SUBJECT,
            format!("caught in {} and at /dev/mails", dir.display()),
        ),
        MailTransport::Nobody => Finding::warning(
            SUBJECT,
            "no mail server is configured, so mails stay in the queue",
            "set SMTP_URL or SENDGRID_API_KEY, and EMAIL_FROM",
        ),
    }
}

pub(super) async fn queue(foundation: &Foundation) -> Finding {
    match mails::state(&foundation.tenancy).await {
        Ok(state) if state.given_up == 0 => {
            Finding::good(QUEUE, format!("{} waiting, none given up", state.waiting))
        }
        Ok(state) => Finding::warning(
            QUEUE,
            format!("{} waiting, {} given up", state.waiting, state.given_up),
            "read `last_error` in public.mails; set `next_try_at` to now() to send one after all, or delete it",
        ),
        Err(error) => unseen(QUEUE, &error),
    }
}
