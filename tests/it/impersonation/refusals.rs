//! Who may not act as whom.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tenantry::clock::Clock;
use tenantry::config::TEST_SECRET;
use tenantry::testkit::TestTenant;
use uuid::Uuid;

use super::{Acting, PATH, begin, operator, whom};
use crate::auth::Own;

#[tokio::test]
async fn nobody_acts_as_an_operator_not_even_as_themselves() {
    let own = Own::new().await;
    let (operator, _) = operator(&own.server).await;
    let other = own.server.operator().await;
    for user in [other.id(), operator.id()] {
        let body = json!({ "tenant": "platform", "user_id": user, "reason": "curiosity" });
        let answer = operator.post(PATH, &body).await;
        answer.expect_problem(403, "never_an_operator");
    }
    let list = operator.get(PATH).await.expect(200);
    assert_eq!(list["data"], json!([]));
}

#[tokio::test]
async fn the_user_and_the_tenant_must_be_there_and_the_tenant_be_served() {
    let own = Own::new().await;
    let ada = own.tenant.member("ada").await;
    let globex = TestTenant::on(&own.server).await;
    let (operator, _) = operator(&own.server).await;
    let unknown = begin(&own, &operator, Uuid::now_v7()).await;
    unknown.expect_problem(404, "not_found");
    // Who is somebody elsewhere is nobody here.
    let elsewhere = json!({ "tenant": globex.id().0, "user_id": ada.id(), "reason": "a test" });
    let answer = operator.post(PATH, &elsewhere).await;
    answer.expect_problem(404, "not_found");
    for tenant in ["no-such-tenant", "NO SUCH NAME"] {
        let body = json!({ "tenant": tenant, "user_id": ada.id(), "reason": "a test" });
        let answer = operator.post(PATH, &body).await;
        answer.expect_problem(404, "tenant_not_found");
    }
    let path = format!("/tenants/{}/suspend", own.tenant.id());
    operator.post(&path, &Value::Null).await.expect(200);
    let answer = begin(&own, &operator, ada.id()).await;
    answer.expect_problem(403, "tenant_suspended");
}

#[tokio::test]
async fn a_reason_must_be_given() {
    let own = Own::new().await;
    let ada = own.tenant.member("ada").await;
    let operator = own.server.operator().await;
    for reason in ["", " ", "\t\n", &"x".repeat(501)] {
        let mut body = whom(&own, ada.id());
        body["reason"] = json!(reason);
        let answer = operator.post(PATH, &body).await;
        let problem = answer.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/reason");
    }
}

#[tokio::test]
async fn it_needs_a_fresh_sign_in() {
    let own = Own::new().await;
    let ada = own.tenant.member("ada").await;
    let (operator, _) = operator(&own.server).await;
    own.server.deps().clock.advance(TimeDelta::minutes(10));
    let answer = begin(&own, &operator, ada.id()).await;
    answer.expect_problem(403, "fresh_sign_in_required");
    // Those who look and end need not have one.
    operator.get(PATH).await.expect(200);
}

#[tokio::test]
async fn who_acts_as_somebody_acts_as_nobody_further() {
    let it = Acting::new().await;
    let mel = it.own.tenant.member("mel").await;
    let answer = begin(&it.own, &it.as_ada, mel.id()).await;
    answer.expect_problem(403, "forbidden");
    it.as_ada.get(PATH).await.expect_problem(403, "forbidden");
    let answer = it.as_ada.delete(&it.path).await;
    answer.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn who_signed_in_elsewhere_has_no_session_that_could_end_it() {
    let own = Own::new().await;
    let ada = own.tenant.member("ada").await;
    let operator = own.server.operator().await;
    let me = operator.clone().naming(Some("platform"));
    let platform = me.get("/tenant").await.expect(200);
    let now = Clock::system().now().timestamp();
    let claims = json!({
        "iss": "tenantry", "aud": "tenantry-api", "sub": operator.id(), "tid": platform["id"],
        "sid": Uuid::nil(), "role": "super_admin", "auth_time": now, "iat": now, "exp": now + 900,
        "jti": Uuid::now_v7(),
    });
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    header.typ = Some("at+jwt".to_owned());
    let key = jsonwebtoken::EncodingKey::from_secret(TEST_SECRET.as_bytes());
    let token = jsonwebtoken::encode(&header, &claims, &key).unwrap();
    let elsewhere = operator.with_token(Some(&token));
    let answer = begin(&own, &elsewhere, ada.id()).await;
    answer.expect_problem(403, "no_session");
}
