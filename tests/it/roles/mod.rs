//! Roles of a tenant's own over HTTP: who makes them, what they may hold, and when a change is in force.

mod audit;
mod effect;
mod grants;
mod hierarchy;
mod own;

use serde_json::{Value, json};
use tenantry::testkit::{Actor, TestTenant};

/// A grant as the API hears it.
pub fn grant(permission: &str, extent: &str) -> Value {
    json!({ "permission": permission, "extent": extent })
}

/// Makes a role with these grants and this rank.
pub async fn make(admin: &Actor, name: &str, rank: i32, grants: &[Value]) -> Value {
    let body = json!({ "name": name, "rank": rank, "permissions": grants });
    admin.post("/roles", &body).await.expect(201)
}

/// Somebody with this role, signed in.
pub async fn bearer(admin: &Actor, tenant: &TestTenant, name: &str, role: &str) -> Actor {
    let email = format!("{name}@example.com");
    let password = TestTenant::PASSWORD;
    let body = json!({ "email": email, "name": name, "role": role, "password": password });
    admin.post("/users", &body).await.expect(201);
    tenant.anonymous().sign_in(&email).await.0
}

/// The grants of an answer, each as `permission extent`.
pub fn granted(role: &Value) -> Vec<String> {
    let grants = role["permissions"].as_array().unwrap().iter();
    let text = |grant: &Value| {
        let member = |name: &str| grant[name].as_str().unwrap().to_owned();
        format!("{} {}", member("permission"), member("extent"))
    };
    grants.map(text).collect()
}
