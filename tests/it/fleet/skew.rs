//! A binary that meets schemas older or newer than itself, as during a rolling deploy.

use tenantry::testkit::{TestDatabase, TestServer};

use super::fixture::{Migrations, ask, fleet, is_served_soon};
use crate::program::Program;

#[tokio::test]
async fn newer_schema_is_refused_and_the_start_succeeds() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 2).await;
    let newer = Migrations::with("CREATE TABLE notes ();");
    let program = Program::on(&database).set("MIGRATIONS_DIR", newer.dir());
    let run = format!("migrate run --tenant {}", tenants[0].slug);
    program.run(&run).expect(0);

    let server = TestServer::start(&database).await;
    let answer = ask(&server, &tenants[0]).await;
    answer.expect_problem(503, "tenant_version_unsupported");
    assert!(answer.header("Retry-After").parse::<u32>().unwrap() > 0);
    ask(&server, &tenants[1]).await.expect(200);
    let status = Program::on(&database)
        .run("migrate status --json")
        .expect(0);
    assert_eq!(status.json()["ahead"], 1);
}

#[tokio::test]
async fn newer_schema_that_says_it_is_compatible_is_served() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 1).await;
    let newer = Migrations::with("-- compatible-with: 4\nCREATE TABLE notes ();");
    let program = Program::on(&database).set("MIGRATIONS_DIR", newer.dir());
    program.run("migrate run").expect(0);
    let server = TestServer::start(&database).await;
    ask(&server, &tenants[0]).await.expect(200);
}

#[tokio::test]
async fn schema_that_is_too_old_is_refused_until_it_is_migrated() {
    let database = TestDatabase::new().await;
    let new = fleet(&database.config, 1).await;
    let older = Migrations::up_to(3);
    let old = fleet(&older.on(&database.config), 1).await;

    let mut config = database.config.clone();
    config.tenancy.migrate_on_start = false;
    let server = TestServer::start_with(&config).await;
    let answer = ask(&server, &old[0]).await;
    answer.expect_problem(503, "tenant_version_unsupported");
    ask(&server, &new[0]).await.expect(200);

    let ran = Program::on(&database).run("migrate run --json").expect(0);
    assert_eq!(ran.json()["migrated"], 1);
    is_served_soon(&server, &old[0]).await;
}
