//! What an operator cannot do as somebody, over all operations: what gives the person away, or outlives the quarter of an hour.

use serde_json::json;
use tenantry::domains::access::Role;
use tenantry::testkit::{Actor, TestDatabase, TestServer};

use super::fixture::Place;
use super::guarded;
use crate::contract::document::Operation;

/// Passwords, addresses, second factors, keys, roles and accounts.
const OUT_OF_REACH: [&str; 18] = [
    "DELETE /users/me",
    "DELETE /users/{id}",
    "POST /users/{id}/password",
    "PATCH /users/{id}/email",
    "PUT /users/{id}/role",
    "GET /users/me/mfa/totp",
    "POST /users/me/mfa/totp",
    "DELETE /users/me/mfa/totp",
    "POST /users/me/mfa/totp/verify",
    "POST /users/me/mfa/totp/recovery-codes",
    "POST /api-keys",
    "POST /api-keys/{id}/rotate",
    "DELETE /api-keys/{id}",
    "POST /users",
    "POST /invites",
    "POST /roles",
    "PUT /permissions/roles/{role}",
    "POST /permissions/roles/{role}/permissions",
];

/// The place's admin, as the place's operator acts for them.
async fn acting(place: &Place, any: &Operation) -> Actor {
    let admin = place.actor(Role::Admin, any);
    let operator = place.actor(Role::SuperAdmin, any).naming(None);
    let body = json!({ "tenant": place.tenant.id().0, "user_id": admin.id(), "reason": "a test" });
    let begun = operator.post("/admin/impersonations", &body).await;
    let begun = begun.expect(201);
    admin.with_token(begun["access_token"].as_str())
}

#[tokio::test]
async fn an_operator_who_acts_as_an_admin_cannot_do_what_only_the_person_does() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let place = Place::new(&server).await;
    let all = guarded();
    let actor = acting(&place, &all[0].0).await;
    let mut tried = 0;
    let out_of_reach = |o: &Operation| OUT_OF_REACH.contains(&o.name.as_str());
    for (operation, ..) in all.iter().filter(|(o, ..)| out_of_reach(o)) {
        let answer = place.ask(operation, &actor).await;
        assert_eq!(answer.status, 403, "{}: {}", operation.name, answer.text);
        answer.expect_problem(403, "impersonated");
        operation.expect_names(403, "impersonated");
        tried += 1;
    }
    assert_eq!(tried, OUT_OF_REACH.len());
    actor.get("/users/me").await.expect(200);
}

#[tokio::test]
async fn an_operator_who_acts_as_an_admin_can_do_everything_else_that_they_can() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let mut place = Place::new(&server).await;
    for (operation, may, _) in guarded() {
        let out_of_reach = OUT_OF_REACH.contains(&operation.name.as_str());
        if out_of_reach || !may.contains(&Role::Admin) {
            continue;
        }
        let actor = acting(&place, &operation).await;
        let answer = place.ask(&operation, &actor).await;
        let done = (200..300).contains(&answer.status);
        assert!(done, "{}: {}", operation.name, answer.text);
        if super::ends_something(&operation) {
            place = Place::new(&server).await;
        }
    }
}
