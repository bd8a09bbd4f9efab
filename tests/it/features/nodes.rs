//! A change made through one server is in force on every other.

use std::time::{Duration, Instant};

use serde_json::json;
use tenantry::testkit::{Actor, TestDatabase, TestServer, TestTenant};

use super::{made, says};
use crate::auth::SOON;

/// Asks until the flag says so, for at most [`SOON`].
async fn soon(asker: &Actor, key: &str, reason: &str) {
    let started = Instant::now();
    loop {
        let (_, told) = says(asker, key, json!({})).await;
        if told == reason {
            return;
        }
        let waited = started.elapsed();
        assert!(waited < SOON, "still {told} after {waited:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_flag_changed_through_one_server_says_so_on_the_other_within_a_second() {
    let database = TestDatabase::new().await;
    let here = TestServer::start(&database).await;
    let there = TestServer::start(&database).await;
    let acme = TestTenant::on(&here).await;
    let admin = acme.admin("ada").await;
    let elsewhere = there.anonymous().naming(Some(acme.slug().as_str()));
    let elsewhere = elsewhere.with_token(admin.token());

    soon(&elsewhere, "moon", "unknown").await;
    let path = made(&admin, "moon", &json!({})).await;
    soon(&elsewhere, "moon", "rollout").await;
    admin
        .patch(&path, &json!({ "rollout": 0 }))
        .await
        .expect(200);
    soon(&elsewhere, "moon", "default").await;
    let off = json!({ "enabled": false });
    elsewhere.patch(&path, &off).await.expect(200);
    soon(&admin, "moon", "disabled").await;
    elsewhere.delete(&path).await.expect(204);
    soon(&admin, "moon", "unknown").await;
}
