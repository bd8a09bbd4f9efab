//! What an operator does to a tenant stands in the tenant's log and in the platform's.

use serde_json::{Value, json};
use tenantry::testkit::TestServer;

use super::{Owned, entries};
use crate::tenants::new_tenant;

pub async fn acts(owned: &Owned, schema: &str, tenant: &str) -> Vec<(String, String, Value)> {
    let sql = format!(
        "SELECT action, actor_kind, to_jsonb(actor_id) FROM {schema}.audit_log WHERE resource = 'tenant' \
         AND resource_id::text = $1 ORDER BY seq"
    );
    let rows = owned.owner.query(&sql, &[&tenant]).await.unwrap();
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}

pub async fn schema_of(owned: &Owned, slug: &str) -> String {
    let sql = "SELECT 't_' || replace(id::text, '-', '') FROM public.tenants WHERE slug = $1";
    owned.owner.query_one(sql, &[&slug]).await.unwrap().get(0)
}

#[tokio::test]
async fn an_operators_act_on_a_tenant_stands_in_both_logs() {
    let owned = Owned::new().await;
    let operator = owned.server.operator().await;
    let made = operator.post("/tenants", &new_tenant("acme")).await;
    let id = made.expect(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/tenants/{id}");
    operator
        .patch(&path, &json!({ "name": "Mars" }))
        .await
        .expect(200);
    for verb in ["suspend", "activate"] {
        let led = operator.post(&format!("{path}/{verb}"), &Value::Null).await;
        led.expect(200);
    }
    let expected = [
        "tenant.created",
        "tenant.updated",
        "tenant.suspended",
        "tenant.activated",
    ];
    let own = acts(&owned, &schema_of(&owned, "acme").await, &id).await;
    let platform = acts(&owned, &schema_of(&owned, "platform").await, &id).await;
    assert_eq!(own, platform);
    let actions: Vec<_> = own.iter().map(|(action, ..)| action.as_str()).collect();
    assert_eq!(actions, expected);
    assert!(own.iter().all(|(_, kind, _)| kind == "operator"));
    let (_, _, operator_id) = &own[0];
    assert!(operator_id.is_string());
    both_chains_hold(&owned.server, &operator).await;
}

pub async fn both_chains_hold(server: &TestServer, operator: &tenantry::testkit::Actor) {
    let platform = operator.clone().naming(Some("platform"));
    assert_eq!(super::verify(&platform).await["valid"], true);
    let acme = server.anonymous().naming(Some("acme"));
    let (ada, _) = acme.sign_in("ada@example.com").await;
    assert_eq!(super::verify(&ada).await["valid"], true);
    assert!(!entries(&ada, "?action=tenant.suspended").await.is_empty());
}
