//! Who takes a ready tenant, and what it is then.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;
use tenantry::tenancy::{SchemaName, TenantId};
use tenantry::testkit::{Answer, TestDatabase, TestServer};
use uuid::Uuid;

use super::super::body;
use super::super::killed::half_made;
use super::{keep, make, prepared, spares};
use crate::fleet::wire::Wire;
use crate::program::{Program, Ran, owner};

fn id(made: &Value) -> Uuid {
    made["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn new_tenant_takes_a_ready_one_and_is_like_any_other() {
    let database = TestDatabase::new().await;
    let nodes = prepared(&database.config).await;
    assert_eq!(keep(&nodes, 1).await, 1);
    let sql = owner(&database).await;
    let ready = spares(&sql).await;
    let server = TestServer::start(&database).await;
    let operator = server.operator().await;

    let taken = operator.post("/tenants", &body("taken")).await.expect(201);
    assert_eq!(BTreeSet::from([id(&taken)]), ready);
    assert!(spares(&sql).await.is_empty());
    let built = operator.post("/tenants", &body("built")).await.expect(201);
    assert!(!ready.contains(&id(&built)));

    assert_eq!(half_made(&sql).await, Vec::<String>::new());
    assert_eq!(taken["schema_version"], built["schema_version"]);
    let mut tx = nodes.migrator.begin().await.unwrap();
    let schema = SchemaName::of(TenantId(id(&taken)));
    let description = nodes.migrator.describe(&mut tx, &schema).await.unwrap();
    let target = nodes.migrator.set().target().version;
    let reference = nodes.migrator.reference(target).await.unwrap();
    let differences = description.diff(&reference);
    assert!(differences.is_empty(), "{differences:#?}");
    for slug in ["taken", "built"] {
        let admin = server.anonymous().naming(Some(slug));
        let (admin, _) = admin.sign_in("admin@example.com").await;
        let log = admin.get("/audit/logs").await.expect(200);
        let acts: Vec<_> = log["data"].as_array().unwrap().iter().collect();
        assert!(acts.iter().any(|act| act["action"] == "tenant.created"));
        let chain = admin.get("/audit/verify").await.expect(200);
        assert_eq!(chain["valid"], true);
    }
}

#[tokio::test]
async fn fifty_at_once_share_five_and_the_rest_are_made() {
    let database = TestDatabase::new().await;
    let nodes = prepared(&database.config).await;
    assert_eq!(keep(&nodes, 5).await, 5);
    let sql = owner(&database).await;
    let ready = spares(&sql).await;
    let server = TestServer::start(&database).await;
    let operator = server.operator().await;
    let bodies: Vec<Value> = (0..50).map(|n| body(&format!("tenant-{n}"))).collect();
    let requests = bodies.iter().map(|body| {
        let request = operator.request(Method::POST, "/tenants");
        Answer::of(request.json(body))
    });
    let made = join_all(requests).await;
    let made: BTreeSet<Uuid> = made.iter().map(|answer| id(&answer.expect(201))).collect();
    assert_eq!(made.len(), 50);
    assert!(ready.is_subset(&made));
    assert_eq!(half_made(&sql).await, Vec::<String>::new());
}

#[tokio::test]
async fn refused_creation_leaves_the_ready_one_for_the_next() {
    let database = TestDatabase::new().await;
    let nodes = prepared(&database.config).await;
    let sql = owner(&database).await;
    let server = TestServer::start(&database).await;
    let operator = server.operator().await;
    operator.post("/tenants", &body("acme")).await.expect(201);
    assert_eq!(keep(&nodes, 1).await, 1);
    let ready = spares(&sql).await;
    let again = operator.post("/tenants", &body("acme")).await;
    again.expect_problem(409, "slug_taken");
    assert_eq!(spares(&sql).await, ready);
}

#[tokio::test]
async fn taking_one_asks_little_of_the_database() {
    let reason = "statements are counted on the wire";
    let database = TestDatabase::new().await.past_the_pooler(reason);
    let wire = Wire::new(&database.config);
    let nodes = prepared(&wire.config).await;
    keep(&nodes, 1).await;
    let before = wire.settled(&nodes).await;
    make(&nodes).await;
    // BEGIN, spare, registry, ledger, notice, COMMIT.
    assert_eq!(wire.statements() - before, 6);
}

#[tokio::test]
async fn servers_and_the_command_line_keep_tenants_ready() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database).set("READY_TENANTS", "2");
    let said = program.run("tenant ready").expect(0).out;
    assert_eq!(said, "2 tenants are ready\n");
    let sql = owner(&database).await;
    let first = spares(&sql).await;
    let made = program.run("temp-schema create --json").expect(0).json();
    assert!(first.contains(&id(&made)));
    let findings = program.run("doctor --json").expect(0).json();
    let findings = findings.as_array().unwrap();
    let stray = findings
        .iter()
        .find(|finding| finding["subject"] == "schemas without a tenant");
    assert_eq!(stray.unwrap()["health"], "good");

    let _server = program.serve();
    for _ in 0..200 {
        if spares(&sql).await.len() == 2 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the server makes none ready");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn command_waits_for_another_that_makes_ready_tenants_and_says_if_there_are_too_few() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    program.run("migrate run").expect(0);
    let sql = owner(&database).await;
    // `spares` in ASCII, as whoever makes one holds it.
    let busy = format!(
        "BEGIN; SELECT pg_advisory_xact_lock({})",
        0x7370_6172_6573_i64
    );
    sql.batch_execute(&busy).await.unwrap();
    let ran = program.run("tenant ready --count 1").expect(3);
    assert!(
        ran.err.contains("expected 1 ready tenants, got 0"),
        "{}",
        ran.err
    );

    let command = program.command("tenant ready --count 1 --json");
    let waiting = tokio::task::spawn_blocking(move || Ran::of(&mut { command }));
    tokio::time::sleep(Duration::from_secs(2)).await;
    sql.batch_execute("COMMIT").await.unwrap();
    assert_eq!(waiting.await.unwrap().expect(0).json()["ready"], 1);
}
