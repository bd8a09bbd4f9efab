//! Many who want one name at once.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use reqwest::Method;
use tenantry::testkit::{Answer, TestDatabase, TestServer};

use super::body;
use crate::program::{number, owner};

#[tokio::test]
async fn fifty_creations_of_one_slug_make_one_tenant() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let operator = server.operator().await;
    let wanted = body("wanted");
    let requests = (0..50).map(|_| {
        let request = operator.request(Method::POST, "/tenants");
        Answer::of(request.json(&wanted))
    });
    let mut outcomes = BTreeMap::new();
    for answer in join_all(requests).await {
        if answer.status == 409 {
            answer.expect_problem(409, "slug_taken");
        }
        *outcomes.entry(answer.status).or_insert(0) += 1;
    }
    assert_eq!(outcomes, BTreeMap::from([(201, 1), (409, 49)]));
    let sql = owner(&database).await;
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 't\\_%'";
    assert_eq!(
        number(&sql, schemas).await,
        2,
        "the platform's and this one"
    );
}
