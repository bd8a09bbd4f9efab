//! Clients that hang up while their tenant is made.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tenantry::testkit::{Answer, TestDatabase, TestServer};

use super::body;

#[tokio::test]
async fn a_client_that_hangs_up_at_any_moment_gets_its_tenant_with_the_next_try() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let operator = server.operator().await;
    let mut hung_up = 0;
    for patience in [1, 3, 8, 15, 25, 40, 60, 90, 130, 180] {
        let slug = format!("hasty-{patience}");
        let create = || {
            let request = operator.request(Method::POST, "/tenants");
            request.header("Idempotency-Key", &slug).json(&body(&slug))
        };
        let patience = Duration::from_millis(patience);
        let answer = create().timeout(patience).send().await;
        hung_up += i32::from(answer.is_err_and(|error| error.is_timeout()));
        // PostgreSQL lets go of the key a moment after the hang-up.
        let mut again = Answer::of(create()).await;
        while again.status == 409 {
            again.expect_problem(409, "idempotency_running");
            tokio::time::sleep(Duration::from_millis(20)).await;
            again = Answer::of(create()).await;
        }
        again.expect(201);
        let login = json!({ "email": "admin@example.com", "password": crate::program::PASSWORD });
        let admin = server.anonymous().naming(Some(&slug));
        admin.post("/auth/login", &login).await.expect(200);
    }
    assert!(hung_up > 0, "nobody hung up");
}
