//! The rules of a feature flag, as `/features` hears and says them.

use poem_openapi::{Enum, Object};
use serde_json::Value;

use crate::domains::features::{Condition, Operator, Rollout, Rule};
use crate::error::FieldError;

/// How a condition compares. None holds for an attribute that is missing.
#[derive(Enum, Clone, Copy)]
#[oai(
    rename = "FeatureOperator",
    rename_all = "snake_case",
    remote = "Operator"
)]
enum OperatorName {
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
    /// The attribute is a version that fits the requirement, such as `>=1.2.0, <2`.
    Semver,
}

/// One thing that must hold for a rule to match.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "FeatureCondition")]
struct ConditionBody {
    /// `id`, `email` or `role` of the caller, or an attribute that is sent; 1 to 100 characters.
    #[oai(validator(min_length = 1, max_length = 100))]
    attribute: String,
    /// How it is compared. None holds for an attribute that is missing.
    operator: OperatorName,
    /// With what: a list of 1 to 100 for `in`, a number for `gt` and `lt`, a requirement for `semver`, else a text of at most 1,000 characters, a number
    /// or a boolean.
    value: Value,
}

/// Who gets which value.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "FeatureRule")]
pub(super) struct RuleBody {
    /// All must hold, at most 20; with none it is for everybody.
    #[oai(validator(max_items = 20))]
    conditions: Vec<ConditionBody>,
    /// Percent of those for whom the conditions hold, with at most three decimals; all if left out.
    #[oai(
        default = "everybody",
        validator(minimum(value = "0"), maximum(value = "100"))
    )]
    rollout: f64,
    /// What they get; of the flag's type, at most 16 KiB.
    value: Value,
}

/// The rollout of whoever names none, in percent.
pub(super) fn everybody() -> f64 {
    Rollout::ALL.into()
}

impl From<Rule> for RuleBody {
    fn from(rule: Rule) -> Self {
        let conditions = rule.conditions.into_iter();
        let body = |condition: Condition| ConditionBody {
            attribute: condition.attribute,
            operator: condition.operator.into(),
            value: condition.value,
        };
        Self {
            conditions: conditions.map(body).collect(),
            rollout: rule.rollout.into(),
            value: rule.value,
        }
    }
}

/// The rollout at `pointer`; `None` with a mistake if it is none.
pub(super) fn rollout(
    percent: f64,
    pointer: impl Into<String>,
    mistakes: &mut Vec<FieldError>,
) -> Option<Rollout> {
    let note = |e| mistakes.push(FieldError::new(pointer, "not_a_rollout", format!("{e}")));
    Rollout::try_from(percent).map_err(note).ok()
}

/// The rules of a body, but those with a mistake.
pub(super) fn rules(bodies: Vec<RuleBody>, mistakes: &mut Vec<FieldError>) -> Vec<Rule> {
    let bodies = bodies.into_iter().enumerate();
    let rule = |(index, body): (usize, RuleBody)| {
        let conditions = body.conditions.into_iter();
        let condition = |body: ConditionBody| Condition {
            attribute: body.attribute,
            operator: body.operator.into(),
            value: body.value,
        };
        Some(Rule {
            conditions: conditions.map(condition).collect(),
            rollout: rollout(body.rollout, format!("/rules/{index}/rollout"), mistakes)?,
            value: body.value,
        })
    };
    bodies.filter_map(rule).collect()
}
