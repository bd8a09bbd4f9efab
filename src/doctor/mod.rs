//! The doctor: looks at a deployment from the inside, and says how to mend what is wrong.
//!
//! Looking changes nothing but one temporary tenant, which it makes to try the fence and drops again.

mod database;
mod fence;
mod fleet;
mod locks;
mod mails;
mod pooler;
mod secrets;
mod tombstones;

use serde::Serialize;

use crate::app::Foundation;
use crate::config::Config;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should be.
    Good,
    /// It works, but somebody should know.
    Warning,
    /// It does not work, or isolation is weaker than promised.
    Bad,
}

/// What one look showed.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub subject: &'static str,
    /// How it is.
    pub health: Health,
    /// What was seen.
    pub seen: String,
    /// How to mend it; empty where there is nothing to mend.
    pub mend: String,
}

impl Finding {
    fn good(subject: &'static str, seen: impl Into<String>) -> Self {
        Self::new(subject, Health::Good, seen, "")
    }

    fn warning(subject: &'static str, seen: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(subject, Health::Warning, seen, mend)
    }

    fn bad(subject: &'static str, seen: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(subject, Health::Bad, seen, mend)
    }

    fn new(
        subject: &'static str,
        health: Health,
        seen: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            subject,
            health,
            seen: seen.into(),
            mend: mend.into(),
        }
    }
}

/// Looks at everything. A database that cannot be reached ends the examination early.
pub async fn examine(config: &Config, foundation: &Foundation) -> Vec<Finding> {
    let mut findings = vec![secrets::jwt(config), mails::way_out(config)];
    let (reached, is_there) = database::reach(foundation).await;
    findings.push(reached);
    if !is_there {
        return findings;
    }
    findings.extend(database::look(config, foundation).await);
    findings.push(pooler::mode(config).await);
    findings.push(pooler::hearing(config, foundation).await);
    findings.extend(fleet::look(foundation).await);
    findings.push(tombstones::look(foundation).await);
    findings.push(locks::look(foundation).await);
    findings.push(mails::queue(foundation).await);
    findings.push(fence::try_it(foundation).await);
    findings
}

/// A look that failed says so, instead of hiding what it would have shown.
fn unseen(subject: &'static str, error: &dyn std::error::Error) -> Finding {
    Finding::bad(
        subject,
        chain(error),
        "mend what the message says, then ask again",
    )
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        next = cause.source();
    }
    line
}
