//! A key that was deleted, rotated, or has expired is dead at once, on every node.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tenantry::testkit::Actor;

use super::{issued, key, path, program};
use crate::auth::Own;

async fn dead(holder: &Actor) {
    let answer = holder.get("/projects").await;
    answer.expect_problem(401, "invalid_api_key");
    assert!(answer.header("www-authenticate").starts_with("Bearer"));
}

#[tokio::test]
async fn deleted_or_rotated_through_one_server_it_is_dead_on_the_other_at_once() {
    let own = Own::new().await;
    let second = own.second_server().await;
    let ada = own.tenant.member("ada").await;
    let there = |made: &Value| {
        let slug = own.tenant.slug().to_string();
        let anonymous = second.anonymous().naming(Some(&slug));
        anonymous.with_key(Some(key(made)))
    };
    let first = issued(&ada, &["projects:read"]).await;
    there(&first).get("/projects").await.expect(200);
    let rotate = format!("{}/rotate", path(&first));
    let answer = ada.post(&rotate, &Value::Null).await;
    let rotated = answer.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(rotated["api_key"]["id"], first["api_key"]["id"]);
    assert_ne!(rotated["key"], first["key"]);
    dead(&there(&first)).await;
    dead(&program(&own.tenant, &first)).await;
    there(&rotated).get("/projects").await.expect(200);

    ada.delete(&path(&first)).await.expect(204);
    dead(&there(&rotated)).await;
    dead(&program(&own.tenant, &rotated)).await;
    ada.get(&path(&first))
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn an_end_lies_ahead_and_then_ends_it() {
    let own = Own::new().await;
    let ada = own.tenant.member("ada").await;
    let ends = |at| json!({ "name": "ci", "scopes": ["projects:read"], "expires_at": at });
    let now = Utc::now();
    let past = ends(now - TimeDelta::seconds(1));
    let problem = ada.post("/api-keys", &past).await;
    let problem = problem.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/expires_at");

    let ahead = ends(now + TimeDelta::minutes(5));
    let made = ada.post("/api-keys", &ahead).await.expect(201);
    let ci = program(&own.tenant, &made);
    ci.get("/projects").await.expect(200);
    own.server.deps().clock.advance(TimeDelta::minutes(5));
    dead(&ci).await;
}
