//! The budget of a whole tenant, which its plan sets.

use std::time::{Duration, Instant};

use super::{Limited, parameter, read};
use crate::auth::SOON;
use tenantry::testkit::{Actor, TestTenant};

/// Reads until the policy says `quota`, for at most [`SOON`].
async fn until_quota(actor: &Actor, quota: u64) {
    let started = Instant::now();
    loop {
        let policy = read("192.0.2.1", actor).await;
        if parameter(policy.header("ratelimit-policy"), "q") == quota {
            return;
        }
        assert!(started.elapsed() < SOON, "{:?}", policy.headers);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn every_answer_tells_what_remains_of_the_budget() {
    let own = Limited::new().await;
    let ada = own.tenant.member("ada").await;
    for remaining in [5999, 5998] {
        let answer = read("192.0.2.1", &ada).await;
        answer.expect(200);
        assert_eq!(answer.header("ratelimit-policy"), "\"tenant\";q=6000;w=60");
        let left = parameter(answer.header("ratelimit"), "r");
        // A hundred a second come back meanwhile.
        assert!((remaining..6000).contains(&left), "{left}");
    }
}

#[tokio::test]
async fn a_changed_plan_is_in_force_at_once_for_everybody_of_the_tenant_and_nobody_else() {
    let own = Limited::new().await;
    let ada = own.tenant.member("ada").await;
    let bob = own.tenant.member("bob").await;
    read("192.0.2.1", &ada).await.expect(200);
    own.set_budget(3).await;
    until_quota(&ada, 3).await;

    // One of the three is used; whoever asks and from wherever, they share the rest.
    read("192.0.2.1", &ada).await.expect(200);
    read("192.0.2.2", &bob).await.expect(200);
    let refused = read("192.0.2.3", &bob).await;
    refused.expect_problem(429, "rate_limited");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait} s");

    let globex = TestTenant::on(&own.server).await;
    let carl = globex.member("carl").await;
    read("192.0.2.1", &carl).await.expect(200);

    own.set_budget(100).await;
    until_quota(&ada, 100).await;
    read("192.0.2.1", &ada).await.expect(200);
}

#[tokio::test]
async fn a_stranger_cannot_use_up_a_tenants_budget() {
    let own = Limited::new().await;
    own.set_budget(2).await;
    let ada = own.tenant.member("ada").await;
    let globex = TestTenant::on(&own.server).await;
    let carl = globex.member("carl").await;
    let carl = carl.naming(Some(own.tenant.slug().as_str()));
    let nobody = own.tenant.anonymous();
    for _ in 0..5 {
        read("192.0.2.9", &nobody).await.expect(401);
        read("192.0.2.9", &nobody.clone().with_token(Some("x.y.z")))
            .await
            .expect(401);
        read("192.0.2.9", &carl)
            .await
            .expect_problem(403, "tenant_mismatch");
    }
    read("192.0.2.1", &ada).await.expect(200);
}

#[tokio::test]
async fn health_and_documents_are_not_limited() {
    let own = Limited::new().await;
    let anonymous = own.server.anonymous();
    for path in ["/health", "/openapi.json", "/docs"] {
        let request = anonymous.request_root(reqwest::Method::GET, path);
        let answer = tenantry::testkit::Answer::of(request).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("ratelimit"), "", "{path}");
    }
}
