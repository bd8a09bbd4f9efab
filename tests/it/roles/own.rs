//! Making, seeing and deleting roles.

use serde_json::{Value, json};
use tenantry::testkit::{Answer, TestServer, TestTenant};

use super::{bearer, grant, granted, make};

#[tokio::test]
async fn a_role_is_made_seen_and_deleted() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let grants = [grant("users:read", "tenant"), grant("audit:view", "tenant")];
    let body = json!({ "name": "auditor", "description": "reads", "permissions": grants });
    let answer = admin.post("/roles", &body).await;
    let made = answer.expect(201);
    assert_eq!(made["rank"], 15);
    assert_eq!(made["builtin"], false);
    // By name, however they were sent.
    assert_eq!(granted(&made), ["audit:view tenant", "users:read tenant"]);
    let path = "/permissions/roles/auditor";
    assert_eq!(answer.header("location"), format!("/api/v1{path}"));
    assert_eq!(admin.get(path).await.expect(200), made);

    admin.delete("/roles/auditor").await.expect(204);
    admin.get(path).await.expect_problem(404, "not_found");
    let again = admin.delete("/roles/auditor").await;
    again.expect_problem(404, "not_found");
}

#[tokio::test]
async fn roles_are_listed_from_the_lowest_and_super_admins_are_the_platforms_own() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    make(&admin, "lead", 25, &[]).await;
    make(&admin, "visitor", 1, &[]).await;
    let list = admin.get("/roles").await.expect(200);
    let names: Vec<_> = list["data"].as_array().unwrap().iter().collect();
    let names: Vec<_> = names.iter().map(|role| role["name"].clone()).collect();
    assert_eq!(names, ["visitor", "guest", "member", "lead", "admin"]);
    assert_eq!(list["has_more"], false);
    let admins = &list["data"][4];
    assert_eq!(admins["builtin"], true);
    assert!(granted(admins).contains(&"users:create tenant".to_owned()));
    let path = "/permissions/roles/super_admin";
    admin.get(path).await.expect_problem(404, "not_found");

    let operator = TestServer::shared().await.operator().await;
    let operator = operator.naming(Some("platform"));
    let role = operator.get(path).await.expect(200);
    assert!(granted(&role).contains(&"tenants:manage all".to_owned()));
}

#[tokio::test]
async fn a_name_is_given_once_and_built_in_names_are_taken() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    make(&admin, "lead", 25, &[]).await;
    for name in ["lead", "guest", "admin", "super_admin"] {
        let answer = admin.post("/roles", &json!({ "name": name })).await;
        answer.expect_problem(409, "role_taken");
    }
    for name in ["Lead", "1st", "a-b", "", "_x", "a b"] {
        let answer = admin.post("/roles", &json!({ "name": name })).await;
        let problem = answer.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/name", "{name}");
    }
}

#[tokio::test]
async fn a_role_that_somebody_has_is_not_deleted() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    make(&admin, "lead", 25, &[]).await;
    bearer(&admin, &acme, "lea", "lead").await;
    let answer = admin.delete("/roles/lead").await;
    answer.expect_problem(409, "role_in_use");
    admin.get("/permissions/roles/lead").await.expect(200);
}

#[tokio::test]
async fn the_same_request_again_gives_the_same_answer_and_no_second_role() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let send = async |body: &Value| {
        let request = admin.request(reqwest::Method::POST, "/roles");
        Answer::of(request.header("Idempotency-Key", "key-1").json(body)).await
    };
    let body = json!({ "name": "lead", "permissions": [grant("projects:write", "own")] });
    let made = send(&body).await.expect(201);
    let again = send(&body).await;
    assert_eq!(again.expect(201), made);
    assert_eq!(again.header("idempotency-replayed"), "true");
    let other = send(&json!({ "name": "chief" })).await;
    other.expect_problem(422, "idempotency_mismatch");
}

#[tokio::test]
async fn a_tenants_roles_are_not_there_in_another() {
    let (acme, globex) = (TestTenant::new().await, TestTenant::new().await);
    make(&acme.admin("ada").await, "lead", 25, &[]).await;
    let stranger = globex.admin("eve").await;
    let answer = stranger.get("/permissions/roles/lead").await;
    answer.expect_problem(404, "not_found");
    make(&stranger, "lead", 5, &[]).await;
}

#[tokio::test]
async fn a_tenant_has_at_most_a_hundred_roles_of_its_own() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    for number in 0..100 {
        make(&admin, &format!("role_{number}"), 5, &[]).await;
    }
    let answer = admin.post("/roles", &json!({ "name": "one_more" })).await;
    answer.expect_problem(409, "too_many_roles");
}

#[tokio::test]
async fn everybody_acts_on_themselves_whatever_their_role_is_granted() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    make(&admin, "nothing", 5, &[]).await;
    let bob = bearer(&admin, &acme, "bob", "nothing").await;
    for path in ["/users/me", "/auth/sessions", "/api-keys", "/tenant"] {
        bob.get(path).await.expect(200);
    }
    bob.get("/projects").await.expect_problem(403, "forbidden");
    let others = format!("/users/{}", admin.id());
    bob.get(&others).await.expect_problem(404, "not_found");
}
