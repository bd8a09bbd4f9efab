//! What `/features` hears and says of flags.

use chrono::{DateTime, Utc};
use poem_openapi::{Enum, Object};
use serde_json::Value;
use uuid::Uuid;

use super::feature_rules::{RuleBody, everybody, rollout, rules};
use crate::domains::features::{Change, Definition, Feature, ValueType};
use crate::error::{Error, FieldError};

/// What a flag's values are.
#[derive(Enum, Clone, Copy)]
#[oai(
    rename = "FeatureType",
    rename_all = "snake_case",
    remote = "ValueType"
)]
pub(super) enum TypeName {
    /// `true` or `false`.
    Boolean,
    /// A text.
    String,
    /// A number.
    Number,
    /// Any JSON but `null`.
    Json,
}

/// A feature flag.
#[derive(Object)]
#[oai(rename = "Feature")]
pub(super) struct FeatureOut {
    /// Its id.
    pub(super) id: Uuid,
    /// Its name in programs, unique in the tenant.
    key: String,
    /// What it is for.
    description: String,
    /// What its values are.
    #[oai(rename = "type")]
    value_type: TypeName,
    /// Its switch; off, everybody gets the default.
    enabled: bool,
    /// For those whom neither a rule nor the rollout includes, and for all while it is off.
    default_value: Value,
    /// For those whom the rollout includes.
    enabled_value: Value,
    /// Percent of those whom no rule takes who get `enabled_value`.
    rollout: f64,
    /// Tried in order; the first that matches decides.
    rules: Vec<RuleBody>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl From<Feature> for FeatureOut {
    fn from(feature: Feature) -> Self {
        let says = feature.definition;
        Self {
            id: feature.id,
            key: says.key,
            description: says.description,
            value_type: says.value_type.into(),
            enabled: says.enabled,
            default_value: says.default_value,
            enabled_value: says.enabled_value,
            rollout: says.rollout.into(),
            rules: says.rules.into_iter().map(RuleBody::from).collect(),
            created_at: feature.created_at,
            updated_at: feature.updated_at,
        }
    }
}

/// What makes a flag, or replaces one.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "FeatureNew")]
pub(super) struct FeatureIn {
    /// Its name in programs, unique in the tenant: a lower-case letter, then up to 99 of these, digits, `_`, `.` and `-`.
    #[oai(validator(pattern = "^[a-z][a-z0-9_.-]{0,99}$"))]
    key: String,
    /// What it is for; at most 10,000 characters.
    #[oai(default, validator(max_length = 10000))]
    description: String,
    /// What its values are.
    #[oai(rename = "type")]
    value_type: TypeName,
    /// Its switch; off if left out.
    #[oai(default)]
    enabled: bool,
    /// For those whom neither a rule nor the rollout includes; of the flag's type, at most 16 KiB.
    default_value: Value,
    /// For those whom the rollout includes; of the flag's type, at most 16 KiB.
    enabled_value: Value,
    /// Percent of those whom no rule takes who get `enabled_value`, with at most three decimals; all if left out.
    #[oai(
        default = "everybody",
        validator(minimum(value = "0"), maximum(value = "100"))
    )]
    rollout: f64,
    /// Tried in order, at most 50 and 128 KiB; the first that matches decides.
    #[oai(default, validator(max_items = 50))]
    rules: Vec<RuleBody>,
}

impl FeatureIn {
    /// The rules that the schema cannot tell and that need no flag's type.
    pub(super) fn parse(self) -> Result<Definition, Error> {
        let mut mistakes = Vec::new();
        let rollout = rollout(self.rollout, "/rollout", &mut mistakes);
        let rules = rules(self.rules, &mut mistakes);
        match (rollout, mistakes.is_empty()) {
            (Some(rollout), true) => Ok(Definition {
                key: self.key,
                description: self.description,
                value_type: self.value_type.into(),
                enabled: self.enabled,
                default_value: self.default_value,
                enabled_value: self.enabled_value,
                rollout,
                rules,
            }),
            _ => Err(Error::validation(mistakes)),
        }
    }
}

/// What changes in a flag; a field that is left out stays as it is.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "FeatureChange")]
pub(super) struct FeaturePatch {
    /// The new key, which deals all people to the rollouts anew.
    #[oai(validator(pattern = "^[a-z][a-z0-9_.-]{0,99}$"))]
    key: Option<String>,
    /// The new description; at most 10,000 characters.
    #[oai(validator(max_length = 10000))]
    description: Option<String>,
    /// The new type; all values must fit it.
    #[oai(rename = "type")]
    value_type: Option<TypeName>,
    /// On or off.
    enabled: Option<bool>,
    /// The new default; of the flag's type, at most 16 KiB.
    default_value: Option<Value>,
    /// The new value of those whom the rollout includes; of the flag's type, at most 16 KiB.
    enabled_value: Option<Value>,
    /// The new rollout in percent, with at most three decimals.
    #[oai(validator(minimum(value = "0"), maximum(value = "100")))]
    rollout: Option<f64>,
    /// The new rules, all of them; at most 50 and 128 KiB.
    #[oai(validator(max_items = 50))]
    rules: Option<Vec<RuleBody>>,
}

impl FeaturePatch {
    /// See [`FeatureIn::parse`].
    pub(super) fn parse(self) -> Result<Change, Error> {
        let mut mistakes: Vec<FieldError> = Vec::new();
        let percent = self.rollout;
        let change = Change {
            key: self.key,
            description: self.description,
            value_type: self.value_type.map(ValueType::from),
            enabled: self.enabled,
            default_value: self.default_value,
            enabled_value: self.enabled_value,
            rollout: percent.and_then(|percent| rollout(percent, "/rollout", &mut mistakes)),
            rules: self.rules.map(|bodies| rules(bodies, &mut mistakes)),
        };
        if mistakes.is_empty() {
            Ok(change)
        } else {
            Err(Error::validation(mistakes))
        }
    }
}
