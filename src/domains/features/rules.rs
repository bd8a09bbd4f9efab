//! What a flag says to one subject. Pure: the same flag, subject and attributes give the same answer on every node.
//!
//! All rollouts of one flag ask one bucket. So raising any of them only adds people, and moving or adding a rule deals nobody's cards anew.

use serde_json::Value;

use super::bucket::bucket;
use super::condition::holds;
use super::model::{Attributes, Definition, Evaluation, Reason};

/// What `flag` says to `subject`, of whom `attributes` are known.
pub(super) fn evaluate(flag: &Definition, subject: &str, attributes: &Attributes) -> Evaluation {
    let (value, reason) = decide(flag, subject, attributes);
    Evaluation {
        key: flag.key.clone(),
        enabled: flag.enabled,
        value: value.clone(),
        reason,
    }
}

/// What is said of a flag that does not exist. No failure: one wrong key must not spoil the others.
pub(super) fn unknown(key: String) -> Evaluation {
    Evaluation {
        key,
        enabled: false,
        value: Value::Null,
        reason: Reason::Unknown,
    }
}

fn decide<'f>(flag: &'f Definition, subject: &str, attributes: &Attributes) -> (&'f Value, Reason) {
    if !flag.enabled {
        return (&flag.default_value, Reason::Disabled);
    }
    let bucket = bucket(&flag.key, subject);
    let rule = flag.rules.iter().find(|rule| {
        let mut conditions = rule.conditions.iter();
        rule.rollout.includes(bucket) && conditions.all(|one| holds(one, attributes))
    });
    match rule {
        Some(rule) => (&rule.value, Reason::RuleMatch),
        None if flag.rollout.includes(bucket) => (&flag.enabled_value, Reason::Rollout),
        None => (&flag.default_value, Reason::Default),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::bucket::Rollout;
    use super::super::model::{Condition, Operator, Rule, ValueType};
    use super::*;

    fn percent(percent: f64) -> Rollout {
        Rollout::try_from(percent).unwrap()
    }

    fn rule(plan: &str, rollout: f64, value: &str) -> Rule {
        Rule {
            conditions: vec![Condition {
                attribute: "plan".to_owned(),
                operator: Operator::Equals,
                value: json!(plan),
            }],
            rollout: percent(rollout),
            value: json!(value),
        }
    }

    fn flag(rollout: f64, rules: Vec<Rule>) -> Definition {
        Definition {
            key: "colour".to_owned(),
            description: String::new(),
            value_type: ValueType::String,
            enabled: true,
            default_value: json!("grey"),
            enabled_value: json!("green"),
            rollout: percent(rollout),
            rules,
        }
    }

    fn on_plan(plan: &str) -> Attributes {
        [("plan".to_owned(), json!(plan))].into()
    }

    fn said(flag: &Definition, subject: &str, attributes: &Attributes) -> (String, Reason) {
        let Evaluation { value, reason, .. } = evaluate(flag, subject, attributes);
        (value.as_str().unwrap().to_owned(), reason)
    }

    #[test]
    fn a_flag_that_is_off_says_its_default_whatever_its_rules_say() {
        let mut flag = flag(100.0, vec![rule("pro", 100.0, "gold")]);
        flag.enabled = false;
        let told = said(&flag, "ada", &on_plan("pro"));
        assert_eq!(told, ("grey".to_owned(), Reason::Disabled));
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let rules = vec![
            rule("free", 100.0, "red"),
            rule("pro", 0.0, "never"),
            rule("pro", 100.0, "gold"),
            rule("pro", 100.0, "late"),
        ];
        let told = said(&flag(100.0, rules), "ada", &on_plan("pro"));
        assert_eq!(told, ("gold".to_owned(), Reason::RuleMatch));
    }

    #[test]
    fn a_rule_matches_only_if_all_its_conditions_hold() {
        let mut both = rule("pro", 100.0, "gold");
        let mut second = both.conditions[0].clone();
        second.attribute = "country".to_owned();
        both.conditions.push(second);
        let flag = flag(0.0, vec![both]);
        let mut attributes = on_plan("pro");
        assert_eq!(said(&flag, "ada", &attributes).1, Reason::Default);
        attributes.insert("country".to_owned(), json!("pro"));
        assert_eq!(said(&flag, "ada", &attributes).1, Reason::RuleMatch);
    }

    #[test]
    fn whom_no_rule_takes_the_rollout_may_and_else_the_default_does() {
        let rules = vec![rule("pro", 100.0, "gold")];
        let told = said(&flag(100.0, rules.clone()), "ada", &on_plan("free"));
        assert_eq!(told, ("green".to_owned(), Reason::Rollout));
        let told = said(&flag(0.0, rules), "ada", &Attributes::new());
        assert_eq!(told, ("grey".to_owned(), Reason::Default));
    }

    #[test]
    fn a_rule_without_conditions_is_for_everybody() {
        let mut all = rule("pro", 100.0, "gold");
        all.conditions.clear();
        let told = said(&flag(0.0, vec![all]), "ada", &Attributes::new());
        assert_eq!(told, ("gold".to_owned(), Reason::RuleMatch));
    }

    #[test]
    fn the_rollouts_of_a_flag_include_the_same_people_first() {
        let flag = flag(60.0, vec![rule("pro", 30.0, "gold")]);
        let mut seen = [0; 3];
        for n in 0..2_000 {
            let subject = format!("subject {n}");
            let bucket = bucket("colour", &subject);
            let expected = match bucket {
                0..30_000 => Reason::RuleMatch,
                30_000..60_000 => Reason::Rollout,
                _ => Reason::Default,
            };
            let (_, reason) = said(&flag, &subject, &on_plan("pro"));
            assert_eq!(reason, expected, "{subject} in {bucket}");
            seen[usize::try_from(bucket / 30_000).unwrap().min(2)] += 1;
        }
        assert!(seen.iter().all(|count| *count > 400), "{seen:?}");
    }

    #[test]
    fn raising_a_rules_rollout_takes_its_value_from_nobody() {
        for n in 0..2_000 {
            let subject = format!("subject {n}");
            let mut had = false;
            for rollout in [0.0, 0.5, 10.0, 25.0, 50.0, 99.999, 100.0] {
                let flag = flag(20.0, vec![rule("pro", rollout, "gold")]);
                let has = said(&flag, &subject, &on_plan("pro")).1 == Reason::RuleMatch;
                assert!(has || !had, "{subject} lost it at {rollout}");
                had = has;
            }
            assert!(had, "{subject} has it at 100");
        }
    }
}
