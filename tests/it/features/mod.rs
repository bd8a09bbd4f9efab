//! Feature flags: who writes them, what their values must be, and what they say to whom.

mod attributes;
mod audit;
mod changes;
mod evaluation;
mod nodes;
mod values;

use serde_json::{Value, json};
use tenantry::testkit::Actor;

/// A boolean flag that is on for everybody, with `more` laid over it.
pub fn flag(key: &str, more: &Value) -> Value {
    let mut body = json!({
        "key": key,
        "type": "boolean",
        "enabled": true,
        "default_value": false,
        "enabled_value": true,
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// Makes it; its path.
pub async fn made(admin: &Actor, key: &str, more: &Value) -> String {
    let answer = admin.post("/features", &flag(key, more)).await;
    path(&answer.expect(201))
}

pub fn path(feature: &Value) -> String {
    format!("/features/{}", feature["id"].as_str().unwrap())
}

/// What the flag says in answer to this question: its value and its reason.
pub async fn says(asker: &Actor, key: &str, mut question: Value) -> (Value, String) {
    question["keys"] = json!([key]);
    let answer = asker.post("/features/evaluate", &question).await;
    let entry = answer.expect(200)["data"][0].clone();
    assert_eq!(entry["key"], key);
    let reason = entry["reason"].as_str().unwrap().to_owned();
    (entry["value"].clone(), reason)
}
