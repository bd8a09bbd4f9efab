//! A refused sign-in tells nothing, neither by words nor by time.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tenantry::testkit::{Actor, Answer, TestTenant};

use super::Own;

async fn try_to_sign_in(actor: &Actor, email: &str) -> Answer {
    let body = json!({ "email": email, "password": "not the password at all" });
    actor.post("/auth/login", &body).await
}

/// All but what names the request.
fn told(answer: &Answer) -> Value {
    let mut problem = answer.expect_problem(401, "invalid_credentials");
    problem["request_id"] = Value::Null;
    problem
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_get_the_same_answer() {
    let acme = TestTenant::new().await;
    acme.member("ada").await;
    let anonymous = acme.anonymous();
    let wrong = told(&try_to_sign_in(&anonymous, "ada@example.com").await);
    for email in [
        "nobody@example.com",
        "no address",
        "",
        "ada@example.com\u{a0}x",
    ] {
        assert_eq!(told(&try_to_sign_in(&anonymous, email).await), wrong);
    }
}

#[tokio::test]
async fn the_password_of_another_tenants_account_is_wrong_here() {
    let (acme, globex) = (TestTenant::new().await, TestTenant::new().await);
    acme.member("ada").await;
    let body = json!({ "email": "ada@example.com", "password": TestTenant::PASSWORD });
    acme.anonymous()
        .post("/auth/login", &body)
        .await
        .expect(200);
    let answer = globex.anonymous().post("/auth/login", &body).await;
    answer.expect_problem(401, "invalid_credentials");
}

#[tokio::test]
async fn an_unknown_address_takes_as_long_as_a_wrong_password() {
    // A server of its own, so that nobody else's passwords are in the queue.
    let own = Own::new().await;
    own.tenant.member("ada").await;
    let anonymous = own.tenant.anonymous();
    // What the first of them finds cold is no difference between the two.
    for email in ["ada@example.com", "nobody@example.com"] {
        time(&anonymous, email).await;
    }
    // A difference that is there shows in every round; one that the machine's other work made does not.
    let mut ratios = Vec::new();
    for _ in 0..15 {
        let ratio = ratio_of(&anonymous, 200).await;
        if (0.9..=1.1).contains(&ratio) {
            return;
        }
        ratios.push(ratio);
    }
    panic!("a wrong password takes {ratios:?} times as long as an unknown address");
}

/// Median time of a wrong password over that of an unknown address. By turns, so that a busy machine is as slow for both.
async fn ratio_of(anonymous: &Actor, tries: usize) -> f64 {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..tries / 2 {
        // Each comes first as often as the other.
        for place in [round % 2, 1 - round % 2] {
            let email = ["ada@example.com", "nobody@example.com"][place];
            times[place].push(time(anonymous, email).await);
        }
    }
    let [known, unknown] = times.map(median);
    known.as_secs_f64() / unknown.as_secs_f64()
}

async fn time(actor: &Actor, email: &str) -> Duration {
    let started = Instant::now();
    try_to_sign_in(actor, email).await.expect(401);
    started.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
