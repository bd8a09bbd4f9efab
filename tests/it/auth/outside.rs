//! Tokens of an outside issuer, which the test runs: whose they are, which of them hold, and what happens when the issuer changes or is gone.

use std::time::Duration;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use tenantry::clock::Clock;
use tenantry::testkit::{Actor, TestDatabase, TestServer, TestTenant};

use super::issuer::{AUDIENCE, Issuer};
use super::keys::{Pair, encoded, signed, signed_by_bytes};

const SUBJECT: &str = "user_2abcDEF";

/// A server that accepts the issuer's tokens, with a member who has a subject there.
struct World {
    admin: Actor,
    // Dropped in this order.
    tenant: TestTenant,
    server: TestServer,
    _database: TestDatabase,
}

impl World {
    async fn trusting(issuer: &Issuer) -> Self {
        let database = TestDatabase::new().await;
        let mut config = database.config.clone();
        config.auth.oidc = Some(issuer.config());
        let server = TestServer::start_with(&config).await;
        let tenant = TestTenant::on(&server).await;
        let admin = tenant.admin("root").await;
        admin.post("/users", &user("ada")).await.expect(201);
        Self {
            admin,
            tenant,
            server,
            _database: database,
        }
    }

    fn bearer(&self, token: &str) -> Actor {
        self.tenant.anonymous().with_token(Some(token))
    }
}

fn user(name: &str) -> Value {
    json!({
        "email": format!("{name}@example.com"), "name": name, "role": "member",
        "password": TestTenant::PASSWORD, "external_subject": SUBJECT,
    })
}

fn claims(issuer: &Issuer) -> Value {
    let now = Clock::system().now().timestamp();
    json!({ "iss": issuer.url, "aud": AUDIENCE, "sub": SUBJECT, "iat": now, "exp": now + 3600 })
}

fn header(pair: &Pair) -> Value {
    json!({ "typ": "JWT", "alg": "RS256", "kid": pair.kid() })
}

fn token(pair: &Pair, claims: &Value) -> String {
    signed(&pair.private, &header(pair), claims)
}

