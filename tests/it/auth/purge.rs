//! What has expired is deleted in every tenant, and what has not is kept.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tenantry::app::Foundation;
use tenantry::domains::auth::Purge;
use tenantry::tenancy::{Sql, TenantKey};
use tenantry::testkit::{TestDatabase, TestServer, TestTenant};
use tokio_postgres::NoTls;

const COUNT: Sql = Sql::new(
    "test.count",
    "SELECT (SELECT count(*) FROM sessions) AS sessions, (SELECT count(*) FROM refresh_tokens) AS tokens, \
     (SELECT count(*) FROM idempotency_keys) AS keys",
);

/// Sessions, refresh tokens and idempotency keys that the tenant keeps.
async fn kept(foundation: &Foundation, slug: &str) -> [i64; 3] {
    let key: TenantKey = slug.parse().unwrap();
    let tenant = foundation.tenancy.serve(&key).await.unwrap();
    let mut db = foundation.tenancy.session(&tenant).await.unwrap();
    let row = db.query_one(&COUNT, &[]).await.unwrap();
    ["sessions", "tokens", "keys"].map(|column| row.get(column).unwrap())
}

/// Takes a table away, as the owner of the tables.
async fn break_table(database: &TestDatabase, schema: &str) {
    let environment = database.environment();
    let name = "MIGRATION_DATABASE_URL";
    let (_, url) = environment.iter().find(|(n, _)| *n == name).unwrap();
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let sql = format!("DROP TABLE \"{schema}\".one_time_tokens");
    client.batch_execute(&sql).await.unwrap();
}

/// A tenant with an admin `ada`.
async fn tenant(server: &TestServer, slug: &str) {
    let admin =
        json!({ "email": "ada@example.com", "name": "Ada", "password": TestTenant::PASSWORD });
    let body = json!({ "slug": slug, "name": slug, "admin": admin });
    let operator = server.operator().await;
    operator.post("/tenants", &body).await.expect(201);
}

#[tokio::test]
async fn what_expired_is_deleted_in_every_tenant_and_the_rest_is_kept() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    tenant(&server, "broken").await;
    for slug in ["acme", "globex"] {
        tenant(&server, slug).await;
        let anonymous = server.anonymous().naming(Some(slug));
        let (ada, _) = anonymous.sign_in("ada@example.com").await;
        anonymous.sign_in("ada@example.com").await;
        let project = ada.request(reqwest::Method::POST, "/projects");
        let project = project.header("Idempotency-Key", "one");
        let sent = project.json(&json!({ "name": "moon" })).send().await;
        assert_eq!(sent.unwrap().status(), 201);
        ada.post("/auth/logout", &Value::Null).await.expect(204);
    }
    let foundation = database.foundation();
    // The oldest cannot be reached, which stops nobody.
    let key: TenantKey = "broken".parse().unwrap();
    let broken = foundation.tenancy.serve(&key).await.unwrap();
    break_table(&database, broken.schema.as_str()).await;
    let purge = Purge::new(foundation.tenancy.clone(), foundation.clock.clone());
    assert_eq!(kept(&foundation, "acme").await, [2, 2, 1]);

    assert!(purge.once().await.unwrap() >= 2);
    for slug in ["acme", "globex"] {
        assert_eq!(kept(&foundation, slug).await, [1, 1, 1], "{slug}");
    }
    foundation.clock.advance(TimeDelta::hours(25));
    purge.once().await.unwrap();
    assert_eq!(kept(&foundation, "acme").await, [1, 1, 0]);
    foundation.clock.advance(TimeDelta::days(7));
    purge.once().await.unwrap();
    assert_eq!(kept(&foundation, "acme").await, [0, 0, 0]);
    assert_eq!(purge.once().await.unwrap(), 0);
}

#[tokio::test]
async fn a_running_server_deletes_at_its_interval() {
    let database = TestDatabase::new().await;
    let mut config = database.config.clone();
    config.auth.cleanup_interval = std::time::Duration::from_millis(200);
    let server = TestServer::start_with(&config).await;
    tenant(&server, "acme").await;
    let anonymous = server.anonymous().naming(Some("acme"));
    let (ada, _) = anonymous.sign_in("ada@example.com").await;
    ada.post("/auth/logout", &Value::Null).await.expect(204);
    let foundation = database.foundation();
    for _ in 0..100 {
        if kept(&foundation, "acme").await[0] == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the session is still there after ten seconds");
}
