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
        "POST /auth/verify-email" | "POST /auth/confirm-email-update" => json!({ "token": name }),
        "POST /auth/resend-verification"
        | "POST /auth/forgot-password"
        | "PATCH /users/{id}/email" => json!({ "email": email }),
        "POST /auth/reset-password" => json!({ "token": name, "password": password }),
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

/// The query that an operation cannot do without.
pub fn query(operation: &str) -> &'static [(&'static str, &'static str)] {
    match operation {
        "GET /auth/verify-email" | "GET /auth/confirm-email-update" => &[("token", "unknown")],
        _ => &[],
    }
}
