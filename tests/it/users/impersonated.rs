//! What an operator who acts as somebody does not do for them.

use serde_json::{Value, json};
use tenantry::clock::Clock;
use tenantry::config::TEST_SECRET;
use tenantry::testkit::{Actor, TestTenant};
use uuid::Uuid;

use super::path;

/// This admin, as an operator acts for them.
fn acted_for(acme: &TestTenant, user: &Actor) -> Actor {
    let now = Clock::system().now().timestamp();
    let claims = json!({
        "iss": "tenantry", "aud": "tenantry-api", "sub": user.id(), "tid": acme.id().0,
        "sid": Uuid::now_v7(), "role": "admin", "auth_time": now, "iat": now, "exp": now + 900,
        "jti": Uuid::now_v7(), "act": { "sub": Uuid::now_v7() },
    });
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    header.typ = Some("at+jwt".to_owned());
    let key = jsonwebtoken::EncodingKey::from_secret(TEST_SECRET.as_bytes());
    let token = jsonwebtoken::encode(&header, &claims, &key).unwrap();
    user.clone().with_token(Some(&token))
}

#[tokio::test]
async fn nobody_changes_passwords_or_roles_or_deletes_on_behalf_of_another() {
    let acme = TestTenant::new().await;
    let (ada, mel) = (acme.admin("ada").await, acme.member("mel").await);
    acme.admin("bob").await;
    let acting = acted_for(&acme, &ada);
    acting.get("/users/me").await.expect(200);

    let own = json!({ "current_password": TestTenant::PASSWORD, "new_password": "eight green submarines" });
    let others = json!({ "new_password": "eight green submarines" });
    let role = json!({ "role": "guest" });
    let (ada, mel) = (path(&ada), path(&mel));
    for answer in [
        acting.post(&format!("{ada}/password"), &own).await,
        acting.post(&format!("{mel}/password"), &others).await,
        acting.put(&format!("{ada}/role"), &role).await,
        acting.put(&format!("{mel}/role"), &role).await,
        acting.delete(&mel).await,
        acting.delete("/users/me").await,
    ] {
        answer.expect_problem(403, "impersonated");
    }
    let list: Value = acting.get("/users").await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 3);
}
