//! What an operation is.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// Where an operation, or one step of it, stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// At work, or waiting for the step before.
    Running,
    /// Done.
    Succeeded,
    /// It came to nothing.
    Failed,
}

impl Status {
    /// As the table and the API write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Running, Self::Succeeded, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| format!("`{text}` is no status of an operation"))
    }
}

/// One part of the work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What it does, `snake_case`.
    pub name: String,
    /// Where it stands.
    pub status: Status,
}

/// An operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Its id.
    pub id: Uuid,
    /// What it does, `resource.verb`: `tenant.register`.
    pub kind: String,
    /// The tenant that it is about.
    pub tenant_id: Option<Uuid>,
    /// Where it stands.
    pub status: Status,
    /// Its parts, in order.
    pub steps: Vec<Step>,
    /// What it gave, where that is more than being done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Why it came to nothing.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it last went on.
    pub updated_at: DateTime<Utc>,
}

impl Operation {
    /// One that is done with the transaction that it is written in.
    pub fn done(id: Uuid, kind: &str, tenant_id: Uuid, steps: &[&str], now: DateTime<Utc>) -> Self {
        let mut operation = Self::running(id, kind, Some(tenant_id), steps, now);
        operation.end(Status::Succeeded);
        operation
    }

    /// One that goes on after the transaction that it is written in.
    pub fn running(
        id: Uuid,
        kind: &str,
        tenant_id: Option<Uuid>,
        steps: &[&str],
        now: DateTime<Utc>,
    ) -> Self {
        let status = Status::Running;
        let step = |name: &&str| Step {
            name: (*name).to_owned(),
            status,
        };
        Self {
            id,
            kind: kind.to_owned(),
            tenant_id,
            status,
            steps: steps.iter().map(step).collect(),
            result: None,
            error: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// It, and every step, ends like this.
    pub(super) fn end(&mut self, status: Status) {
        self.status = status;
        for step in &mut self.steps {
            step.status = status;
        }
    }
}
