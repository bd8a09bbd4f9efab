//! `POST /tenants/{id}/migrate`: one tenant, by an operator.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tenantry::testkit::{Actor, Answer, TestDatabase, TestServer};

use super::fixture::{Migrations, ask, fleet, is_served_soon};
use crate::program::{number, owner};

async fn ended(operator: &Actor, id: &Value) -> Value {
    let began = Instant::now();
    loop {
        let path = format!("/operations/{}", id.as_str().unwrap());
        let operation = operator.get(&path).await.expect(200);
        if operation["status"] != "running" {
            return operation;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{operation}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operator_migrates_one_tenant_and_reads_how_it_went() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 3).await;
    let sql = owner(&database).await;
    let (broken, deleted) = (&tenants[0], &tenants[1]);
    let schema = broken.schema.as_str();
    let obstacle = format!("CREATE VIEW {schema}.notes AS SELECT 1 AS obstacle");
    sql.batch_execute(&obstacle).await.unwrap();
    let gone = format!(
        "UPDATE public.tenants SET status = 'deleted', status_before = 'active', deleted_at = now(), purge_after = now() + interval '1 day' WHERE id = '{}'",
        deleted.id
    );
    sql.batch_execute(&gone).await.unwrap();
    let migrations = Migrations::with("CREATE TABLE notes ();");
    let server = TestServer::start_with(&migrations.on(&database.config)).await;
    let operator = server.operator().await;
    let path = format!("/tenants/{}/migrate", broken.id);

    let begun = operator.post(&path, &Value::Null).await;
    let operation = begun.expect(202);
    assert_eq!(operation["kind"], "tenant.migrate");
    let location = begun.header("Location");
    assert!(location.ends_with(operation["id"].as_str().unwrap()));
    let failed = ended(&operator, &operation["id"]).await;
    assert_eq!(failed["status"], "failed");
    let error = failed["error"].as_str().unwrap();
    assert!(error.contains("\"notes\" already exists"), "{error}");
    ask(&server, broken)
        .await
        .expect_problem(503, "tenant_migration_failed");

    let mend = format!("DROP VIEW {schema}.notes");
    sql.batch_execute(&mend).await.unwrap();
    // Twice at once: the second finds nothing to do.
    let (one, two) = tokio::join!(
        operator.post(&path, &Value::Null),
        operator.post(&path, &Value::Null)
    );
    for begun in [one, two] {
        let done = ended(&operator, &begun.expect(202)["id"]).await;
        assert_eq!(done["status"], "succeeded", "{done}");
        assert_eq!(done["result"]["to"], 99);
    }
    is_served_soon(&server, broken).await;
    let stands = operator
        .get(&format!("/tenants/{}/migrations", broken.id))
        .await
        .expect(200);
    assert_eq!(
        (&stands["version"], &stands["failed"], &stands["attempts"]),
        (&json!(99), &json!(false), &json!(0))
    );
    assert_eq!(
        stands["history"].as_array().unwrap().last().unwrap()["version"],
        99
    );

    let at_home = operator.clone().naming(Some("platform"));
    let audit = at_home
        .get("/audit/logs?action=tenant.migration_started")
        .await
        .expect(200);
    let acts = audit["data"].as_array().unwrap();
    assert_eq!(acts.len(), 3, "{audit}");
    assert_eq!(acts[0]["resource_id"], json!(broken.id));
    let own = format!(
        "SELECT count(*) FROM {schema}.audit_log WHERE action = 'tenant.migration_started'"
    );
    assert_eq!(number(&sql, &own).await, 3);

    let path = format!("/tenants/{}/migrate", deleted.id);
    let refused = operator.post(&path, &Value::Null).await;
    refused.expect_problem(409, "invalid_transition");
}

#[tokio::test]
async fn the_same_request_with_the_same_key_begins_one_migration() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 2).await;
    let server = TestServer::start(&database).await;
    let operator = server.operator().await;
    let begin = async |tenant: usize| {
        let path = format!("/tenants/{}/migrate", tenants[tenant].id);
        let request = operator.request(reqwest::Method::POST, &path);
        Answer::of(request.header("Idempotency-Key", "one")).await
    };
    let (one, again) = (begin(0).await, begin(0).await);
    assert_eq!(one.expect(202)["id"], again.expect(202)["id"]);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("location"), one.header("location"));
    let other = begin(1).await;
    other.expect_problem(422, "idempotency_mismatch");
    let done = ended(&operator, &one.json()["id"]).await;
    assert_eq!(done["status"], "succeeded", "{done}");
}
