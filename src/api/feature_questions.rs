//! What `/features/evaluate` hears and says.

use std::collections::HashMap;

use poem_openapi::{Enum, Object};
use serde_json::Value;

use crate::domains::features::{Evaluation, Question, Reason};

/// Which flags are asked, and for whom.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "FeatureQuestion")]
pub(super) struct QuestionIn {
    /// Keys of the flags, 1 to 100, each once and of at most 100 characters.
    #[oai(validator(min_items = 1, max_items = 100, unique_items))]
    keys: Vec<String>,
    /// What the caller knows of the subject, for conditions: texts of at most 1,000 characters, numbers, booleans, and lists of at most 100 of these. `id`,
    /// `email` and `role` are the caller's own and cannot be sent.
    #[oai(default, validator(max_properties = 100))]
    attributes: HashMap<String, Value>,
    /// Whose bucket counts, where that is not the caller: any stable name, 1 to 200 characters. Then `id`, `email` and `role` are missing.
    #[oai(validator(min_length = 1, max_length = 200))]
    subject: Option<String>,
}

impl From<QuestionIn> for Question {
    fn from(body: QuestionIn) -> Self {
        Self {
            keys: body.keys,
            attributes: body.attributes.into_iter().collect(),
            subject: body.subject,
        }
    }
}

/// Why somebody gets a value.
#[derive(Enum, Clone, Copy)]
#[oai(rename = "FeatureReason", rename_all = "snake_case", remote = "Reason")]
enum ReasonName {
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
#[derive(Object)]
#[oai(rename = "FeatureEvaluation")]
struct EvaluationOut {
    /// The flag's key.
    key: String,
    /// Whether the flag is switched on.
    enabled: bool,
    /// The value; `null` of a flag that does not exist.
    value: Value,
    /// Why it is this value.
    reason: ReasonName,
}

impl From<Evaluation> for EvaluationOut {
    fn from(evaluation: Evaluation) -> Self {
        Self {
            key: evaluation.key,
            enabled: evaluation.enabled,
            value: evaluation.value,
            reason: evaluation.reason.into(),
        }
    }
}

/// What the flags say, in the order in which they were asked.
#[derive(Object)]
#[oai(rename = "FeatureEvaluations")]
pub(super) struct EvaluationsOut {
    /// One entry for each key.
    data: Vec<EvaluationOut>,
}

impl From<Vec<Evaluation>> for EvaluationsOut {
    fn from(evaluations: Vec<Evaluation>) -> Self {
        Self {
            data: evaluations.into_iter().map(EvaluationOut::from).collect(),
        }
    }
}
