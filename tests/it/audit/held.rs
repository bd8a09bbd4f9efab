//! A tenant whose log somebody holds, as a migration does: what an operator does to it is given up soon, so that no other operator's act, which needs
//! the platform's log, waits for long.

use reqwest::Method;
use serde_json::{Value, json};
use tenantry::testkit::{Actor, Answer};

use super::Owned;
use super::operators::{acts, both_chains_hold, schema_of};
use crate::tenants::{lead, new_tenant};

async fn made(operator: &Actor, slug: &str) -> String {
    let made = operator.post("/tenants", &new_tenant(slug)).await;
    made.expect(201)["id"].as_str().unwrap().to_owned()
}

async fn ask(operator: &Actor, method: Method, path: &str, body: &Value) -> Answer {
    Answer::of(operator.request(method, path).json(body)).await
}

#[tokio::test]
async fn an_operators_act_on_a_tenant_whose_log_is_held_is_given_up_and_leaves_nothing() {
    let owned = Owned::new().await;
    let operator = owned.server.operator().await;
    let (acme, free) = (
        made(&operator, "acme").await,
        made(&operator, "globex").await,
    );
    let schema = schema_of(&owned, "acme").await;
    let lock = format!("BEGIN; LOCK TABLE {schema}.audit_log IN ACCESS EXCLUSIVE MODE");
    owned.owner.batch_execute(&lock).await.unwrap();

    let person = json!({
        "email": "ben@example.com", "name": "Ben", "role": "member", "password": "seven purple lighthouses",
    });
    let held = [
        (Method::POST, "/suspend", Value::Null),
        (Method::POST, "/migrate", Value::Null),
        (Method::PATCH, "", json!({ "name": "Mars" })),
        (Method::POST, "/users", person),
    ];
    for (turn, (method, path, body)) in held.into_iter().enumerate() {
        let path = format!("/tenants/{acme}{path}");
        let other = (
            format!("/tenants/{free}"),
            json!({ "name": format!("Globex {turn}") }),
        );
        let (given_up, done) = tokio::join!(
            ask(&operator, method, &path, &body),
            operator.patch(&other.0, &other.1),
        );
        given_up.expect_problem(503, "tenant_busy");
        assert_eq!(given_up.header("retry-after"), "5", "{path}");
        done.expect(200);
    }

    owned.owner.batch_execute("COMMIT").await.unwrap();
    let platform = schema_of(&owned, "platform").await;
    let told = acts(&owned, &platform, &acme).await;
    assert_eq!(told.len(), 1, "only that it was made: {told:?}");
    let suspended = lead(&operator, &acme, "suspend").await;
    assert_eq!(suspended.expect(200)["name"], "Acme");
    assert_eq!(
        acts(&owned, &schema, &acme).await,
        acts(&owned, &platform, &acme).await
    );
    lead(&operator, &acme, "activate").await.expect(200);
    both_chains_hold(&owned.server, &operator).await;
}
