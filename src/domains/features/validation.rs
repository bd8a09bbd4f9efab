//! What a flag's definition and a question must keep to beyond the schema of their bodies; every mistake with its pointer.

use semver::VersionReq;
use serde_json::{Value, json};

use super::model::{Condition, Definition, Operator, Question, ValueType};
use crate::error::FieldError;

/// The most bytes of a value, written as JSON.
const MAX_VALUE_BYTES: usize = 16 * 1024;
/// The most bytes of all rules of a flag, written as JSON: an evaluation reads those of up to 100 flags.
const MAX_RULES_BYTES: usize = 128 * 1024;
/// The most items of a list that an attribute is compared with, or is.
const MAX_ITEMS: usize = 100;
/// The longest text in a condition or an attribute, in characters.
const MAX_TEXT: usize = 1_000;
/// The longest key of a flag, in characters; what is longer is no key, and nobody is told it again.
const MAX_KEY: usize = 100;
/// What the program knows of the caller itself, and nobody tells it.
pub(super) const BUILT_IN: [&str; 3] = ["id", "email", "role"];

/// Every mistake of a definition.
pub(super) fn mistakes_of(definition: &Definition) -> Vec<FieldError> {
    let mut mistakes = Vec::new();
    let value_type = definition.value_type;
    let mut check = |pointer: String, value| mistakes.extend(misfit(value_type, pointer, value));
    check("/default_value".to_owned(), &definition.default_value);
    check("/enabled_value".to_owned(), &definition.enabled_value);
    for (index, rule) in definition.rules.iter().enumerate() {
        check(format!("/rules/{index}/value"), &rule.value);
    }
    for (index, rule) in definition.rules.iter().enumerate() {
        for (place, condition) in rule.conditions.iter().enumerate() {
            let pointer = format!("/rules/{index}/conditions/{place}/value");
            mistakes.extend(unusable(condition, pointer));
        }
    }
    let bytes = json!(definition.rules).to_string().len();
    if bytes > MAX_RULES_BYTES {
        let detail = format!("expected at most {MAX_RULES_BYTES} bytes of JSON, came {bytes}");
        mistakes.push(FieldError::new("/rules", "too_long", detail));
    }
    mistakes
}

/// Every mistake of a question.
pub(super) fn mistakes_in(question: &Question) -> Vec<FieldError> {
    let keys = question.keys.iter().enumerate();
    let long = keys.filter(|(_, key)| key.chars().count() > MAX_KEY);
    let long = long.map(|(index, _)| {
        let detail = format!("expected at most {MAX_KEY} characters, as keys have");
        FieldError::new(format!("/keys/{index}"), "too_long", detail)
    });
    let attributes = question.attributes.iter();
    let mistakes = attributes.filter_map(|(name, value)| {
        let pointer = format!("/attributes/{}", name.replace('~', "~0").replace('/', "~1"));
        if BUILT_IN.contains(&name.as_str()) {
            let detail = format!("expected no `{name}`: the caller's own is taken; leave it out");
            return Some(FieldError::new(pointer, "reserved_attribute", detail));
        }
        let usable = is_scalar(value) || is_list(value);
        (!usable).then(|| {
            let detail = format!(
                "expected a text of at most {MAX_TEXT} characters, a number, a boolean, or a list of at most {MAX_ITEMS} of them"
            );
            FieldError::new(pointer, "unusable_attribute", detail)
        })
    });
    long.chain(mistakes).collect()
}

fn misfit(value_type: ValueType, pointer: String, value: &Value) -> Option<FieldError> {
    let (fits, expected) = match value_type {
        ValueType::Boolean => (value.is_boolean(), "a boolean"),
        ValueType::String => (value.is_string(), "a string"),
        ValueType::Number => (value.is_number(), "a number"),
        ValueType::Json => (!value.is_null(), "any JSON but null"),
    };
    if !fits {
        let detail = format!("expected {expected}, as the flag's type says");
        return Some(FieldError::new(pointer, "wrong_type", detail));
    }
    let bytes = value.to_string().len();
    (bytes > MAX_VALUE_BYTES).then(|| {
        let detail = format!("expected at most {MAX_VALUE_BYTES} bytes of JSON, came {bytes}");
        FieldError::new(pointer, "too_long", detail)
    })
}

/// A condition whose value its operator cannot use.
fn unusable(condition: &Condition, pointer: String) -> Option<FieldError> {
    let value = &condition.value;
    let (usable, expected) = match condition.operator {
        Operator::Equals | Operator::NotEquals | Operator::Contains => (
            is_scalar(value),
            "a text of at most 1000 characters, a number or a boolean",
        ),
        Operator::In => (
            is_list(value) && value.as_array().is_some_and(|items| !items.is_empty()),
            "a list of 1 to 100 texts, numbers or booleans",
        ),
        Operator::Gt | Operator::Lt => (value.is_number(), "a number"),
        Operator::Semver => (
            is_scalar(value) && value.as_str().is_some_and(is_requirement),
            "a version requirement such as `>=1.2.0, <2`",
        ),
    };
    (!usable).then(|| {
        let detail = format!("expected {expected}, as the operator needs it");
        FieldError::new(pointer, "unusable_value", detail)
    })
}

fn is_requirement(text: &str) -> bool {
    VersionReq::parse(text).is_ok()
}

fn is_scalar(value: &Value) -> bool {
    match value {
        Value::String(text) => text.chars().count() <= MAX_TEXT,
        other => other.is_number() || other.is_boolean(),
    }
}

fn is_list(value: &Value) -> bool {
    let items = value.as_array();
    items.is_some_and(|items| items.len() <= MAX_ITEMS && items.iter().all(is_scalar))
}
