//! The document is the contract: every operation is described in full, and fails as its description says.

mod codes;
pub mod document;
mod idempotency;
mod provoked;
mod provoked_bodies;
pub mod samples;
pub mod world;

use std::collections::HashSet;

use serde_json::json;

use crate::golden;
use document::operations;

#[test]
fn the_document_is_the_one_that_was_reviewed() {
    let text = tenantry::api::openapi_yaml::<tenantry::api::Endpoints>();
    golden::expect("contract/openapi.golden.yaml", &text);
}

#[test]
fn every_error_of_every_operation_is_a_problem() {
    let expected = json!({
        "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } }
    });
    for operation in operations() {
        let errors = operation
            .responses()
            .iter()
            .filter(|(status, _)| status.as_str() >= "400");
        let mut found = 0;
        for (status, response) in errors {
            assert_eq!(response["content"], expected, "{} {status}", operation.name);
            found += 1;
        }
        assert!(found > 0, "{} documents no error", operation.name);
    }
}

#[test]
fn every_operation_has_an_id_and_words() {
    let mut ids = HashSet::new();
    for operation in operations() {
        let text = |field: &str| operation.about[field].as_str().unwrap_or_default();
        let id = text("operationId").to_owned();
        assert!(!id.is_empty(), "{} has no operationId", operation.name);
        let words = text("summary").len() + text("description").len();
        assert!(words > 0, "{} has no description", operation.name);
        assert!(ids.insert(id), "{}: its id comes twice", operation.name);
    }
}

#[test]
fn every_body_has_a_sample() {
    for operation in operations() {
        let sample = samples::body(&operation.name).is_some();
        let name = &operation.name;
        assert_eq!(sample, operation.has_body(), "{name}: see samples.rs");
    }
}
