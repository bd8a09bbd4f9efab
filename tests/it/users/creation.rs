//! Who makes whom: below one's own role, with a good password, under an address that is free.

use serde_json::{Value, json};
use tenantry::tenancy::{Sql, TenantKey};
use tenantry::testkit::TestTenant;

use crate::auth::Own;
use crate::roles::make;

const DELETE_ROLE: Sql = Sql::new("test.delete_role", "DELETE FROM roles WHERE name = 'lead'");

fn eve(role: &str, password: &str) -> Value {
    json!({ "email": "eve@example.com", "name": "Eve", "role": role, "password": password })
}

#[tokio::test]
async fn an_admin_makes_members_who_can_sign_in() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let answer = admin
        .post("/users", &eve("member", TestTenant::PASSWORD))
        .await;
    let made = answer.expect(201);
    let path = format!("/api/v1/users/{}", made["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), path);
    assert!(!answer.text.contains("password"), "{}", answer.text);
    let (eve, _) = acme.anonymous().sign_in("eve@example.com").await;
    let me = eve.get("/users/me").await.expect(200);
    assert_eq!(me["role"], "member");
}

#[tokio::test]
async fn an_admin_cannot_make_an_admin_or_a_super_admin() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    for role in ["admin", "super_admin"] {
        let answer = admin.post("/users", &eve(role, TestTenant::PASSWORD)).await;
        answer.expect_problem(403, "role_hierarchy");
    }
    let list = admin.get("/users").await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_address_is_taken_once_in_a_tenant_whatever_its_case_and_free_in_the_next() {
    let (acme, globex) = (TestTenant::new().await, TestTenant::new().await);
    let admin = acme.admin("ada").await;
    let body = eve("guest", TestTenant::PASSWORD);
    admin.post("/users", &body).await.expect(201);
    let mut again = body.clone();
    again["email"] = json!("EVE@Example.com");
    let answer = admin.post("/users", &again).await;
    answer.expect_problem(409, "email_taken");
    let other = globex.admin("ada").await;
    other.post("/users", &body).await.expect(201);
}

#[tokio::test]
async fn a_weak_password_is_refused() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let long = "long ".repeat(30);
    for (password, code) in [
        ("short words", "too_short"),
        (long.as_str(), "too_long"),
        ("password1234", "too_common"),
        ("qwertyuiopas", "too_common"),
    ] {
        let answer = admin.post("/users", &eve("guest", password)).await;
        let problem = answer.expect_problem(422, "validation_failed");
        let mistake = &problem["errors"][0];
        assert_eq!(mistake["pointer"], "/password", "{problem}");
        assert_eq!(mistake["code"], code, "{problem}");
        assert!(!answer.text.contains(password), "it repeats the password");
    }
}

#[tokio::test]
async fn who_sees_only_themselves_gets_a_list_of_one() {
    let acme = TestTenant::new().await;
    let (member, _) = (acme.member("mel").await, acme.admin("ada").await);
    let list = member.get("/users").await.expect(200);
    let ids: Vec<_> = list["data"].as_array().unwrap().iter().collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(ids[0]["id"], member.id().to_string());
}

#[tokio::test]
async fn a_role_that_was_deleted_at_that_moment_is_unknown() {
    let own = Own::new().await;
    let admin = own.tenant.admin("ada").await;
    make(&admin, "lead", 25, &[]).await;
    make(&admin, "scribe", 15, &[]).await;
    // The node now knows both roles, and is not told that one goes.
    crate::roles::bearer(&admin, &own.tenant, "mel", "scribe").await;
    let tenancy = own.database.foundation().tenancy.clone();
    let tenant = tenancy.serve(&TenantKey::Id(own.tenant.id())).await;
    let mut db = tenancy.session(&tenant.unwrap()).await.unwrap();
    db.execute(&DELETE_ROLE, &[]).await.unwrap();
    let answer = admin
        .post("/users", &eve("lead", TestTenant::PASSWORD))
        .await;
    let problem = answer.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "unknown_role");
}
