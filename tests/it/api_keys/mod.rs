//! API keys: what they can do, when they die, and who may touch them.

mod attacks;
mod endings;
mod life;
mod scopes;

use serde_json::{Value, json};
use tenantry::testkit::{Actor, TestTenant};

/// A key of `owner`: the answer to its making.
async fn issued(owner: &Actor, scopes: &[&str]) -> Value {
    let body = json!({ "name": "ci", "scopes": scopes });
    owner.post("/api-keys", &body).await.expect(201)
}

fn path(issued: &Value) -> String {
    format!("/api-keys/{}", issued["api_key"]["id"].as_str().unwrap())
}

fn key(issued: &Value) -> &str {
    issued["key"].as_str().unwrap()
}

/// A program with this key.
fn program(tenant: &TestTenant, issued: &Value) -> Actor {
    tenant.anonymous().with_key(Some(key(issued)))
}
