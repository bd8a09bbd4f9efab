//! Values fit their flag's type and their operator; what does not is told by its pointer.

use serde_json::{Value, json};
use tenantry::testkit::{Actor, Answer, TestTenant};

use super::{flag, made};

#[track_caller]
fn told(answer: &Answer) -> Vec<(String, String)> {
    let problem = answer.expect_problem(422, "validation_failed");
    let errors = problem["errors"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    errors
        .map(|error| (text(&error["pointer"]), text(&error["code"])))
        .collect()
}

/// The one mistake of this flag.
async fn mistake(admin: &Actor, more: Value) -> (String, String) {
    let answer = admin.post("/features", &flag("moon", &more)).await;
    let mut told = told(&answer);
    assert_eq!(told.len(), 1, "{}", answer.text);
    told.remove(0)
}

fn at(pointer: &str, code: &str) -> (String, String) {
    (pointer.to_owned(), code.to_owned())
}

fn ruled(operator: &str, value: &Value) -> Value {
    let condition = json!({ "attribute": "plan", "operator": operator, "value": value });
    json!({ "rules": [{ "conditions": [condition], "value": true }] })
}

#[tokio::test]
async fn a_flag_of_each_type_keeps_its_values_as_they_were_sent() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let cases = [
        ("boolean", json!(true), json!(false)),
        ("string", json!(""), json!("zoë\n\u{1F600}")),
        ("number", json!(-1.5), json!(9_007_199_254_740_993_u64)),
        ("json", json!({ "a/b": [1, null, { "~": 1.0 }] }), json!([])),
        ("json", json!(false), json!("text")),
    ];
    for (n, (kind, default, enabled)) in cases.iter().enumerate() {
        let rules = json!([{ "conditions": [], "rollout": 0.0, "value": enabled }]);
        let more = json!({ "type": kind, "default_value": default, "enabled_value": enabled, "rules": rules });
        let path = made(&admin, &format!("flag{n}"), &more).await;
        let kept = admin.get(&path).await.expect(200);
        let values = [
            &kept["default_value"],
            &kept["enabled_value"],
            &kept["rules"],
        ];
        assert_eq!(values, [default, enabled, &rules], "{kind}");
    }
}

#[tokio::test]
async fn a_value_of_another_type_is_refused_wherever_it_is() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let body = flag(
        "moon",
        &json!({
            "default_value": "no",
            "enabled_value": 1,
            "rules": [
                { "conditions": [], "value": true },
                { "conditions": [], "value": null },
            ],
        }),
    );
    let expected = ["/default_value", "/enabled_value", "/rules/1/value"];
    let expected = expected.map(|pointer| at(pointer, "wrong_type"));
    assert_eq!(told(&admin.post("/features", &body).await), expected);
    for kind in ["string", "number", "json"] {
        let wrong = json!({ "type": kind, "default_value": "a", "enabled_value": null });
        let mut mistakes = told(&admin.post("/features", &flag("moon", &wrong)).await);
        assert_eq!(
            mistakes.pop(),
            Some(at("/enabled_value", "wrong_type")),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn a_new_type_alone_is_refused_while_the_old_values_do_not_fit_it() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let path = made(&admin, "moon", &json!({})).await;
    let refused = admin.patch(&path, &json!({ "type": "string" })).await;
    let expected = ["/default_value", "/enabled_value"].map(|p| at(p, "wrong_type"));
    assert_eq!(told(&refused), expected);
    let whole = json!({ "type": "string", "default_value": "a", "enabled_value": "b" });
    admin.patch(&path, &whole).await.expect(200);
}

#[tokio::test]
async fn an_operator_takes_only_values_that_it_can_compare_with() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let (many, long) = (vec![1; 101], "x".repeat(1001));
    let cases = [
        ("equals", json!(["a"])),
        ("equals", json!(long)),
        ("not_equals", json!(null)),
        ("contains", json!({})),
        ("in", json!("a")),
        ("in", json!([])),
        ("in", json!([["a"]])),
        ("in", json!(many)),
        ("gt", json!("1")),
        ("lt", json!(true)),
        ("semver", json!("newest")),
        ("semver", json!(1.2)),
    ];
    for (operator, value) in cases {
        let told = mistake(&admin, ruled(operator, &value)).await;
        let pointer = "/rules/0/conditions/0/value";
        assert_eq!(told, at(pointer, "unusable_value"), "{operator} {value}");
    }
    let told = mistake(&admin, ruled("matches", &json!("a"))).await;
    assert_eq!(told, at("/rules/0/conditions/0/operator", "not_in_enum"));
}

#[tokio::test]
async fn a_rollout_is_a_percentage_with_at_most_three_decimals() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    for (rollout, code) in [
        (json!(-1), "too_small"),
        (json!(100.001), "too_large"),
        (json!(12.3456), "not_a_rollout"),
        (json!("50"), "wrong_type"),
    ] {
        let told = mistake(&admin, json!({ "rollout": rollout })).await;
        assert_eq!(told, at("/rollout", code));
        let rule = json!({ "conditions": [], "rollout": rollout, "value": true });
        let told = mistake(&admin, json!({ "rules": [rule] })).await;
        assert_eq!(told, at("/rules/0/rollout", code));
    }
    for rollout in [0.0, 0.001, 33.333, 99.999, 100.0] {
        let key = format!("at{}", rollout * 1000.0);
        let path = made(&admin, &key, &json!({ "rollout": rollout })).await;
        assert_eq!(admin.get(&path).await.expect(200)["rollout"], rollout);
    }
}

#[tokio::test]
async fn keys_are_short_and_plain() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    for key in ["", "A", "1a", "a b", "a:b", "é", "a\n", &"a".repeat(101)] {
        let answer = admin.post("/features", &flag(key, &json!({}))).await;
        assert_eq!(told(&answer), [at("/key", "pattern")], "{key:?}");
    }
    made(&admin, &"a".repeat(100), &json!({})).await;
    made(&admin, "a_b.c-9", &json!({})).await;
}

#[tokio::test]
async fn what_is_too_much_is_refused() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let rule = |conditions: usize| {
        let condition = json!({ "attribute": "a", "operator": "equals", "value": 1 });
        json!({ "conditions": vec![condition; conditions], "value": true })
    };
    let told = mistake(&admin, json!({ "rules": vec![rule(0); 51] })).await;
    assert_eq!(told, at("/rules", "too_many_items"));
    let told = mistake(&admin, json!({ "rules": [rule(21)] })).await;
    assert_eq!(told, at("/rules/0/conditions", "too_many_items"));
    made(&admin, "most", &json!({ "rules": vec![rule(20); 50] })).await;
    let long = json!({ "attribute": "a", "operator": "equals", "value": "x".repeat(1000) });
    let long = json!({ "conditions": vec![long; 20], "value": true });
    let told = mistake(&admin, json!({ "rules": vec![long.clone(); 7] })).await;
    assert_eq!(told, at("/rules", "too_long"));
    made(&admin, "long", &json!({ "rules": vec![long; 6] })).await;

    // Two quotes beside the text.
    let text = |bytes: usize| {
        let long = "x".repeat(bytes - 2);
        json!({ "type": "string", "default_value": "", "enabled_value": long })
    };
    let told = mistake(&admin, text(16 * 1024 + 1)).await;
    assert_eq!(told, at("/enabled_value", "too_long"));
    made(&admin, "longest", &text(16 * 1024)).await;
}
