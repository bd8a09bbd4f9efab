//! Who sees a tenant, who renames it, and where it stands in the fleet.

use serde_json::{Value, json};
use tenantry::testkit::TestTenant;

#[tokio::test]
async fn a_tenant_is_seen_by_operators_and_its_own_people_and_by_nobody_else() {
    let (acme, globex) = (TestTenant::new().await, TestTenant::new().await);
    let path = format!("/tenants/{}", acme.id().0);
    let guest = acme.guest("gus").await;
    let seen = guest.get(&path).await.expect(200);
    assert_eq!(seen["slug"], acme.slug().to_string());
    assert_eq!(seen, guest.get("/tenant").await.expect(200));
    let operator = acme.server().operator().await;
    assert_eq!(operator.get(&path).await.expect(200), seen);

    let stranger = globex.admin("eve").await;
    let answer = stranger.get(&path).await;
    let told = answer.expect_problem(404, "not_found");
    let nothing = format!("/tenants/{}", uuid::Uuid::now_v7());
    let nothing = stranger.get(&nothing).await;
    let nothing = nothing.expect_problem(404, "not_found");
    assert_eq!(told["detail"], nothing["detail"], "it tells that it exists");
}

#[tokio::test]
async fn an_admin_renames_their_tenant_and_changes_nothing_else_of_it() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let path = format!("/tenants/{}", acme.id().0);
    let before = admin.get("/tenant").await.expect(200);
    let renamed = admin.patch(&path, &json!({ "name": "Acme & Co" })).await;
    let renamed = renamed.expect(200);
    assert_eq!(renamed["name"], "Acme & Co");
    for field in ["id", "slug", "status", "schema_version", "created_at"] {
        assert_eq!(renamed[field], before[field], "{field}");
    }
    // At once, though tenants are cached.
    assert_eq!(admin.get("/tenant").await.expect(200), renamed);
    let unchanged = admin.patch(&path, &json!({})).await;
    assert_eq!(unchanged.expect(200), renamed);
    for field in ["status", "schema_version"] {
        let answer = admin.patch(&path, &json!({ field: "x" })).await;
        let problem = answer.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["code"], "unknown_field");
    }
}

#[tokio::test]
async fn a_change_of_a_tenant_needs_the_right_to_change_it_even_if_it_changes_nothing() {
    let acme = TestTenant::new().await;
    let member = acme.member("mel").await;
    let path = format!("/tenants/{}", acme.id().0);
    for body in [json!({ "name": "Mine" }), json!({})] {
        let answer = member.patch(&path, &body).await;
        answer.expect_problem(403, "forbidden");
    }
}

#[tokio::test]
async fn an_operator_sees_where_a_tenant_stands_in_the_fleet() {
    let acme = TestTenant::new().await;
    let operator = acme.server().operator().await;
    let path = format!("/tenants/{}", acme.id().0);
    let tenant = operator.get(&path).await.expect(200);
    let stands = operator.get(&format!("{path}/migrations")).await;
    let stands = stands.expect(200);
    assert_eq!(stands["version"], tenant["schema_version"]);
    assert_eq!(stands["version"], stands["target"]);
    assert_eq!(stands["failed"], false);
    assert_eq!(stands["last_error"], Value::Null);
    let history = stands["history"].as_array().unwrap();
    let versions: Vec<_> = history.iter().map(|line| &line["version"]).collect();
    let expected: Vec<_> = (1..=stands["target"].as_i64().unwrap())
        .map(Value::from)
        .collect();
    assert_eq!(versions, expected.iter().collect::<Vec<_>>());
}
