//! Who cannot sign up: nobody where it is off, and nobody too often.

use super::Office;
use crate::program::{number, owner};

#[tokio::test]
async fn where_signing_up_is_off_nobody_can() {
    let office = Office::with(|config| config.tenancy.sign_up = false).await;
    let refused = office.sign_up("acme").await;
    refused.expect_problem(403, "sign_up_off");
    let sql = owner(&office.database).await;
    let tenants = "SELECT count(*) FROM public.tenants WHERE slug = 'acme'";
    assert_eq!(number(&sql, tenants).await, 0);
}

#[tokio::test]
async fn a_client_signs_up_three_times_an_hour() {
    let office = Office::with(|config| config.limits.enabled = true).await;
    for slug in ["one", "two", "three"] {
        office.sign_up(slug).await.expect(202);
    }
    let fourth = office.sign_up("four").await;
    fourth.expect_problem(429, "rate_limited");
    assert!(
        fourth
            .header("ratelimit-policy")
            .starts_with("\"register\";q=3;w=3600")
    );
}
