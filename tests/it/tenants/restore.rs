//! A deleted tenant comes back as it was, within its time, and with the migrations that it missed.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tenantry::testkit::{Actor, Answer, TestDatabase, TestServer, TestTenant};

use super::lead;
use crate::fleet::fixture::Migrations;
use crate::program::{Program, number, owner};

async fn restore(operator: &Actor, id: &str) -> Answer {
    let path = format!("/tenants/{id}/restore");
    operator.post(&path, &Value::Null).await
}

#[tokio::test]
async fn a_restored_tenant_has_its_data_and_the_status_that_it_had() {
    for verb in [None, Some("suspend"), Some("cancel")] {
        let acme = TestTenant::new().await;
        let (ada, operator) = (acme.admin("ada").await, acme.server().operator().await);
        let made = ada.post("/projects", &json!({ "name": "moon" })).await;
        let made = made.expect(201);
        let id = acme.id().to_string();
        if let Some(verb) = verb {
            lead(&operator, &id, verb).await.expect(200);
        }
        let one = format!("/tenants/{id}");
        let before = operator.get(&one).await.expect(200);
        operator.delete(&one).await.expect(202);
        let after = restore(&operator, &id).await.expect(200);
        for member in ["id", "slug", "name", "status", "plan", "schema_version"] {
            assert_eq!(after[member], before[member], "{member}");
        }
        assert_eq!(after["purge_after"], Value::Null);
        assert_eq!(operator.get(&one).await.expect(200), after);
        if verb.is_none() {
            let page = ada.get("/projects").await.expect(200);
            assert_eq!(page["data"], json!([made]));
            let verified = ada.get("/audit/verify").await.expect(200);
            assert_eq!(verified["valid"], true, "{verified}");
            let log = ada.get("/audit/logs").await.expect(200);
            let acts = log["data"].as_array().unwrap().iter().map(|l| &l["action"]);
            let acts: Vec<_> = acts.take(2).collect();
            assert_eq!(acts, ["tenant.restored", "tenant.deleted"]);
        }
    }
}

#[tokio::test]
async fn what_is_not_deleted_is_not_restored() {
    let acme = TestTenant::new().await;
    let operator = acme.server().operator().await;
    let id = acme.id().to_string();
    let answer = restore(&operator, &id).await;
    answer.expect_problem(409, "invalid_transition");
    let answer = restore(&operator, &uuid::Uuid::now_v7().to_string()).await;
    answer.expect_problem(404, "not_found");

    let one = format!("/tenants/{id}");
    operator.delete(&one).await.expect(202);
    let answers = join_all((0..6).map(|_| restore(&operator, &id))).await;
    let done = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(done.count(), 1);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        refused.expect_problem(409, "invalid_transition");
    }
}

#[tokio::test]
async fn a_tenant_whose_time_is_over_is_not_restored() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let acme = TestTenant::on(&server).await;
    let operator = server.operator().await;
    operator
        .delete(&format!("/tenants/{}", acme.id()))
        .await
        .expect(202);
    let sql = owner(&database).await;
    let over = "UPDATE public.tenants SET purge_after = now() WHERE status = 'deleted'";
    assert_eq!(sql.execute(over, &[]).await.unwrap(), 1);
    let answer = restore(&operator, &acme.id().to_string()).await;
    answer.expect_problem(410, "tenant_deleted");
}

#[tokio::test]
async fn a_restored_tenant_has_the_migrations_that_it_missed() {
    let database = TestDatabase::new().await;
    let old = Program::on(&database);
    old.run("tenant create acme --admin-email ada@example.com")
        .expect(0);
    old.run("tenant delete acme --yes").expect(0);

    let newer = Migrations::with("CREATE TABLE later (id uuid PRIMARY KEY);");
    let new = Program::on(&database).set("MIGRATIONS_DIR", newer.dir());
    new.run("migrate run").expect(0);
    let sql = owner(&database).await;
    let later =
        "SELECT count(*) FROM pg_tables WHERE tablename = 'later' AND schemaname LIKE 't\\_%'";
    assert_eq!(number(&sql, later).await, 1, "the platform's alone");
    let restored = new.run("tenant restore acme --json").expect(0).json();
    assert_eq!(restored["schema_version"], 99);
    assert_eq!(number(&sql, later).await, 2);
    let status = new.run("migrate status --json").expect(0).json();
    assert_eq!(status["pending"], 0, "{status}");
}

#[tokio::test]
async fn a_tenant_whose_missed_migration_fails_stays_deleted() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    program.run("tenant create acme").expect(0);
    program.run("tenant delete acme --yes").expect(0);
    let broken = Migrations::with("SELECT 1 / (SELECT count(*) - count(*) FROM users);");
    let newer = Program::on(&database).set("MIGRATIONS_DIR", broken.dir());
    let failed = newer.run("tenant restore acme").expect(1);
    assert!(failed.err.contains("division by zero"), "{}", failed.err);
    assert!(!failed.err.contains("on our side"), "{}", failed.err);
    let made = newer.run("tenant create globex").expect(1);
    let words = "error: migration V99";
    assert!(made.err.contains(words), "{}", made.err);
    let shown = program.run("tenant show acme --json").expect(0).json();
    assert_eq!(shown["status"], "deleted");
    program.run("tenant restore acme").expect(0);
}
