//! An operator makes users in tenants, and both logs tell of it.

use serde_json::{Value, json};
use tenantry::tenancy::{Row, Slug, Sql, TenantKey};
use tenantry::testkit::{Actor, Answer, TestServer, TestTenant};

use crate::auth::Own;

const LOG: Sql = Sql::new(
    "test.user_audit",
    "SELECT actor_kind, after->>'email' AS email FROM audit_log WHERE action = 'user.created' \
     AND after->>'email' = 'grace@example.com'",
);

fn grace(role: &str) -> Value {
    let password = TestTenant::PASSWORD;
    json!({ "email": "grace@example.com", "name": "Grace", "role": role, "password": password })
}

async fn make(operator: &Actor, tenant: &TestTenant, role: &str) -> Answer {
    let path = format!("/tenants/{}/users", tenant.id());
    operator.post(&path, &grace(role)).await
}

#[tokio::test]
async fn an_operator_makes_an_admin_in_a_tenant_and_both_logs_tell_of_it() {
    let own = Own::new().await;
    let operator = own.server.operator().await;
    let answer = make(&operator, &own.tenant, "admin").await;
    let made = answer.expect(201);
    let id = made["id"].as_str().unwrap();
    assert_eq!(answer.header("location"), format!("/api/v1/users/{id}"));
    let (grace, _) = own.tenant.anonymous().sign_in("grace@example.com").await;
    let me = grace.get("/users/me").await.expect(200);
    assert_eq!(me, made);
    assert_eq!(me["role"], "admin");

    let tenancy = own.database.foundation().tenancy.clone();
    for tenant in [
        TenantKey::Id(own.tenant.id()),
        TenantKey::Slug(Slug::platform()),
    ] {
        let tenant = tenancy.serve(&tenant).await.unwrap();
        let mut db = tenancy.session(&tenant).await.unwrap();
        let rows = db.query(&LOG, &[]).await.unwrap();
        let kind = |row: &Row| row.get::<String>("actor_kind").unwrap();
        assert_eq!(rows.iter().map(kind).collect::<Vec<_>>(), ["operator"]);
    }
}

#[tokio::test]
async fn a_role_is_given_up_to_admin_and_only_where_it_exists() {
    let acme = TestTenant::new().await;
    let operator = acme.server().operator().await;
    let answer = make(&operator, &acme, "super_admin").await;
    answer.expect_problem(403, "role_hierarchy");
    let answer = make(&operator, &acme, "lead").await;
    let problem = answer.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "unknown_role");

    let admin = acme.admin("ada").await;
    let role = json!({ "name": "lead" });
    admin.post("/roles", &role).await.expect(201);
    let made = make(&operator, &acme, "lead").await.expect(201);
    assert_eq!(made["role"], "lead");
    let answer = make(&operator, &acme, "member").await;
    answer.expect_problem(409, "email_taken");
}

#[tokio::test]
async fn the_same_request_again_gives_the_same_answer_and_no_second_user() {
    let acme = TestTenant::new().await;
    let operator = TestServer::shared().await.operator().await;
    let path = format!("/tenants/{}/users", acme.id());
    let send = async || {
        let request = operator.request(reqwest::Method::POST, &path);
        let request = request.header("Idempotency-Key", "key-1");
        Answer::of(request.json(&grace("member"))).await
    };
    let made = send().await.expect(201);
    let again = send().await;
    assert_eq!(again.expect(201), made);
    assert_eq!(again.header("idempotency-replayed"), "true");
}

#[tokio::test]
async fn an_admin_makes_no_users_elsewhere_and_not_by_this_way_at_home() {
    let (acme, globex) = (TestTenant::new().await, TestTenant::new().await);
    let admin = acme.admin("ada").await;
    for tenant in [&acme, &globex] {
        let answer = make(&admin, tenant, "guest").await;
        answer.expect_problem(403, "forbidden");
    }
}
