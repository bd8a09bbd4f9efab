//! Tenants are made whole or not at all: with a server that is killed meanwhile, and with many who want one name.

mod hung_up;
pub mod killed;
mod one_slug;
mod same_key;
mod spares;

use serde_json::{Value, json};

use crate::program::PASSWORD;

/// The body that makes this tenant.
fn body(slug: &str) -> Value {
    json!({
        "slug": slug,
        "name": format!("Tenant {slug}"),
        "admin": { "email": "admin@example.com", "name": "Ada", "password": PASSWORD },
    })
}
