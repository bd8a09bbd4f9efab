//! Invitations: who may make them, and that a mail's token makes one user, once, with the role that was given.

mod acceptance;
mod inviting;
mod resending;

use serde_json::{Value, json};
use tenantry::testkit::{Actor, Answer, TestTenant};

async fn invite(actor: &Actor, email: &str, role: &str) -> Answer {
    let body = json!({ "email": email, "role": role });
    actor.post("/invites", &body).await
}

/// What Bob says with this token.
fn acceptance(token: &str) -> Value {
    json!({ "token": token, "name": "Bob", "password": TestTenant::PASSWORD })
}

async fn accept(anonymous: &Actor, token: &str) -> Answer {
    anonymous.post("/invites/accept", &acceptance(token)).await
}

/// The path of what an answer tells of.
fn path_of(invite: &Value) -> String {
    format!("/invites/{}", invite["id"].as_str().unwrap())
}
