//! API2, broken authentication: guessing is bounded, and no answer tells who has an account, by its words or by its time.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tenantry::testkit::{Actor, Answer, TestDatabase, TestServer, TestTenant};

use crate::auth::Own;
use crate::contract::document::{Operation, operations};
use crate::contract::samples;

/// What anybody can ask of an address that may be somebody's. Making something for it is another matter.
fn public_about_addresses() -> Vec<Operation> {
    let all = operations().into_iter();
    let public = all.filter(|o| !o.needs_credential() && !o.responses().contains_key("201"));
    let about = public.filter(|o| samples::body(&o.name).is_some_and(|b| b.get("email").is_some()));
    about.filter(|o| o.name != "POST /auth/register").collect()
}

async fn ask(operation: &Operation, anonymous: &Actor, email: &str) -> Answer {
    let mut body = samples::body(&operation.name).unwrap();
    body["email"] = json!(email);
    if body.get("password").is_some() {
        body["password"] = json!("not the password at all");
    }
    let request = anonymous.request_root(operation.method.clone(), &operation.path);
    Answer::of(request.json(&body)).await
}

/// All of an answer that could tell one from another.
fn told(answer: &Answer) -> (u16, Vec<String>, Value) {
    let names = answer.headers.keys().map(ToString::to_string).collect();
    let mut body = answer.json();
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
    }
    (answer.status, names, body)
}

#[tokio::test]
async fn no_answer_tells_whose_address_is_known() {
    let acme = TestTenant::new().await;
    acme.member("ada").await;
    let gone = acme.member("gone").await;
    let admin = acme.admin("root").await;
    let path = format!("/users/{}", gone.id());
    admin.delete(&path).await.expect(204);
    let found = public_about_addresses();
    assert!(found.len() >= 3, "{}", found.len());
    for operation in found {
        let known = ask(&operation, &acme.anonymous(), "ada@example.com").await;
        for unknown in ["nobody@example.com", "gone@example.com", "ADA@example.org"] {
            let answer = ask(&operation, &acme.anonymous(), unknown).await;
            assert_eq!(told(&answer), told(&known), "{} {unknown}", operation.name);
        }
    }
}

#[tokio::test]
async fn answers_about_known_and_unknown_addresses_take_the_same_time() {
    // A server of its own, so that nobody else's work is in the way.
    let own = Own::new().await;
    own.tenant.member("ada").await;
    let anonymous = own.tenant.anonymous();
    for operation in public_about_addresses() {
        // A sign-in hashes; its time is measured in `auth::refusals`.
        if operation.name == "POST /auth/login" {
            continue;
        }
        for email in EMAILS {
            time(&operation, &anonymous, email).await;
        }
        let mut ratios = Vec::new();
        // A difference that is there shows in every round; one that the machine's other work made does not.
        while ratios.len() < 15 && !ratios.last().is_some_and(|r| (0.9..=1.1).contains(r)) {
            ratios.push(ratio_of(&operation, &anonymous).await);
        }
        let last = ratios.last().unwrap();
        assert!((0.9..=1.1).contains(last), "{}: {ratios:?}", operation.name);
    }
}

const EMAILS: [&str; 2] = ["ada@example.com", "nobody@example.com"];

/// Median time for a known address over that for an unknown one, over 200 tries. Each follows each as often, so what a question leaves
/// to be done behind it weighs on both.
async fn ratio_of(operation: &Operation, anonymous: &Actor) -> f64 {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..100 {
        for place in [round % 2, 1 - round % 2] {
            times[place].push(time(operation, anonymous, EMAILS[place]).await);
        }
    }
    let [known, unknown] = times.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    });
    known.as_secs_f64() / unknown.as_secs_f64()
}

async fn time(operation: &Operation, anonymous: &Actor, email: &str) -> Duration {
    let started = Instant::now();
    ask(operation, anonymous, email).await;
    started.elapsed()
}

#[tokio::test]
async fn guessing_passwords_is_bounded_however_address_and_path_are_written() {
    let mut database = TestDatabase::new().await;
    database.config.limits.enabled = true;
    let server = TestServer::start(&database).await;
    let acme = TestTenant::on(&server).await;
    acme.member("ada").await;
    let ways = [
        "ada@example.com",
        "ADA@example.com",
        "Ada@Example.COM",
        " ada@example.com",
        "ada@example.com ",
        "ada@example.com\t",
        "\u{a0}ada@example.com",
        "bob@example.com",
        "ada@example.com.",
    ];
    let paths = ["/auth/login", "/auth/login?x=1", "/auth/%6cogin"];
    let mut looked_at = 0;
    let mut statuses = Vec::new();
    for (n, email) in ways.iter().cycle().take(30).enumerate() {
        let body = json!({ "email": email, "password": format!("a guess of mine {n}") });
        let request = acme
            .anonymous()
            .request(Method::POST, paths[n % paths.len()]);
        // Nobody believes what a client says of its own address, or of its tenant's spelling.
        let request = request
            .header("x-forwarded-for", format!("192.0.2.{n}"))
            .header("forwarded", format!("for=192.0.2.{n}"))
            .header("x-real-ip", format!("192.0.2.{n}"));
        let answer = Answer::of(request.json(&body)).await;
        if answer.status != 429 && answer.status != 404 {
            looked_at += 1;
        }
        statuses.push(answer.status);
    }
    assert!(
        looked_at <= 6,
        "{looked_at} guesses were looked at: {statuses:?}"
    );
    // The right password is no way round.
    let body = json!({ "email": "ada@example.com", "password": TestTenant::PASSWORD });
    let answer = acme.anonymous().post("/auth/login", &body).await;
    answer.expect_problem(429, "rate_limited");
    assert!(!answer.header("retry-after").is_empty());
}
