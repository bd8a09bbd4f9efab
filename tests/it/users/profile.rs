//! Profiles: one's own, and those of people below.

use serde_json::json;
use tenantry::domains::access::Role;
use tenantry::testkit::TestTenant;

use super::path;

#[tokio::test]
async fn everybody_changes_their_own_name_by_each_way() {
    let acme = TestTenant::new().await;
    for role in [Role::Guest, Role::Member, Role::Admin] {
        let user = acme.user(role.as_str(), role).await;
        let me = user.patch("/users/me", &json!({ "name": "One" })).await;
        assert_eq!(me.expect(200)["name"], "One");
        let me = user.put(&path(&user), &json!({ "name": "Two" })).await;
        assert_eq!(me.expect(200)["name"], "Two");
        let me = user.patch(&path(&user), &json!({ "name": "Three" })).await;
        let me = me.expect(200);
        assert_eq!(me["name"], "Three");
        assert_eq!(user.get("/users/me").await.expect(200), me);
        // Nothing named, nothing changed.
        let same = user.patch("/users/me", &json!({})).await.expect(200);
        assert_eq!(same, me);
    }
}

#[tokio::test]
async fn an_admin_changes_those_below_and_no_other_admin() {
    let acme = TestTenant::new().await;
    let (ada, bob) = (acme.admin("ada").await, acme.admin("bob").await);
    let mel = acme.member("mel").await;
    let body = json!({ "name": "Melanie" });
    ada.put(&path(&mel), &body).await.expect(200);
    let answer = ada.put(&path(&bob), &body).await;
    answer.expect_problem(403, "role_hierarchy");
    let bob = bob.get("/users/me").await.expect(200);
    assert_eq!(bob["name"], "bob@example.com");
}

#[tokio::test]
async fn a_user_is_shown_with_whether_their_address_is_verified() {
    let acme = TestTenant::new().await;
    let ada = acme.admin("ada").await;
    let me = ada.get("/users/me").await.expect(200);
    assert_eq!(me["email_verified"], true);
}
