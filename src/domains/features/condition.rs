//! Whether one condition holds. Pure, and total: what cannot be compared does not hold.
//!
//! A missing attribute fulfils no condition, `not_equals` included: of whom nothing is known, nothing is claimed. So nobody gets into
//! "everybody but the free plan" by leaving the plan out.

use std::cmp::Ordering;

use semver::{Version, VersionReq};
use serde_json::{Number, Value};

use super::model::{Attributes, Condition, Operator};

/// Whether it holds for somebody with these attributes.
pub(super) fn holds(condition: &Condition, attributes: &Attributes) -> bool {
    let Some(actual) = attributes.get(&condition.attribute) else {
        return false;
    };
    let expected = &condition.value;
    match condition.operator {
        Operator::Contains => contains(actual, expected),
        // A list is no value of the others: whether `not_equals` held of one would be a riddle.
        _ if actual.is_array() => false,
        Operator::Equals => same(actual, expected),
        Operator::NotEquals => !same(actual, expected),
        Operator::In => among(expected, actual),
        Operator::Gt => order(actual, expected) == Some(Ordering::Greater),
        Operator::Lt => order(actual, expected) == Some(Ordering::Less),
        Operator::Semver => fits(actual, expected),
    }
}

/// Texts are compared as they are, with their case; numbers by what they are worth, so 1 is 1.0.
fn same(one: &Value, other: &Value) -> bool {
    order(one, other).map_or_else(|| one == other, Ordering::is_eq)
}

fn among(list: &Value, item: &Value) -> bool {
    let items = list.as_array().into_iter().flatten();
    items.into_iter().any(|known| same(known, item))
}

fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::String(whole), Value::String(part)) => whole.contains(part),
        (Value::Array(_), part) => among(whole, part),
        _ => false,
    }
}

/// How two numbers stand to each other; whole ones exactly, beyond what a float can tell apart.
fn order(one: &Value, other: &Value) -> Option<Ordering> {
    let (Value::Number(one), Value::Number(other)) = (one, other) else {
        return None;
    };
    let whole = |number: &Number| {
        let negative = number.as_i64().map(i128::from);
        negative.or_else(|| number.as_u64().map(i128::from))
    };
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}

fn fits(version: &Value, requirement: &Value) -> bool {
    let version = version.as_str().and_then(|text| Version::parse(text).ok());
    let requirement = requirement
        .as_str()
        .and_then(|text| VersionReq::parse(text).ok());
    requirement
        .zip(version)
        .is_some_and(|(requirement, version)| requirement.matches(&version))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use Operator::{Contains, Equals, Gt, In, Lt, NotEquals, Semver};

    fn check(operator: Operator, value: &Value, actual: Option<&Value>) -> bool {
        let condition = Condition {
            attribute: "it".to_owned(),
            operator,
            value: value.clone(),
        };
        let attributes = actual.map(|actual| ("it".to_owned(), actual.clone()));
        holds(&condition, &attributes.into_iter().collect())
    }

    #[test]
    fn each_operator_holds_for_what_it_says() {
        let cases = [
            (Equals, json!("pro"), json!("pro")),
            (Equals, json!(1), json!(1.0)),
            (Equals, json!(true), json!(true)),
            (NotEquals, json!("pro"), json!("free")),
            (NotEquals, json!(1), json!("1")),
            (In, json!(["de", "at", 3]), json!("at")),
            (In, json!(["de", "at", 3]), json!(3.0)),
            (Contains, json!("@acme."), json!("ada@acme.example")),
            (Contains, json!("beta"), json!(["alpha", "beta"])),
            (Contains, json!(2), json!([1, 2.0])),
            (Gt, json!(18), json!(18.5)),
            (
                Gt,
                json!(9_007_199_254_740_992_u64),
                json!(9_007_199_254_740_993_u64),
            ),
            (Lt, json!(0), json!(-1)),
            (Lt, json!(-1), json!(-1.5)),
            (Semver, json!(">=1.2.0, <2"), json!("1.2.0")),
            (Semver, json!(">=1.2.0, <2"), json!("1.99.3")),
            (Semver, json!("^0.3"), json!("0.3.7")),
        ];
        for (operator, value, actual) in cases {
            let said = check(operator, &value, Some(&actual));
            assert!(said, "{actual} {operator:?} {value}");
        }
    }

    #[test]
    fn each_operator_fails_for_everything_else() {
        let cases = [
            (Equals, json!("pro"), json!("Pro")),
            (Equals, json!(1), json!("1")),
            (Equals, json!("a"), json!(["a"])),
            (NotEquals, json!("pro"), json!("pro")),
            (NotEquals, json!(1), json!(1.0)),
            (NotEquals, json!("a"), json!(["b"])),
            (In, json!(["de"]), json!("d")),
            (In, json!([]), json!("de")),
            (In, json!(["de"]), json!(["de"])),
            (Contains, json!("b"), json!("abc".to_uppercase())),
            (Contains, json!("bet"), json!(["beta"])),
            (Contains, json!(1), json!("1")),
            (Gt, json!(18), json!(18)),
            (Gt, json!(18), json!("19")),
            (Lt, json!(18), json!(true)),
            (Semver, json!(">=1.2.0, <2"), json!("2.0.0")),
            (Semver, json!(">=1.2.0, <2"), json!("1.10")),
            (Semver, json!(">=1.2.0"), json!("1.3.0-beta.1")),
            (Semver, json!(">=1.2.0"), json!(2)),
        ];
        for (operator, value, actual) in cases {
            let said = check(operator, &value, Some(&actual));
            assert!(!said, "{actual} {operator:?} {value}");
        }
    }

    #[test]
    fn a_missing_attribute_fulfils_no_condition() {
        for operator in [Equals, NotEquals, In, Contains, Gt, Lt, Semver] {
            for value in [json!("a"), json!(1), json!(["a"]), json!("*")] {
                assert!(!check(operator, &value, None), "{operator:?} {value}");
            }
        }
    }
}
