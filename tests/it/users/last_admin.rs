//! A tenant always has an admin, the platform an operator, also when two give it up at once.

use serde_json::json;
use tenantry::domains::access::{Context, Origin, Role};
use tenantry::domains::users::{UserError, Users};
use tenantry::tenancy::{Slug, Sql, TenantKey};
use tenantry::testkit::TestTenant;
use uuid::Uuid;

use super::path;
use crate::auth::Own;

#[tokio::test]
async fn the_last_admin_neither_goes_nor_steps_down() {
    let acme = TestTenant::new().await;
    let ada = acme.admin("ada").await;
    acme.member("mel").await;
    let role = format!("{}/role", path(&ada));
    let down = json!({ "role": "member" });
    let answer = ada.put(&role, &down).await;
    answer.expect_problem(409, "last_admin");
    let answer = ada.delete("/users/me").await;
    answer.expect_problem(409, "last_admin");
    assert_eq!(ada.get("/users/me").await.expect(200)["role"], "admin");

    acme.admin("bob").await;
    ada.put(&role, &down).await.expect(200);
}

#[tokio::test]
async fn of_two_admins_who_step_down_at_once_one_stays() {
    let own = Own::new().await;
    let acme = &own.tenant;
    let down = json!({ "role": "member" });
    for round in 0..20 {
        let one = acme.admin(&format!("one{round}")).await;
        let two = acme.admin(&format!("two{round}")).await;
        let (one_path, two_path) = (path(&one) + "/role", path(&two) + "/role");
        let (a, b) = tokio::join!(one.put(&one_path, &down), two.put(&two_path, &down));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{}\n{}", a.text, b.text);
        let left = if a.status == 409 { &one } else { &two };
        assert_eq!(left.get("/users/me").await.expect(200)["role"], "admin");
        retire(&own, left.id()).await;
    }
}

const RETIRE: Sql = Sql::new(
    "test.retire",
    "UPDATE users SET role = 'guest' WHERE id = $1",
);

/// Takes the role away behind the rules' back.
async fn retire(own: &Own, user: Uuid) {
    let tenancy = own.database.foundation().tenancy;
    let tenant = tenancy
        .serve(&TenantKey::Id(own.tenant.id()))
        .await
        .unwrap();
    let mut db = tenancy.session(&tenant).await.unwrap();
    db.execute(&RETIRE, &[&user]).await.unwrap();
}

#[tokio::test]
async fn of_two_admins_who_leave_and_step_down_at_once_one_stays() {
    let own = Own::new().await;
    let acme = &own.tenant;
    let down = json!({ "role": "guest" });
    for round in 0..20 {
        let one = acme.admin(&format!("one{round}")).await;
        let two = acme.admin(&format!("two{round}")).await;
        let one_path = path(&one) + "/role";
        let (a, b) = tokio::join!(one.put(&one_path, &down), two.delete("/users/me"));
        let refused = [a.status, b.status].iter().filter(|s| **s == 409).count();
        assert_eq!(refused, 1, "{}\n{}", a.text, b.text);
        let left = if a.status == 409 { &one } else { &two };
        retire(&own, left.id()).await;
    }
}

#[tokio::test]
async fn the_platforms_last_operator_stays_even_for_the_system() {
    let own = Own::new().await;
    let foundation = own.database.foundation();
    let deps = foundation.deps(&own.database.config).unwrap();
    let operator = own.server.operator().await.naming(Some("platform"));
    let platform = deps.tenancy.serve(&TenantKey::Slug(Slug::platform())).await;
    let platform = platform.unwrap();
    let id = operator.get("/users/me").await.expect(200)["id"].clone();
    let id = id.as_str().unwrap().parse().unwrap();

    let context = Context::for_system(platform, "a test", Origin::default());
    let users = Users::new(&deps, context);
    let result = users.set_role(id, Role::Admin.into()).await;
    assert!(matches!(result, Err(UserError::LastAdmin(_))), "{result:?}");
    let result = users.delete(id).await;
    assert!(matches!(result, Err(UserError::LastAdmin(_))), "{result:?}");

    own.server.operator().await;
    users.delete(id).await.unwrap();
}
