//! A body that each operation accepts. A new operation with a body needs a line here.

use serde_json::{Value, json};
use tenantry::testkit::TestTenant;
use uuid::Uuid;

/// The body for an operation, such as `POST /projects`; names in it are new each time.
pub fn body(operation: &str) -> Option<Value> {
    let name = format!("n{}", Uuid::now_v7().simple());
    let email = format!("{name}@example.com");
    let password = TestTenant::PASSWORD;
    Some(match operation {
        "POST /auth/login" => json!({ "email": email, "password": password }),
        "POST /auth/refresh" => json!({ "refresh_token": name }),
        "POST /users" => {
            json!({ "email": email, "name": name, "role": "guest", "password": password })
        }
        "POST /tenants" => json!({
            "slug": name,
            "name": name,
            "admin": { "email": email, "name": name, "password": password },
        }),
        "PATCH /tenants/{id}" => json!({ "name": name }),
        "POST /projects" | "PUT /projects/{id}" | "PATCH /projects/{id}" => {
            json!({ "name": name, "description": "" })
        }
        _ => return None,
    })
}
