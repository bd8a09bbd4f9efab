//! Each change stands in the tenant's audit log; neither is there without the other.

use serde_json::{Value, json};
use tenantry::testkit::{TestDatabase, TestServer, TestTenant};
use tokio_postgres::{Client, NoTls};

use super::made;

/// The owner of the tables, who may look and break.
async fn owner(database: &TestDatabase) -> Client {
    let environment = database.environment();
    let name = "MIGRATION_DATABASE_URL";
    let (_, url) = environment.iter().find(|(n, _)| *n == name).unwrap();
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// What the log says of projects: action, name before, name after.
async fn log(owner: &Client, acme: &TestTenant) -> Vec<(String, Value, Value)> {
    let sql = format!(
        "SELECT action, before->'name', after->'name' FROM {}.audit_log \
         WHERE resource = 'project' ORDER BY id",
        acme.schema()
    );
    let rows = owner.query(&sql, &[]).await.unwrap();
    let name = |value: Option<Value>| value.unwrap_or_default();
    let line = |row: &tokio_postgres::Row| (row.get(0), name(row.get(1)), name(row.get(2)));
    rows.iter().map(line).collect()
}

#[tokio::test]
async fn every_change_is_written_down_and_no_refusal_is_a_change() {
    let database = TestDatabase::new().await;
    let acme = TestTenant::on(&TestServer::start(&database).await).await;
    let (ada, bob) = (acme.member("ada").await, acme.member("bob").await);
    let path = made(&ada, "moon").await;
    let body = json!({ "name": "mars" });
    ada.patch(&path, &body).await.expect(200);
    ada.post("/projects", &body).await.expect(409);
    bob.delete(&path).await.expect(403);
    ada.delete(&path).await.expect(204);

    let owner = owner(&database).await;
    let line = |action: &str, before, after| (action.to_owned(), before, after);
    assert_eq!(
        log(&owner, &acme).await,
        [
            line("project.created", Value::Null, json!("moon")),
            line("project.updated", json!("moon"), json!("mars")),
            line("project.deleted", json!("mars"), Value::Null),
        ]
    );
}

#[tokio::test]
async fn a_line_says_who_did_it_and_by_which_request() {
    let database = TestDatabase::new().await;
    let acme = TestTenant::on(&TestServer::start(&database).await).await;
    let ada = acme.member("ada").await;
    let answer = ada.post("/projects", &json!({ "name": "moon" })).await;
    answer.expect(201);

    let sql = format!(
        "SELECT actor_kind, actor_id, request_id, address FROM {}.audit_log WHERE resource = 'project'",
        acme.schema()
    );
    let row = owner(&database).await.query_one(&sql, &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "user");
    assert_eq!(row.get::<_, uuid::Uuid>(1), ada.id());
    assert_eq!(row.get::<_, &str>(2), answer.header("x-request-id"));
    assert_eq!(row.get::<_, &str>(3), "127.0.0.1");
}

#[tokio::test]
async fn a_change_that_cannot_be_written_down_does_not_happen() {
    let database = TestDatabase::new().await;
    let acme = TestTenant::on(&TestServer::start(&database).await).await;
    let ada = acme.member("ada").await;
    let path = made(&ada, "moon").await;
    let owner = owner(&database).await;
    let schema = acme.schema();
    let broken = format!(
        "ALTER TABLE {schema}.audit_log ADD CONSTRAINT writes_nothing CHECK (false) NOT VALID"
    );
    owner.batch_execute(&broken).await.unwrap();

    let body = json!({ "name": "mars" });
    let failed = [
        ada.post("/projects", &body).await,
        ada.patch(&path, &body).await,
        ada.delete(&path).await,
    ];
    for answer in failed {
        answer.expect_problem(500, "internal_error");
    }
    let list = ada.get("/projects").await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    assert_eq!(list["data"][0]["name"], "moon");

    let mended = format!("ALTER TABLE {schema}.audit_log DROP CONSTRAINT writes_nothing");
    owner.batch_execute(&mended).await.unwrap();
    ada.patch(&path, &body).await.expect(200);
}
