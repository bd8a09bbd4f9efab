//! Users: made, changed and deleted, by whom and by whom not.

mod attacks;
mod creation;
mod deletion;
mod impersonated;
mod last_admin;
mod passwords;
mod profile;
mod roles;

use tenantry::testkit::{Actor, TestTenant};

fn path(user: &Actor) -> String {
    format!("/users/{}", user.id())
}

/// A further sign-in of this person: another session, with a refresh token.
async fn signed_in(tenant: &TestTenant, name: &str) -> (Actor, String) {
    let email = format!("{name}@example.com");
    tenant.anonymous().sign_in(&email).await
}