#[tokio::test]
async fn a_token_of_the_issuer_is_the_users_who_has_its_subject() {
    let pair = Pair::rsa();
    let issuer = Issuer::with(&[&pair]).await;
    let world = World::trusting(&issuer).await;
    let good = claims(&issuer);
    let ada = world.bearer(&token(&pair, &good));
    let me = ada.get("/users/me").await.expect(200);
    assert_eq!(me["email"], "ada@example.com");
    assert_eq!(me["external_subject"], SUBJECT);
    ada.get("/projects").await.expect(200);
    assert_eq!(issuer.asked(), 1, "keys are kept");

    // Clerk's tokens have an `azp` in place of the audience.
    let mut other = good.clone();
    other.as_object_mut().unwrap().remove("aud");
    other["azp"] = json!(AUDIENCE);
    world
        .bearer(&token(&pair, &other))
        .get("/users/me")
        .await
        .expect(200);

    // There is no session here, so there is none to end; and the tenant must be named.
    let answer = ada.post("/auth/logout", &Value::Null).await;
    answer.expect_problem(403, "no_session");
    let answer = ada.clone().naming(None).get("/users/me").await;
    answer.expect_problem(400, "tenant_required");
    let globex = TestTenant::on(&world.server).await;
    let there = ada.naming(Some(globex.slug().as_str()));
    there
        .get("/users/me")
        .await
        .expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn somebody_who_hangs_up_while_the_keys_are_read_keeps_nobody_from_them() {
    let pair = Pair::rsa();
    let issuer = Issuer::with(&[&pair]).await;
    let world = World::trusting(&issuer).await;
    issuer.becomes_slow();
    let ada = world.bearer(&token(&pair, &claims(&issuer)));
    let hasty = ada.request(Method::GET, "/users/me");
    let gone = hasty.timeout(Duration::from_millis(100)).send().await;
    assert!(gone.unwrap_err().is_timeout());
    ada.get("/users/me").await.expect(200);
    assert_eq!(issuer.asked(), 1, "it is asked once in ten seconds");
}

#[tokio::test]
async fn a_subject_is_one_users() {
    let issuer = Issuer::with(&[]).await;
    let world = World::trusting(&issuer).await;
    let answer = world.admin.post("/users", &user("eve")).await;
    answer.expect_problem(409, "subject_taken");
    for subject in ["two words", "\u{0}", "ä"] {
        let mut eve = user("eve");
        eve["external_subject"] = json!(subject);
        let answer = world.admin.post("/users", &eve).await;
        answer.expect_problem(422, "validation_failed");
    }
}

#[tokio::test]
async fn what_the_issuer_did_not_sign_for_us_and_for_now_is_refused() {
    // Made before the first question: it takes a while, and what follows must be over before the keys may be read again.
    let (pair, stranger) = (Pair::rsa(), Pair::rsa());
    let issuer = Issuer::with(&[&pair]).await;
    let world = World::trusting(&issuer).await;
    let good = claims(&issuer);
    world
        .bearer(&token(&pair, &good))
        .get("/users/me")
        .await
        .expect(200);

    let now = Clock::system().now().timestamp();
    let mut forged = Vec::new();
    for (name, value) in [
        ("iss", json!("https://issuer.example.com")),
        ("aud", json!("another")),
        ("aud", json!(["another"])),
        ("aud", json!(7)),
        ("aud", Value::Null),
        ("sub", json!("nobody")),
        ("sub", json!("")),
        ("sub", json!("a\u{0}b")),
        ("exp", json!(now - 1)),
        ("iat", json!(now + 90)),
        ("nbf", json!(now + 90)),
        ("auth_time", json!(now + 90)),
    ] {
        let mut claims = good.clone();
        claims[name] = value.clone();
        forged.push((format!("{name} = {value}"), token(&pair, &claims)));
    }
    // An audience that is somebody else's is not mended by `azp`.
    let mut other = good.clone();
    (other["aud"], other["azp"]) = (json!("another"), json!(AUDIENCE));
    forged.push(("azp beside aud".to_owned(), token(&pair, &other)));

    let own = signed(&stranger.private, &header(&pair), &good);
    forged.push(("another key".to_owned(), own));
    for secret in [pair.pem.as_bytes(), &pair.der] {
        let head = json!({ "typ": "JWT", "alg": "HS256", "kid": pair.kid() });
        let token = signed_by_bytes(secret, &head, &good);
        forged.push(("the public key as a secret".to_owned(), token));
    }
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("PS256")),
        ("kid", Value::Null),
        ("kid", json!("strange")),
        ("crit", json!(["exp"])),
        ("typ", json!("logout+jwt")),
    ] {
        let mut head = header(&pair);
        head[name] = value.clone();
        forged.push((
            format!("{name}: {value}"),
            signed(&pair.private, &head, &good),
        ));
        let unsigned = format!("{}.{}.", encoded(&head), encoded(&good));
        forged.push((format!("{name}: {value}, unsigned"), unsigned));
    }
    for (what, token) in forged {
        let answer = world.bearer(&token).get("/users/me").await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text);
        answer.expect_problem(401, "invalid_token");
    }
    assert_eq!(
        issuer.asked(),
        1,
        "unknown names do not make us ask at once"
    );
}

#[tokio::test]
async fn a_key_that_the_issuer_changed_is_found_and_the_old_one_is_over() {
    let (old, new) = (Pair::rsa(), Pair::rsa());
    let issuer = Issuer::with(&[&old]).await;
    let world = World::trusting(&issuer).await;
    let claims = claims(&issuer);
    let by_old = world.bearer(&token(&old, &claims));
    let by_new = world.bearer(&token(&new, &claims));
    by_old.get("/users/me").await.expect(200);
    issuer.publish(&[&new]);
    let answer = by_new.get("/users/me").await;
    answer.expect_problem(401, "invalid_token");
    world.server.deps().clock.advance(TimeDelta::seconds(11));
    by_new.get("/users/me").await.expect(200);
    let answer = by_old.get("/users/me").await;
    answer.expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn while_the_issuer_is_gone_own_tokens_hold_and_known_keys_do_for_an_hour() {
    let pair = Pair::rsa();
    let issuer = Issuer::with(&[&pair]).await;
    let world = World::trusting(&issuer).await;
    let clock = &world.server.deps().clock;
    let mut claims = claims(&issuer);
    claims["exp"] = json!(clock.now().timestamp() + 100_000);
    let ada = world.bearer(&token(&pair, &claims));
    issuer.goes_down();
    let answer = ada.get("/users/me").await;
    answer.expect_problem(503, "issuer_unavailable");
    world.admin.get("/users/me").await.expect(200);

    let issuer = Issuer::with(&[&pair]).await;
    let world = World::trusting(&issuer).await;
    claims["iss"] = json!(issuer.url);
    let ada = world.bearer(&token(&pair, &claims));
    ada.get("/users/me").await.expect(200);
    issuer.goes_down();
    let clock = &world.server.deps().clock;
    clock.advance(TimeDelta::minutes(59));
    ada.get("/users/me").await.expect(200);
    clock.advance(TimeDelta::minutes(1));
    let answer = ada.get("/users/me").await;
    answer.expect_problem(503, "issuer_unavailable");
}
