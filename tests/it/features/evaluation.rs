//! What flags say: the reasons, many at once, the subject and its bucket.

use serde_json::{Value, json};
use tenantry::domains::features::bucket;
use tenantry::testkit::TestTenant;

use super::{flag, made, says};

#[tokio::test]
async fn each_answer_says_why_it_is_this_value() {
    let acme = TestTenant::new().await;
    let (admin, guest) = (acme.admin("ada").await, acme.guest("gus").await);
    let rule = json!({
        "conditions": [{ "attribute": "plan", "operator": "in", "value": ["pro", "team"] }],
        "value": "gold",
    });
    let values = json!({ "type": "string", "default_value": "grey", "enabled_value": "green", "rules": [rule] });
    let mut off = values.clone();
    off["enabled"] = json!(false);
    let mut nobody = values.clone();
    nobody["rollout"] = json!(0);
    made(&admin, "off", &off).await;
    made(&admin, "all", &values).await;
    made(&admin, "nobody", &nobody).await;

    let body = json!({
        "keys": ["all", "missing", "off", "nobody", "NO KEY"],
        "attributes": { "plan": "pro" },
    });
    let answer = guest.post("/features/evaluate", &body).await.expect(200);
    let entry = |key: &str, enabled: bool, value: Value, reason: &str| json!({ "key": key, "enabled": enabled, "value": value, "reason": reason });
    let expected = json!({ "data": [
        entry("all", true, json!("gold"), "rule_match"),
        entry("missing", false, Value::Null, "unknown"),
        entry("off", false, json!("grey"), "disabled"),
        entry("nobody", true, json!("gold"), "rule_match"),
        entry("NO KEY", false, Value::Null, "unknown"),
    ] });
    assert_eq!(answer, expected);

    let told = says(&guest, "all", json!({})).await;
    assert_eq!(told, (json!("green"), "rollout".to_owned()));
    let told = says(&guest, "nobody", json!({})).await;
    assert_eq!(told, (json!("grey"), "default".to_owned()));
}

#[tokio::test]
async fn a_flag_of_another_tenant_is_unknown() {
    let (acme, globex) = (TestTenant::new().await, TestTenant::new().await);
    made(&acme.admin("ada").await, "secret", &json!({})).await;
    let eve = globex.admin("eve").await;
    let told = says(&eve, "secret", json!({})).await;
    assert_eq!(told, (Value::Null, "unknown".to_owned()));
}

#[tokio::test]
async fn the_subject_is_the_caller_and_its_bucket_is_the_documented_one() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let own = bucket("moon", &admin.id().to_string());
    let path = made(
        &admin,
        "moon",
        &json!({ "rollout": f64::from(own) / 1000.0 }),
    )
    .await;
    assert_eq!(says(&admin, "moon", json!({})).await.1, "default");
    let more = json!({ "rollout": f64::from(own + 1) / 1000.0 });
    admin.patch(&path, &more).await.expect(200);
    assert_eq!(says(&admin, "moon", json!({})).await.1, "rollout");
}

#[tokio::test]
async fn a_named_subject_has_its_own_bucket_whoever_asks() {
    let acme = TestTenant::new().await;
    let (admin, bob) = (acme.admin("ada").await, acme.member("bob").await);
    // 17.699: the bucket of visitor-42 for this key, as docs/feature-flags.md says.
    let path = made(&admin, "new-checkout", &json!({ "rollout": 17.699 })).await;
    let question = json!({ "subject": "visitor-42" });
    for asker in [&admin, &bob] {
        let told = says(asker, "new-checkout", question.clone()).await;
        assert_eq!(told.1, "default");
    }
    admin
        .patch(&path, &json!({ "rollout": 17.7 }))
        .await
        .expect(200);
    for asker in [&admin, &bob] {
        let told = says(asker, "new-checkout", question.clone()).await;
        assert_eq!(told.1, "rollout");
    }
}

#[tokio::test]
async fn evaluate_is_no_id() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let body = json!({ "keys": ["a"] });
    admin.post("/features/evaluate", &body).await.expect(200);
    // The word is a place of its own, so the methods of `/features/{id}` are not there.
    let put = admin
        .put("/features/evaluate", &flag("a", &json!({})))
        .await;
    put.expect_problem(405, "method_not_allowed");
    let read = admin.get("/features/evaluate").await;
    read.expect_problem(405, "method_not_allowed");
    // What is no fixed word is an id, and no such id exists.
    let read = admin.get("/features/evaluation").await;
    read.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_question_has_one_to_a_hundred_keys_each_once() {
    let acme = TestTenant::new().await;
    let guest = acme.guest("gus").await;
    let keys: Vec<String> = (0..101).map(|n| format!("k{n}")).collect();
    for wrong in [json!([]), json!(keys), json!(["a", "a"])] {
        let answer = guest
            .post("/features/evaluate", &json!({ "keys": wrong }))
            .await;
        answer.expect_problem(422, "validation_failed");
    }
    let most = json!({ "keys": keys[..100] });
    let answer = guest.post("/features/evaluate", &most).await.expect(200);
    assert_eq!(answer["data"].as_array().unwrap().len(), 100);
}
