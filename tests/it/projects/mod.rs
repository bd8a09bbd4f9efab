//! Projects, the worked example of a domain: who changes what, names, pages, and the audit of every change.

mod audit;
mod changes;
mod pages;

use serde_json::{Value, json};
use tenantry::testkit::Actor;

/// A project of this name, made by `owner`; its path.
pub async fn made(owner: &Actor, name: &str) -> String {
    let body = json!({ "name": name, "description": "first" });
    let project = owner.post("/projects", &body).await.expect(201);
    path(&project)
}

pub fn path(project: &Value) -> String {
    format!("/projects/{}", project["id"].as_str().unwrap())
}
