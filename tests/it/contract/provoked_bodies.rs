//! Each operation's failures that a body causes, provoked over HTTP.

use serde_json::{Value, json};
use tenantry::testkit::Answer;

use super::document::{Operation, operations};
use super::samples;
use super::world::{World, announced, documented};

fn with_bodies() -> impl Iterator<Item = Operation> {
    operations().into_iter().filter(Operation::has_body)
}

async fn send(world: &World, operation: &Operation, body: &Value) -> Answer {
    Answer::of(world.bare(operation).json(body)).await
}

#[track_caller]
fn mistakes(answer: &Answer) -> Vec<(String, String)> {
    let problem = answer.json();
    let errors = problem["errors"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let told = errors.iter();
    told.map(|error| (text(&error["pointer"]), text(&error["code"])))
        .collect()
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let world = World::new().await;
    for operation in with_bodies() {
        let typed = world.bare(&operation).header("content-type", "text/plain");
        let answer = Answer::of(typed.body("{}")).await;
        documented(&operation, &answer, 415, "unsupported_media_type");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let world = World::new().await;
    for operation in with_bodies() {
        for text in ["", "{", "{}{}", "\u{feff}{}"] {
            let typed = world
                .bare(&operation)
                .header("content-type", "application/json");
            let answer = Answer::of(typed.body(text)).await;
            documented(&operation, &answer, 400, "malformed_json");
        }
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let world = World::new().await;
    for operation in with_bodies() {
        let answer = announced(world.bare(&operation), 1024 * 1024 + 1).await;
        documented(&operation, &answer, 413, "payload_too_large");
    }
}

/// Operators change plans here; that nobody else does, `tenants::plan` tells.
const TAKE_A_PLAN: [&str; 2] = ["PUT /tenants/{id}", "PATCH /tenants/{id}"];

#[tokio::test]
async fn nothing_can_be_smuggled_in_beside_the_fields_of_a_body() {
    let world = World::new().await;
    for operation in with_bodies() {
        let sample = samples::body(&operation.name).unwrap();
        for field in ["id", "role", "tenant_id", "status", "owner_id", "plan"] {
            let tenants_plan = field == "plan" && TAKE_A_PLAN.contains(&operation.name.as_str());
            if sample.get(field).is_some() || tenants_plan {
                continue;
            }
            let mut body = sample.clone();
            body[field] = json!("admin");
            let answer = send(&world, &operation, &body).await;
            documented(&operation, &answer, 422, "validation_failed");
            let expected = (format!("/{field}"), "unknown_field".to_owned());
            assert_eq!(mistakes(&answer), [expected], "{}", operation.name);
        }
    }
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_told_by_its_pointer() {
    let world = World::new().await;
    for operation in with_bodies() {
        let sample = samples::body(&operation.name).unwrap();
        for field in sample.as_object().unwrap().keys() {
            let mut body = sample.clone();
            body[field] = match sample[field] {
                Value::Array(_) => json!({ "0": 1 }),
                _ => json!([1]),
            };
            let answer = send(&world, &operation, &body).await;
            documented(&operation, &answer, 422, "validation_failed");
            let pointers: Vec<_> = mistakes(&answer).into_iter().map(|(at, _)| at).collect();
            assert_eq!(pointers, [format!("/{field}")], "{}", operation.name);
        }
        let answer = send(&world, &operation, &json!([sample])).await;
        documented(&operation, &answer, 422, "validation_failed");
    }
}
