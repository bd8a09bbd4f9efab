//! Each change of a role stands in the tenant's audit log with what it was and what it is.

use serde_json::{Value, json};
use tenantry::tenancy::{Sql, TenantKey};

use super::{grant, granted, make};
use crate::auth::Own;

const LOG: Sql = Sql::new(
    "test.role_audit",
    "SELECT action, before, after FROM audit_log WHERE resource = 'role' ORDER BY id",
);

#[tokio::test]
async fn every_change_is_written_down_with_before_and_after_and_no_refusal_is_a_change() {
    let own = Own::new().await;
    let admin = own.tenant.admin("ada").await;
    make(&admin, "lead", 25, &[grant("users:read", "own")]).await;
    let one = grant("audit:view", "tenant");
    let path = "/permissions/roles/lead/permissions";
    admin.post(path, &one).await.expect(200);
    let body = json!({ "name": "lead" });
    admin.post("/roles", &body).await.expect(409);
    admin.delete("/roles/lead").await.expect(204);

    let foundation = own.database.foundation();
    let tenant = TenantKey::Id(own.tenant.id());
    let tenant = foundation.tenancy.serve(&tenant).await.unwrap();
    let mut db = foundation.tenancy.session(&tenant).await.unwrap();
    let rows = db.query(&LOG, &[]).await.unwrap();
    let side = |row: &tenantry::tenancy::Row, name: &str| -> Option<Vec<String>> {
        let value: Option<Value> = row.get(name).unwrap();
        value.as_ref().map(granted)
    };
    let lines: Vec<_> = rows
        .iter()
        .map(|row| {
            let action: String = row.get("action").unwrap();
            (action, side(row, "before"), side(row, "after"))
        })
        .collect();
    let first = || Some(vec!["users:read own".to_owned()]);
    let both = ["audit:view tenant", "users:read own"].map(str::to_owned);
    let both = || Some(both.to_vec());
    assert_eq!(
        lines,
        [
            ("role.created".to_owned(), None, first()),
            ("role.permissions_changed".to_owned(), first(), both()),
            ("role.deleted".to_owned(), both(), None),
        ]
    );
}
