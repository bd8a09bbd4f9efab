//! The same request again, told by its `Idempotency-Key`.

use reqwest::Method;
use serde_json::Value;
use tenantry::testkit::{Actor, Answer, TestDatabase, TestServer};

use super::body;

async fn create(operator: &Actor, key: &str, body: &Value) -> Answer {
    let request = operator.request(Method::POST, "/tenants");
    Answer::of(request.header("Idempotency-Key", key).json(body)).await
}

#[tokio::test]
async fn same_key_gives_the_same_answer_and_another_body_is_refused() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let operator = server.operator().await;
    let first = create(&operator, "k1", &body("acme")).await;
    let made = first.expect(201);
    assert_eq!(first.header("Idempotency-Replayed"), "");

    let again = create(&operator, "k1", &body("acme")).await;
    assert_eq!(again.expect(201), made);
    assert_eq!(again.header("Idempotency-Replayed"), "true");
    assert_eq!(again.header("Location"), first.header("Location"));

    let other = create(&operator, "k1", &body("other")).await;
    other.expect_problem(422, "idempotency_mismatch");
    let mut other = body("acme");
    other["admin"]["email"] = "somebody-else@example.com".into();
    let other = create(&operator, "k1", &other).await;
    other.expect_problem(422, "idempotency_mismatch");

    let without = create(&operator, "k2", &body("acme")).await;
    without.expect_problem(409, "slug_taken");
    // The refused creation left its key free.
    create(&operator, "k2", &body("second")).await.expect(201);
}

#[tokio::test]
async fn keys_of_two_operators_do_not_meet() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let (ada, ben) = (server.operator().await, server.operator().await);
    create(&ada, "k", &body("adas")).await.expect(201);
    let bens = create(&ben, "k", &body("bens")).await;
    assert_eq!(bens.expect(201)["slug"], "bens");
    assert_eq!(bens.header("Idempotency-Replayed"), "");
}
