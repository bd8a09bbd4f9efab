//! A key may do what its scopes name and its owner may do, whichever is less.

use serde_json::json;
use tenantry::tenancy::{Sql, TenantKey};
use tenantry::testkit::TestTenant;

use super::{issued, program};
use crate::auth::Own;

const DEMOTE: Sql = Sql::new(
    "test.demote",
    "UPDATE users SET role = 'guest' WHERE id = $1",
);

#[tokio::test]
async fn a_key_does_what_its_scopes_name_and_no_more() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("root").await;
    let reader = program(&acme, &issued(&admin, &["projects:read"]).await);
    reader.get("/projects").await.expect(200);
    let answer = reader.post("/projects", &json!({ "name": "moon" })).await;
    answer.expect_problem(403, "forbidden");
    let answer = reader.get("/users").await;
    answer.expect_problem(403, "forbidden");

    let people = program(&acme, &issued(&admin, &["users:read"]).await);
    let list = people.get("/users").await.expect(200);
    assert_eq!(list["data"][0]["id"], admin.id().to_string());
    let one = people.get(&format!("/users/{}", admin.id())).await;
    one.expect(200);
    let answer = people.get("/projects").await;
    answer.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn a_scope_reaches_no_further_than_its_owners_grant() {
    let acme = TestTenant::new().await;
    let (ada, bob) = (acme.member("ada").await, acme.member("bob").await);
    let made = bob.post("/projects", &json!({ "name": "moon" })).await;
    let project = made.expect(201)["id"].as_str().unwrap().to_owned();
    let scopes = ["projects:read", "projects:write", "users:read"];
    let ci = program(&acme, &issued(&ada, &scopes).await);
    let answer = ci.delete(&format!("/projects/{project}")).await;
    answer.expect_problem(403, "not_owner");
    let list = ci.get("/users").await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    assert_eq!(list["data"][0]["id"], ada.id().to_string());
}

#[tokio::test]
async fn scopes_that_the_owner_lacks_or_nobody_knows_are_told_by_their_places() {
    let acme = TestTenant::new().await;
    let ada = acme.member("ada").await;
    let ask = |scopes: &[&str]| json!({ "name": "ci", "scopes": scopes });
    let body = ask(&["projects:read", "users:create", "tenants:read"]);
    let problem = ada.post("/api-keys", &body).await;
    let problem = problem.expect_problem(422, "scope_beyond_owner");
    assert_eq!(problem["errors"][0]["pointer"], "/scopes/1");
    assert_eq!(problem["errors"][1]["pointer"], "/scopes/2");
    let body = ask(&["projects:read", "projects:burn"]);
    let problem = ada.post("/api-keys", &body).await;
    let problem = problem.expect_problem(422, "unknown_permission");
    assert_eq!(problem["errors"][0]["pointer"], "/scopes/1");
    for scopes in [&[][..], &["projects:read", "projects:read"]] {
        let answer = ada.post("/api-keys", &ask(scopes)).await;
        answer.expect_problem(422, "validation_failed");
    }
}

#[tokio::test]
async fn what_the_owner_loses_the_key_loses() {
    let own = Own::new().await;
    let ada = own.tenant.member("ada").await;
    let made = issued(&ada, &["projects:read", "projects:write"]).await;
    let ci = program(&own.tenant, &made);
    let body = json!({ "name": "moon" });
    ci.post("/projects", &body).await.expect(201);

    let tenancy = own.database.foundation().tenancy.clone();
    let tenant = tenancy.serve(&TenantKey::Id(own.tenant.id())).await;
    let mut db = tenancy.session(&tenant.unwrap()).await.unwrap();
    db.execute(&DEMOTE, &[&ada.id()]).await.unwrap();
    let answer = ci.post("/projects", &json!({ "name": "mars" })).await;
    answer.expect_problem(403, "forbidden");
    ci.get("/projects").await.expect(200);
}
