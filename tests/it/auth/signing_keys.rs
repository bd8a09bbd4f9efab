//! Keys are published, and rotated without signing anybody out.

use serde_json::Value;
use tenantry::signing::PublicKey;
use tenantry::testkit::{Answer, TestDatabase, TestServer, TestTenant};

use super::at;
use super::keys::Pair;

/// A server on `database` that signs with `key` and accepts `previous` too.
async fn server(database: &TestDatabase, key: &Pair, previous: &[&PublicKey]) -> TestServer {
    let mut config = database.config.clone();
    config.auth.jwt_private_key = Some(key.private.clone());
    config.auth.jwt_previous_keys = previous.iter().copied().cloned().collect();
    TestServer::start_with(&config).await
}

async fn published(server: &TestServer) -> Vec<Value> {
    let anonymous = server.anonymous();
    let request = anonymous.request_root(reqwest::Method::GET, "/.well-known/jwks.json");
    let answer = Answer::of(request).await;
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    answer.expect(200)["keys"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_shared_secret_is_not_published() {
    let keys = published(&TestServer::shared().await).await;
    assert!(keys.is_empty(), "{keys:?}");
}

#[tokio::test]
async fn a_public_key_is_published_with_its_algorithm_and_nothing_private() {
    let database = TestDatabase::new().await;
    let (ed, rsa) = (Pair::ed25519(), Pair::rsa());
    let keys = published(&server(&database, &ed, &[&rsa.public]).await).await;
    let names = |key: &Value| key.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys.len(), 2);
    assert_eq!(names(&keys[0]), ["alg", "crv", "kid", "kty", "use", "x"]);
    assert_eq!(names(&keys[1]), ["alg", "e", "kid", "kty", "n", "use"]);
    assert_eq!(keys[0]["kid"], ed.kid());
    assert_eq!(keys[1]["alg"], "RS256");
    // Others read it as we mean it.
    for key in keys {
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(key.clone()).unwrap();
        let kid = jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256);
        assert_eq!(key["kid"], kid.unwrap());
    }
}

#[tokio::test]
async fn while_keys_are_rotated_tokens_of_both_hold_on_every_node() {
    let database = TestDatabase::new().await;
    let (old, new) = (Pair::rsa(), Pair::ed25519());
    // The next key is published before anybody signs with it.
    let before = server(&database, &old, &[&new.public]).await;
    let after = server(&database, &new, &[&old.public]).await;
    let acme = TestTenant::on(&before).await;
    let ada = acme.member("ada").await;
    ada.get("/projects").await.expect(200);
    at(&after, &ada, &acme).get("/projects").await.expect(200);

    let signed_in = after.anonymous().naming(Some(acme.slug().as_str()));
    let (bob, _) = signed_in.sign_in("ada@example.com").await;
    bob.get("/projects").await.expect(200);
    at(&before, &bob, &acme).get("/projects").await.expect(200);

    // When the old key is taken out, its tokens are over.
    let last = server(&database, &new, &[]).await;
    at(&last, &bob, &acme).get("/projects").await.expect(200);
    let answer = at(&last, &ada, &acme).get("/projects").await;
    answer.expect_problem(401, "invalid_token");
}
