//! A deployment that migrates in a job and serves under a login that may not change schemas.

use reqwest::Method;
use serde_json::{Value, json};
use tenantry::testkit::{Answer, TestDatabase};

use crate::fleet::fixture::Migrations;
use crate::program::{PASSWORD, Program, number, owner};

/// Without the migration login.
fn least(database: &TestDatabase) -> Program {
    Program::on(database)
        .set("MIGRATION_DATABASE_URL", "")
        .set("READY_TENANTS", "2")
}

async fn prepared() -> (TestDatabase, String) {
    let database = TestDatabase::new().await;
    let job = Program::on(&database);
    job.run("migrate run").expect(0);
    let acme = job.run("tenant create acme --json").expect(0).json();
    let id = acme["id"].as_str().unwrap().to_owned();
    let line = "user create ada@example.com --tenant platform --role super_admin --password-stdin";
    job.run_with_password(line).expect(0);
    (database, id)
}

#[tokio::test]
async fn commands_that_read_work_and_those_that_change_schemas_say_what_to_set() {
    let (database, _) = prepared().await;
    let program = least(&database);
    let list = program.run("tenant list").expect(0).out;
    assert!(list.contains("acme"), "{list}");
    program.run("tenant show acme").expect(0);
    program.run("migrate status").expect(0);
    program.run("migrate history --public").expect(0);
    program.run("migrate run").expect(0);
    program.run("tenant suspend acme").expect(0);
    for line in [
        "tenant create globex",
        "tenant delete acme --yes",
        "tenant clone acme globex",
        "tenant ready --count 1",
        "migrate drift",
        "migrate history --tenant acme",
        "temp-schema create",
    ] {
        let ran = program.run(line).expect(1);
        assert!(
            ran.err
                .contains("may not make schemas and roles; set MIGRATION_DATABASE_URL"),
            "{line}: {}",
            ran.err
        );
    }
    let findings = program.run("doctor --json").expect(0).json();
    let of = |subject: &str| {
        let all = findings.as_array().unwrap().iter();
        all.clone().find(|one| one["subject"] == subject).unwrap()["health"].clone()
    };
    assert_eq!(of("DDL login"), "warning");
    assert_eq!(of("role fence"), "warning");
    assert_eq!(of("migrations"), "good");
}

#[tokio::test]
async fn server_serves_and_refuses_what_changes_schemas_with_a_code_of_its_own() {
    let (database, acme) = prepared().await;
    let server = least(&database).serve().ready().await;
    let token = server.token("platform", "ada@example.com").await;
    let ask = async |method: Method, path: &str, body: Value| {
        let request = server.request(method, path).bearer_auth(&token);
        let request = request.header("X-Tenant-ID", "platform");
        Answer::of(request.json(&body)).await
    };
    let path = format!("/tenants/{acme}");
    ask(Method::GET, &path, Value::Null).await.expect(200);
    let admin = json!({ "email": "bo@example.com", "name": "Bo", "password": PASSWORD });
    let globex = json!({ "slug": "globex", "name": "Globex", "admin": admin });
    for (method, path, body) in [
        (Method::POST, "/tenants", globex),
        (Method::DELETE, &path, Value::Null),
        (Method::POST, &format!("{path}/migrate"), Value::Null),
        (
            Method::POST,
            &format!("{path}/clone"),
            json!({ "slug": "globex" }),
        ),
    ] {
        let answer = ask(method.clone(), path, body).await;
        let problem = answer.expect_problem(503, "schema_changes_off");
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.contains("MIGRATION_DATABASE_URL"),
            "{method} {path}: {detail}"
        );
    }
    server.will_say("this server keeps no tenants ready").await;
    assert_eq!(server.says("no tenant could be made ready"), 0);
    let operations = "SELECT count(*) FROM public.operations";
    assert_eq!(number(&owner(&database).await, operations).await, 0);
}

#[tokio::test]
async fn server_that_finds_tenants_behind_serves_the_others() {
    let (database, _) = prepared().await;
    let newer = Migrations::with("-- compatible-with: 1\nCREATE TABLE notes ();");
    let server = least(&database).set("MIGRATIONS_DIR", newer.dir());
    let server = server.serve().ready().await;
    server.will_say("tenants are behind and stay so").await;
    assert_eq!(server.says("the fleet ledger cannot be read"), 0);
}

#[tokio::test]
async fn server_on_an_empty_database_says_what_to_set() {
    let database = TestDatabase::new().await;
    let ran = least(&database).run("serve").expect(1);
    assert!(
        ran.err.contains("set MIGRATION_DATABASE_URL"),
        "{}",
        ran.err
    );
}
