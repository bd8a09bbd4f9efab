//! Operations with a limit of their own, for each tenant and client.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;
use tenantry::testkit::TestTenant;

use super::{Limited, from, guess, parameter};
use crate::contract::document::operations;

/// Route, name of its limit, quota, seconds.
const LIMITS: [(&str, &str, u64, u64); 7] = [
    ("/auth/login", "login", 5, 60),
    ("/auth/mfa/verify", "mfa", 5, 60),
    ("/auth/refresh", "refresh", 10, 60),
    ("/auth/register", "register", 3, 3600),
    ("/auth/resend-verification", "resend", 3, 3600),
    ("/auth/forgot-password", "forgot", 3, 3600),
    ("/invites/accept", "accept", 5, 3600),
];

#[tokio::test]
async fn each_limited_route_answers_its_quota_and_then_says_when_to_come_back() {
    let own = Limited::new().await;
    let anonymous = own.tenant.anonymous();
    let known = operations();
    let offered = |route: &str| {
        known
            .iter()
            .any(|known| known.name == format!("POST {route}"))
    };
    let nothing = json!({});
    let mut tried = 0;
    for (route, name, quota, window) in LIMITS.into_iter().filter(|(route, ..)| offered(route)) {
        // What the body is worth does not matter: it is counted before it is read.
        let ask = || from("192.0.2.1", &anonymous, Method::POST, route, &nothing);
        let policy = format!("\"{name}\";q={quota};w={window}");
        for remaining in (0..quota).rev() {
            let answer = ask().await;
            assert_ne!(answer.status, 429, "{route}: {}", answer.text);
            assert_eq!(answer.header("ratelimit-policy"), policy, "{route}");
            assert_eq!(
                parameter(answer.header("ratelimit"), "r"),
                remaining,
                "{route}"
            );
        }
        let refused = ask().await;
        refused.expect_problem(429, "rate_limited");
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=window / quota).contains(&wait), "{route}: {wait} s");
        let standing = format!("\"{name}\";r=0;t={wait}");
        assert_eq!(refused.header("ratelimit"), standing, "{route}");
        assert_eq!(refused.header("ratelimit-policy"), policy, "{route}");
        own.server
            .deps()
            .clock
            .advance(TimeDelta::seconds(wait.cast_signed()));
        assert_ne!(ask().await.status, 429, "{route} after {wait} s");
        tried += 1;
    }
    assert!(tried >= 2, "login and refresh at least");
}

#[tokio::test]
async fn another_client_another_tenant_and_another_route_have_their_own_limit() {
    let own = Limited::new().await;
    let anonymous = own.tenant.anonymous();
    for _ in 0..5 {
        guess("192.0.2.1", &anonymous).await.expect(401);
    }
    guess("192.0.2.1", &anonymous).await.expect(429);

    guess("192.0.2.2", &anonymous).await.expect(401);
    let globex = TestTenant::on(&own.server).await;
    guess("192.0.2.1", &globex.anonymous()).await.expect(401);
    let token = json!({ "refresh_token": "none" });
    let refresh = from(
        "192.0.2.1",
        &anonymous,
        Method::POST,
        "/auth/refresh",
        &token,
    );
    refresh.await.expect_problem(401, "invalid_grant");
    let ada = own.tenant.member("ada").await;
    super::read("192.0.2.1", &ada).await.expect(200);
}

#[tokio::test]
async fn a_route_written_in_another_way_is_the_same_route() {
    let own = Limited::new().await;
    let anonymous = own.tenant.anonymous();
    for _ in 0..5 {
        guess("192.0.2.1", &anonymous).await.expect(401);
    }
    let body = json!({ "email": "ada@example.com", "password": "not the password at all" });
    for path in [
        "/auth/login?again=1",
        "/auth/%6cogin",
        "/auth//login",
        "/auth/login/",
    ] {
        let answer = from("192.0.2.1", &anonymous, Method::POST, path, &body).await;
        assert!(
            [404, 429].contains(&answer.status),
            "{path}: {}",
            answer.text
        );
    }
}

#[tokio::test]
async fn addresses_of_one_ipv6_network_are_one_client() {
    let own = Limited::new().await;
    let anonymous = own.tenant.anonymous();
    for host in 1..=5 {
        let client = format!("2001:db8:1:2::{host}");
        guess(&client, &anonymous).await.expect(401);
    }
    guess("2001:db8:1:2:ffff::6", &anonymous).await.expect(429);
    guess("2001:db8:1:3::1", &anonymous).await.expect(401);
}

#[tokio::test]
async fn a_right_password_is_limited_as_a_wrong_one_is() {
    let own = Limited::new().await;
    own.tenant.member("ada").await;
    let anonymous = own.tenant.anonymous();
    for _ in 0..5 {
        guess("192.0.2.1", &anonymous).await.expect(401);
    }
    let body = json!({ "email": "ada@example.com", "password": TestTenant::PASSWORD });
    let login = |client| from(client, &anonymous, Method::POST, "/auth/login", &body);
    login("192.0.2.1").await.expect_problem(429, "rate_limited");
    login("192.0.2.9").await.expect(200);
}
