//! Access tokens that do not hold, sent over HTTP.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tenantry::clock::Clock;
use tenantry::config::TEST_SECRET;
use tenantry::testkit::{Actor, TestTenant};
use uuid::Uuid;

/// What a good token of this member says.
fn claims(tenant: &TestTenant, user: &Actor) -> Value {
    let now = Clock::system().now().timestamp();
    json!({
        "iss": "tenantry", "aud": "tenantry-api", "sub": user.id(), "tid": tenant.id().0,
        "sid": Uuid::now_v7(), "role": "member", "auth_time": now, "iat": now, "exp": now + 900, "jti": Uuid::now_v7(),
    })
}

fn header(algorithm: Algorithm, typ: &str) -> Header {
    Header {
        typ: Some(typ.to_owned()),
        ..Header::new(algorithm)
    }
}

fn sign(header: &Header, claims: &Value, secret: &str) -> String {
    encode(header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

fn signed(claims: &Value) -> String {
    sign(&header(Algorithm::HS256, "at+jwt"), claims, TEST_SECRET)
}

async fn refused(user: &Actor, token: &str, what: &str) {
    let answer = user.clone().with_token(Some(token)).get("/projects").await;
    assert_eq!(answer.status, 401, "{what}: {}", answer.text);
    answer.expect_problem(401, "invalid_token");
    let challenge = "Bearer error=\"invalid_token\"";
    assert_eq!(answer.header("www-authenticate"), challenge, "{what}");
}

fn part(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
async fn a_token_with_these_claims_holds_so_each_change_below_is_what_is_refused() {
    let acme = TestTenant::new().await;
    let ada = acme.member("ada").await;
    let good = ada.clone().with_token(Some(&signed(&claims(&acme, &ada))));
    good.get("/projects").await.expect(200);
}

#[tokio::test]
async fn the_algorithm_is_not_the_tokens_choice() {
    let acme = TestTenant::new().await;
    let ada = acme.member("ada").await;
    let claims = claims(&acme, &ada);
    for algorithm in ["none", "None", "NONE", "nOnE", "HS256", "RS256"] {
        let head = part(&json!({ "typ": "at+jwt", "alg": algorithm }));
        let unsigned = format!("{head}.{}.", part(&claims));
        refused(&ada, &unsigned, algorithm).await;
    }
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let token = sign(&header(algorithm, "at+jwt"), &claims, TEST_SECRET);
        refused(&ada, &token, "another algorithm").await;
    }
}

#[tokio::test]
async fn another_key_another_type_or_a_changed_token_is_refused() {
    let acme = TestTenant::new().await;
    let ada = acme.member("ada").await;
    let good = claims(&acme, &ada);
    let access = header(Algorithm::HS256, "at+jwt");
    let foreign = sign(&access, &good, "another secret of some thirty-two bytes");
    refused(&ada, &foreign, "another key").await;
    for typ in ["JWT", "refresh+jwt"] {
        let token = sign(&header(Algorithm::HS256, typ), &good, TEST_SECRET);
        refused(&ada, &token, typ).await;
    }
    let mut promoted = good.clone();
    promoted["role"] = json!("admin");
    let token = signed(&good);
    let parts: Vec<_> = token.split('.').collect();
    let changed = format!("{}.{}.{}", parts[0], part(&promoted), parts[2]);
    refused(&ada, &changed, "a changed role").await;
    refused(&ada, &format!("{}.{}", parts[0], parts[1]), "no signature").await;
}

#[tokio::test]
async fn a_claim_that_is_not_ours_or_not_of_now_is_refused() {
    let acme = TestTenant::new().await;
    let ada = acme.member("ada").await;
    let now = Clock::system().now().timestamp();
    for (name, value) in [
        ("iss", json!("another")),
        ("aud", json!("another")),
        ("aud", json!([])),
        ("exp", json!(now - 1)),
        ("iat", json!(now + 60)),
        ("role", json!("Emperor")),
        ("tid", json!("acme")),
    ] {
        let mut claims = claims(&acme, &ada);
        claims[name] = value.clone();
        refused(&ada, &signed(&claims), &format!("{name} = {value}")).await;
    }
    for name in [
        "iss",
        "aud",
        "sub",
        "tid",
        "sid",
        "role",
        "auth_time",
        "iat",
        "exp",
    ] {
        let mut claims = claims(&acme, &ada);
        claims.as_object_mut().unwrap().remove(name);
        refused(&ada, &signed(&claims), &format!("no {name}")).await;
    }
}

#[tokio::test]
async fn a_token_of_another_tenant_does_not_fit_whatever_else_is_right_about_it() {
    let (acme, globex) = (TestTenant::new().await, TestTenant::new().await);
    let (ada, eve) = (acme.admin("ada").await, globex.admin("eve").await);
    for name in [acme.slug().to_string(), acme.id().0.to_string()] {
        let answer = eve.clone().naming(Some(&name)).get("/projects").await;
        answer.expect_problem(403, "tenant_mismatch");
    }
    ada.get("/projects").await.expect(200);
    // A super admin's role in a tenant's own token opens nothing of the platform's.
    let mut claims = claims(&globex, &eve);
    claims["role"] = json!("super_admin");
    let operator = eve.with_token(Some(&signed(&claims)));
    let answer = operator.get("/tenants").await;
    answer.expect_problem(403, "forbidden");
    let other = format!("/tenants/{}", acme.id().0);
    operator.get(&other).await.expect_problem(404, "not_found");
}
