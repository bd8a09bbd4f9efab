//! Each change of a flag stands in the tenant's audit log, with what it was and what it is.

use serde_json::{Value, json};
use tenantry::testkit::{TestDatabase, TestServer, TestTenant};
use tokio_postgres::NoTls;

use super::made;

#[tokio::test]
async fn every_change_is_written_down_with_before_and_after_and_asking_is_no_change() {
    let database = TestDatabase::new().await;
    let acme = TestTenant::on(&TestServer::start(&database).await).await;
    let (admin, bob) = (acme.admin("ada").await, acme.member("bob").await);
    let path = made(&admin, "moon", &json!({ "rollout": 5 })).await;
    let more = json!({ "rollout": 7.5 });
    admin.patch(&path, &more).await.expect(200);
    let question = json!({ "keys": ["moon"] });
    bob.post("/features/evaluate", &question).await.expect(200);
    bob.patch(&path, &more).await.expect(403);
    admin.delete(&path).await.expect(204);

    let environment = database.environment();
    let name = "MIGRATION_DATABASE_URL";
    let (_, url) = environment.iter().find(|(n, _)| *n == name).unwrap();
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let sql = format!(
        "SELECT action, actor_id, before->'rollout', after->'rollout' FROM {}.audit_log \
         WHERE resource = 'feature' ORDER BY id",
        acme.schema()
    );
    let rows = client.query(&sql, &[]).await.unwrap();
    let lines: Vec<(String, uuid::Uuid, Option<Value>, Option<Value>)> = rows
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3)))
        .collect();
    let line = |action: &str, before, after| (action.to_owned(), admin.id(), before, after);
    assert_eq!(
        lines,
        [
            line("feature.created", None, Some(json!(5.0))),
            line("feature.updated", Some(json!(5.0)), Some(json!(7.5))),
            line("feature.deleted", Some(json!(7.5)), None),
        ]
    );
}
