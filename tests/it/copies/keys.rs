//! Idempotency keys: of requests that begin copies, and of people whom a copy has as well.

use reqwest::Method;
use serde_json::json;
use tenantry::testkit::{Actor, Answer};

use super::fixture::{schema_of, waits_for};
use super::http::Place;
use crate::program::owner;

#[tokio::test]
async fn the_same_request_with_the_same_key_begins_one_copy() {
    let place = Place::new().await;
    let path = format!("/tenants/{}/clone", place.acme);
    let begin = async |slug: &str| {
        let request = place.operator.request(reqwest::Method::POST, &path);
        let request = request.header("Idempotency-Key", "one");
        Answer::of(request.json(&json!({ "slug": slug }))).await
    };
    let (one, again) = (begin("twin").await, begin("twin").await);
    assert_eq!(one.expect(202)["id"], again.expect(202)["id"]);
    assert_eq!(again.header("idempotency-replayed"), "true");
    begin("other")
        .await
        .expect_problem(422, "idempotency_mismatch");
    assert_eq!(place.end(&one).await["status"], "succeeded");

    let path = format!("/tenants/{}/export", place.acme);
    let begin = async |key: &'static str| {
        let request = place.operator.request(reqwest::Method::POST, &path);
        Answer::of(request.header("Idempotency-Key", key)).await
    };
    begin("one")
        .await
        .expect_problem(422, "idempotency_mismatch");
    let (two, again, three) = (begin("two").await, begin("two").await, begin("three").await);
    assert_eq!(two.expect(202)["id"], again.expect(202)["id"]);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_ne!(two.expect(202)["id"], three.expect(202)["id"]);
    for begun in [&two, &three] {
        assert_eq!(place.end(begun).await["status"], "succeeded");
    }

    // What was answered stays answered when its tenant is gone.
    let one = format!("/tenants/{}", place.acme);
    place.operator.delete(&one).await.expect(202);
    let after = begin("two").await;
    assert_eq!(after.expect(202)["id"], two.expect(202)["id"]);
    begin("four")
        .await
        .expect_problem(409, "invalid_transition");
    let files = std::fs::read_dir(place.folder.path()).unwrap().count();
    assert_eq!(files, 2, "one for each key");
}

#[tokio::test]
async fn a_key_of_a_clone_does_not_wait_for_the_same_persons_key_in_the_source() {
    let place = Place::new().await;
    let path = format!("/tenants/{}/clone", place.acme);
    let begun = place.operator.post(&path, &json!({ "slug": "twin" })).await;
    assert_eq!(place.end(&begun).await["status"], "succeeded");
    let ada = async |slug: &str| {
        let here = place.server.anonymous().naming(Some(slug));
        here.sign_in("ada@example.com").await.0
    };
    let (in_source, in_clone) = (ada("acme").await, ada("twin").await);
    let me = async |ada: &Actor| ada.get("/users/me").await.expect(200)["id"].clone();
    assert_eq!(me(&in_source).await, me(&in_clone).await);
    let project = async |ada: &Actor| {
        let request = ada.request(Method::POST, "/projects");
        let request = request.header("Idempotency-Key", "one");
        Answer::of(request.json(&json!({ "name": "moon" }))).await
    };

    let sql = owner(&place.database).await;
    let source = schema_of(&sql, "acme").await;
    let hold = format!("BEGIN; LOCK TABLE {source}.projects IN ACCESS EXCLUSIVE MODE");
    sql.batch_execute(&hold).await.unwrap();
    let waiting = project(&in_source);
    let meanwhile = async {
        waits_for(&sql, &format!("{source}.projects")).await;
        let made = project(&in_clone).await;
        sql.batch_execute("COMMIT").await.unwrap();
        made
    };
    let (waited, made) = tokio::join!(waiting, meanwhile);
    made.expect(201);
    waited.expect(201);
}
