//! Conditions ask what is known of the caller: their id, e-mail and role, which nobody can tell otherwise, and what they say themselves.

use serde_json::{Value, json};
use tenantry::testkit::{Actor, TestTenant};

use super::{made, says};

/// A flag for whom one condition holds.
async fn made_for(admin: &Actor, key: &str, attribute: &str, operator: &str, value: Value) {
    let condition = json!({ "attribute": attribute, "operator": operator, "value": value });
    let rule = json!({ "conditions": [condition], "value": true });
    made(admin, key, &json!({ "rollout": 0, "rules": [rule] })).await;
}

async fn gets(asker: &Actor, key: &str, question: Value) -> bool {
    says(asker, key, question).await.1 == "rule_match"
}

#[tokio::test]
async fn a_rule_can_name_people_by_id_email_and_role() {
    let acme = TestTenant::new().await;
    let (admin, bob) = (acme.admin("ada").await, acme.member("bob").await);
    made_for(&admin, "by-id", "id", "in", json!([bob.id()])).await;
    made_for(
        &admin,
        "by-email",
        "email",
        "equals",
        json!("bob@example.com"),
    )
    .await;
    made_for(
        &admin,
        "by-host",
        "email",
        "contains",
        json!("@example.com"),
    )
    .await;
    made_for(&admin, "by-role", "role", "not_equals", json!("member")).await;
    for (key, admin_gets, bob_gets) in [
        ("by-id", false, true),
        ("by-email", false, true),
        ("by-host", true, true),
        ("by-role", true, false),
    ] {
        assert_eq!(gets(&admin, key, json!({})).await, admin_gets, "{key}");
        assert_eq!(gets(&bob, key, json!({})).await, bob_gets, "{key}");
    }
}

#[tokio::test]
async fn nobody_can_say_that_they_are_somebody_else() {
    let acme = TestTenant::new().await;
    let bob = acme.member("bob").await;
    for name in ["id", "email", "role"] {
        let body = json!({ "keys": ["a"], "attributes": { name: "admin" } });
        let answer = bob.post("/features/evaluate", &body).await;
        let problem = answer.expect_problem(422, "validation_failed");
        assert_eq!(
            problem["errors"][0]["pointer"],
            format!("/attributes/{name}")
        );
        assert_eq!(problem["errors"][0]["code"], "reserved_attribute");
    }
}

#[tokio::test]
async fn who_asks_for_another_subject_does_not_lend_it_their_own_role() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    made_for(&admin, "admins", "role", "equals", json!("admin")).await;
    made_for(&admin, "others", "role", "not_equals", json!("guest")).await;
    made_for(&admin, "ada", "id", "equals", json!(admin.id())).await;
    for key in ["admins", "others", "ada"] {
        assert!(gets(&admin, key, json!({})).await, "{key}");
        for subject in ["visitor-42".to_owned(), admin.id().to_string()] {
            let question = json!({ "subject": subject });
            assert!(!gets(&admin, key, question).await, "{key} for {subject}");
        }
    }
}

#[tokio::test]
async fn custom_attributes_are_texts_numbers_booleans_versions_and_lists() {
    let acme = TestTenant::new().await;
    let (admin, bob) = (acme.admin("ada").await, acme.member("bob").await);
    made_for(&admin, "age", "age", "gt", json!(17)).await;
    made_for(&admin, "cold", "degrees", "lt", json!(0.5)).await;
    made_for(&admin, "app", "app_version", "semver", json!(">=1.2.0, <2")).await;
    made_for(&admin, "group", "groups", "contains", json!("beta")).await;
    made_for(&admin, "not-free", "plan", "not_equals", json!("free")).await;
    for (key, attributes, expected) in [
        ("age", json!({ "age": 18 }), true),
        ("age", json!({ "age": "18" }), false),
        ("cold", json!({ "degrees": 0.25 }), true),
        ("app", json!({ "app_version": "1.10.0" }), true),
        ("app", json!({ "app_version": "2.0.0" }), false),
        ("group", json!({ "groups": ["alpha", "beta"] }), true),
        ("not-free", json!({ "plan": "pro" }), true),
        ("not-free", json!({ "plan": "free" }), false),
        // Of whom nothing is known, nothing is claimed.
        ("not-free", json!({}), false),
    ] {
        let told = gets(&bob, key, json!({ "attributes": attributes })).await;
        assert_eq!(told, expected, "{key} with {attributes}");
    }
}

#[tokio::test]
async fn an_attribute_that_no_condition_could_use_is_refused_by_name() {
    let acme = TestTenant::new().await;
    let bob = acme.member("bob").await;
    let (many, long) = (vec![1; 101], "x".repeat(1001));
    for wrong in [
        json!(null),
        json!({}),
        json!([[1]]),
        json!(many),
        json!(long),
    ] {
        let body = json!({ "keys": ["a"], "attributes": { "a/b": wrong } });
        let answer = bob.post("/features/evaluate", &body).await;
        let problem = answer.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/attributes/a~1b");
        assert_eq!(problem["errors"][0]["code"], "unusable_attribute");
    }
}
