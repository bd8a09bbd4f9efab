//! What a flag is, what is asked of it, and what it says.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::bucket::Rollout;

/// What a flag's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    /// `true` or `false`.
    Boolean,
    /// A text.
    String,
    /// A number.
    Number,
    /// Anything but `null`.
    Json,
}

impl ValueType {
    /// As tables and the API write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::String => "string",
            Self::Number => "number",
            Self::Json => "json",
        }
    }
}

/// How a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// The attribute is the value.
    Equals,
    /// The attribute is there, and is something else.
    NotEquals,
    /// The attribute is one of the list.
    In,
    /// The attribute is a text with this in it, or a list with this among its items.
    Contains,
    /// The attribute is a number above the value.
    Gt,
    /// The attribute is a number below the value.
    Lt,
    /// The attribute is a version that fits the requirement.
    Semver,
}

/// One thing that must hold for a rule to match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// Name of the attribute: `id`, `email`, `role`, or one that the caller sends.
    pub attribute: String,
    /// How it is compared.
    pub operator: Operator,
    /// With what.
    pub value: Value,
}

/// Who gets which value. Without conditions it is for everybody whom the rollout includes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// How many of those for whom they hold.
    pub rollout: Rollout,
    /// What they get.
    pub value: Value,
}

/// All that a flag says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Its name in programs, unique in the tenant.
    pub key: String,
    /// What it is for; may be empty.
    pub description: String,
    /// What its values are.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// Its switch; off, everybody gets the default.
    pub enabled: bool,
    /// For those whom neither a rule nor the rollout includes.
    pub default_value: Value,
    /// For those whom the rollout includes.
    pub enabled_value: Value,
    /// How many of those whom no rule takes.
    pub rollout: Rollout,
    /// Tried in order; the first that matches decides.
    pub rules: Vec<Rule>,
}

/// A flag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// Its id.
    pub id: Uuid,
    /// What it says.
    #[serde(flatten)]
    pub definition: Definition,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a caller says to change one; `None` leaves a part as it is.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The new key.
    pub key: Option<String>,
    /// The new description.
    pub description: Option<String>,
    /// The new type; the values must fit it.
    pub value_type: Option<ValueType>,
    /// On or off.
    pub enabled: Option<bool>,
    /// The new default.
    pub default_value: Option<Value>,
    /// The new value of those whom the rollout includes.
    pub enabled_value: Option<Value>,
    /// The new rollout.
    pub rollout: Option<Rollout>,
    /// The new rules, all of them.
    pub rules: Option<Vec<Rule>>,
}

impl Change {
    /// What `old` says after this change.
    pub(super) fn of(self, old: Definition) -> Definition {
        Definition {
            key: self.key.unwrap_or(old.key),
            description: self.description.unwrap_or(old.description),
            value_type: self.value_type.unwrap_or(old.value_type),
            enabled: self.enabled.unwrap_or(old.enabled),
            default_value: self.default_value.unwrap_or(old.default_value),
            enabled_value: self.enabled_value.unwrap_or(old.enabled_value),
            rollout: self.rollout.unwrap_or(old.rollout),
            rules: self.rules.unwrap_or(old.rules),
        }
    }
}

/// What somebody is known by, for conditions.
pub(super) type Attributes = BTreeMap<String, Value>;

/// Which flags are asked, and for whom.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// The flags' keys.
    pub keys: Vec<String>,
    /// What the caller tells of the subject: texts, numbers, booleans, and lists of them.
    pub attributes: BTreeMap<String, Value>,
    /// Who is in the bucket, where that is not the caller.
    pub subject: Option<String>,
}

/// Why somebody gets a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The flag is switched off.
    Disabled,
    /// A rule matched.
    RuleMatch,
    /// The flag's own rollout includes them.
    Rollout,
    /// Neither a rule nor the rollout includes them.
    Default,
    /// There is no such flag.
    Unknown,
}

/// What one flag says to one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The flag's key.
    pub key: String,
    /// Whether the flag is switched on.
    pub enabled: bool,
    /// The value; `null` of a flag that does not exist.
    pub value: Value,
    /// Why.
    pub reason: Reason,
}
