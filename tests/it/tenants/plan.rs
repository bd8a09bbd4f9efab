//! A tenant's plan is the operators' affair; what the tenant uses is its people's to see.

use serde_json::json;
use tenantry::testkit::TestTenant;

#[tokio::test]
async fn operators_change_a_plan_and_admins_do_not() {
    let acme = TestTenant::new().await;
    let (admin, operator) = (acme.admin("ada").await, acme.server().operator().await);
    let path = format!("/tenants/{}", acme.id());
    let before = admin.get("/tenant").await.expect(200);
    assert_eq!(before["plan"], "standard");
    let body = json!({ "name": "Acme", "plan": "scale" });
    for answer in [
        admin.patch(&path, &body).await,
        admin.put(&path, &body).await,
    ] {
        answer.expect_problem(403, "plan_forbidden");
    }
    assert_eq!(admin.get("/tenant").await.expect(200), before);

    let changed = operator.put(&path, &body).await.expect(200);
    assert_eq!(
        (&changed["name"], &changed["plan"]),
        (&json!("Acme"), &json!("scale"))
    );
    assert_eq!(admin.get("/tenant").await.expect(200), changed);
    let usage = admin.get("/tenant/usage").await.expect(200);
    assert_eq!(usage["plan"], "scale");
    assert_eq!(usage["requests_per_minute"], 60_000);
    // Without a plan it stays.
    let renamed = operator.put(&path, &json!({ "name": "Acme & Co" })).await;
    assert_eq!(renamed.expect(200)["plan"], "scale");
    for body in [
        json!({ "plan": "gold" }),
        json!({ "name": "x", "plan": "gold" }),
    ] {
        let answer = operator.patch(&path, &body).await;
        let problem = answer.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["code"], "unknown_plan");
        assert_eq!(problem["errors"][0]["pointer"], "/plan");
    }
    let after = operator.get(&path).await.expect(200);
    assert_eq!(after["name"], "Acme & Co");
}

#[tokio::test]
async fn an_admin_renames_their_own_tenant_and_nobody_below_does() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let renamed = admin.patch("/tenant", &json!({ "name": "Acme" })).await;
    assert_eq!(renamed.expect(200)["name"], "Acme");
    for field in ["status", "plan", "slug"] {
        let answer = admin.patch("/tenant", &json!({ field: "x" })).await;
        let problem = answer.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["code"], "unknown_field");
    }
    let member = acme.member("mel").await;
    let answer = member.patch("/tenant", &json!({ "name": "Mine" })).await;
    answer.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn what_a_tenant_uses_is_its_own_alone() {
    let (acme, globex) = (TestTenant::new().await, TestTenant::new().await);
    let ada = acme.member("ada").await;
    acme.member("bob").await;
    globex.member("eve").await;
    for name in ["moon", "mars", "venus"] {
        let body = json!({ "name": name });
        ada.post("/projects", &body).await.expect(201);
    }
    let (_, _token) = acme.anonymous().sign_in("bob@example.com").await;
    let usage = ada.get("/tenant/usage").await.expect(200);
    assert_eq!(usage["users"], 2);
    assert_eq!(usage["projects"], 3);
    assert_eq!(usage["sessions"], 1);
    assert!(usage["storage_bytes"].as_i64().unwrap() > 0, "{usage}");
}
