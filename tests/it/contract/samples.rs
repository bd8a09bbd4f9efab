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
        "POST /auth/mfa/verify" => json!({ "mfa_token": name, "code": "000000" }),
        "POST /users/me/mfa/totp/verify" => json!({ "code": "000000" }),
        "POST /api-keys" => json!({ "name": name, "scopes": ["projects:read"] }),
        "POST /users" | "POST /tenants/{id}/users" => {
            json!({ "email": email, "name": name, "role": "guest", "password": password })
        }
        "PUT /users/{id}/role" => json!({ "role": "guest" }),
        "POST /users/{id}/password" => json!({ "new_password": password }),
        "POST /invites" => json!({ "email": email, "role": "guest" }),
        "POST /invites/accept" => json!({ "token": name, "name": name, "password": password }),
        "POST /tenants" | "POST /auth/register" => json!({
            "slug": name,
            "name": name,
            "admin": { "email": email, "name": name, "password": password },
        }),
        "POST /tenants/import" => json!({ "file": "acme.tar", "slug": name }),
        "POST /tenants/{id}/clone" => json!({ "slug": name }),
        "PUT /users/{id}"
        | "PATCH /users/{id}"
        | "PATCH /users/me"
        | "PUT /tenants/{id}"
        | "PATCH /tenants/{id}"
        | "PATCH /tenant" => json!({ "name": name }),
        "POST /admin/impersonations" => {
            json!({ "tenant": name, "user_id": Uuid::now_v7(), "reason": name })
        }
        "POST /roles" => json!({ "name": name, "permissions": [grant("projects:read")] }),
        "PUT /permissions/roles/{role}" => json!({ "permissions": [grant("projects:write")] }),
        "POST /permissions/roles/{role}/permissions" => grant("users:read"),
        "POST /projects" | "PUT /projects/{id}" | "PATCH /projects/{id}" => {
            json!({ "name": name, "description": "" })
        }
        "POST /features" | "PUT /features/{id}" => json!({
            "key": name,
            "type": "boolean",
            "enabled": true,
            "default_value": false,
            "enabled_value": true,
            "rollout": 12.5,
            "rules": [{ "conditions": [condition("plan", "equals", "pro")], "rollout": 50, "value": true }],
        }),
        "PATCH /features/{id}" => json!({ "enabled": false, "rollout": 50 }),
        "POST /features/evaluate" => json!({ "keys": [name], "attributes": { "plan": "pro" } }),
        _ => return None,
    })
}

fn condition(attribute: &str, operator: &str, value: &str) -> Value {
    json!({ "attribute": attribute, "operator": operator, "value": value })
}

fn grant(permission: &str) -> Value {
    json!({ "permission": permission, "extent": "tenant" })
}

/// The query that an operation cannot do without.
pub fn query(operation: &str) -> &'static [(&'static str, &'static str)] {
    match operation {
        "GET /auth/verify-email" | "GET /auth/confirm-email-update" => &[("token", "unknown")],
        _ => &[],
    }
}
