//! `Idempotency-Key` on every operation that creates: the same request again gives the same answer, and one thing only.
//!
//! Operations without a credential are tried with their own slices: what they make is made once by a token or a name that is used up.

use futures_util::future::join_all;
use serde_json::Value;
use tenantry::domains::access::Role;
use tenantry::testkit::{Actor, Answer, TestDatabase, TestServer};

use super::document::{Operation, operations};
use crate::authorization::fixture::Place;

const HEADER: &str = "Idempotency-Key";

/// A second request puts another secret in the place of the first, so there is one thing in any case; and a kept answer would tell for a day
/// the secret of a factor that is in force.
const WITHOUT: [&str; 2] = ["POST /users/me/mfa/totp", "POST /invites/{id}/resend"];

/// They go on after their answer, when there is nothing to count yet; `copies` and `fleet` try their keys.
const BEGINNING: [&str; 4] = [
    "POST /tenants/{id}/export",
    "POST /tenants/{id}/clone",
    "POST /tenants/import",
    "POST /tenants/{id}/migrate",
];

/// What answers 201, or 202 with something that was begun.
fn creates(operation: &Operation) -> bool {
    let responses = operation.responses();
    let begun = |answer: &Value| answer.get("content").is_some_and(|c| c != &Value::Null);
    operation.method == "POST"
        && operation.needs_credential()
        && (responses.contains_key("201") || responses.get("202").is_some_and(begun))
}

fn creating() -> Vec<Operation> {
    let all = operations().into_iter();
    let found = all.filter(|o| creates(o) && !WITHOUT.contains(&o.name.as_str()));
    found.collect()
}

fn counted() -> impl Iterator<Item = Operation> {
    let all = creating().into_iter();
    all.filter(|o| !BEGINNING.contains(&o.name.as_str()))
}

/// Somebody of the place who may, and somebody else who may.
async fn people(place: &Place, operation: &Operation) -> (Actor, Actor) {
    if operation.is_platform() {
        let (one, two) = (place.server().operator(), place.server().operator());
        return (one.await, two.await);
    }
    let second = format!("second-{}", uuid::Uuid::now_v7().simple());
    let one = place.actor(Role::Admin, operation);
    (one, place.tenant.admin(&second).await)
}

/// With a key of the operation's own.
async fn send(place: &Place, operation: &Operation, actor: &Actor, body: &Value) -> Answer {
    let request = place.request(operation, actor, Some(body)).await;
    Answer::of(request.header(HEADER, &operation.name)).await
}

/// How many there are of what this makes.
async fn count(place: &Place, operation: &Operation, actor: &Actor) -> usize {
    let (actor, path) = match operation.name.as_str() {
        "POST /tenants/{id}/users" => (&place.actor(Role::Admin, operation), "/api/v1/users"),
        _ => (actor, operation.path.as_str()),
    };
    let request = actor.request_root(reqwest::Method::GET, &format!("{path}?limit=100"));
    let answer = Answer::of(request).await;
    // A list that is never longer than a page takes no limit.
    let list = if answer.status == 200 {
        answer
    } else {
        Answer::of(actor.request_root(reqwest::Method::GET, path)).await
    };
    let list = list.expect(200);
    assert_eq!(list["has_more"], false, "{}", operation.name);
    list["data"].as_array().unwrap().len()
}

#[test]
fn every_operation_that_creates_takes_a_key_and_documents_what_may_come_of_it() {
    let found = creating();
    assert!(found.len() >= 12, "{}", found.len());
    for operation in found {
        let name = &operation.name;
        let mut headers = operation.parameters("header");
        assert!(headers.any(|header| header["name"] == HEADER), "{name}");
        for status in ["409", "422"] {
            assert!(
                operation.responses().contains_key(status),
                "{name} {status}"
            );
        }
        for status in ["201", "202"] {
            let Some(answer) = operation.responses().get(status) else {
                continue;
            };
            let replayed = &answer["headers"]["IDEMPOTENCY-REPLAYED"];
            assert!(replayed.is_object(), "{name}");
        }
    }
    for name in WITHOUT.into_iter().chain(BEGINNING) {
        assert!(
            operations().iter().any(|o| o.name == name && creates(o)),
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_same_request_again_gives_the_same_answer_and_one_thing_only() {
    let database = TestDatabase::new().await;
    let place = Place::new(&TestServer::start(&database).await).await;
    for operation in counted() {
        let name = &operation.name;
        let (one, two) = people(&place, &operation).await;
        let body = place.body(&operation, &one).await.unwrap();
        let before = count(&place, &operation, &one).await;
        let first = send(&place, &operation, &one, &body).await;
        assert!([201, 202].contains(&first.status), "{name}: {}", first.text);
        assert_eq!(first.header("idempotency-replayed"), "", "{name}");
        let again = send(&place, &operation, &one, &body).await;
        assert_eq!(again.expect(first.status), first.json(), "{name}");
        assert_eq!(again.header("idempotency-replayed"), "true", "{name}");
        for header in ["location", "cache-control"] {
            assert_eq!(again.header(header), first.header(header), "{name}");
        }
        assert_eq!(count(&place, &operation, &one).await, before + 1, "{name}");

        let other = place.body(&operation, &one).await.unwrap();
        let mismatch = send(&place, &operation, &one, &other).await;
        mismatch.expect_problem(422, "idempotency_mismatch");

        let theirs = send(&place, &operation, &two, &other).await;
        assert_eq!(theirs.status, first.status, "{name}: {}", theirs.text);
        assert_eq!(theirs.header("idempotency-replayed"), "", "{name}");
        assert_eq!(count(&place, &operation, &one).await, before + 2, "{name}");
    }
}

#[tokio::test]
async fn of_the_same_request_sent_twice_at_once_one_makes_it() {
    let database = TestDatabase::new().await;
    let place = Place::new(&TestServer::start(&database).await).await;
    for operation in counted() {
        let name = &operation.name;
        let (one, _) = people(&place, &operation).await;
        let body = place.body(&operation, &one).await.unwrap();
        let before = count(&place, &operation, &one).await;
        let both = [(); 2].map(|()| send(&place, &operation, &one, &body));
        let mut made = 0;
        for answer in join_all(both).await {
            match answer.status {
                201 | 202 if answer.header("idempotency-replayed").is_empty() => made += 1,
                201 | 202 => {}
                _ => {
                    answer.expect_problem(409, "idempotency_running");
                }
            }
        }
        assert_eq!(made, 1, "{name}");
        assert_eq!(count(&place, &operation, &one).await, before + 1, "{name}");
    }
}
