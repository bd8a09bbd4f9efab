//! Migrations that do what a migration must not, or that change the session they run in.

use serde_json::json;
use tenantry::testkit::{TestDatabase, TestServer};

use super::fixture::{Migrations, ask, fleet};
use crate::program::{Program, number, owner};

#[tokio::test]
async fn migration_that_says_commit_is_refused_before_anything_runs() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 1).await;
    let migrations = Migrations::with("CREATE TABLE notes (); COMMIT;");
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let ran = program.run("migrate run").expect(1);
    let words = "take BEGIN, COMMIT and ROLLBACK out of it";
    assert!(ran.err.contains(words), "{}", ran.err);
    let server = TestServer::start(&database).await;
    ask(&server, &tenants[0]).await.expect(200);
    program.run("tenant create acme").expect(1);
    let sql = owner(&database).await;
    let notes = "SELECT count(*) FROM pg_class WHERE relname = 'notes'";
    assert_eq!(number(&sql, notes).await, 0);
}

#[tokio::test]
async fn commit_that_is_hidden_from_the_reader_is_found_out_by_the_ledger() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 1).await;
    // The reader knows no backslashes in strings.
    let hidden = "CREATE TABLE notes (); SELECT E'\\''; COMMIT; SELECT 'x';";
    let migrations = Migrations::with(hidden);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let ran = program.run("migrate run").expect(3);
    let words = "take BEGIN, COMMIT and ROLLBACK out of it";
    assert!(ran.err.contains(words), "{}", ran.err);
    let sql = owner(&database).await;
    let recorded = "SELECT count(*) FROM public.tenant_migrations WHERE version = 99";
    assert_eq!(number(&sql, recorded).await, 0);
    let server = TestServer::start_with(&migrations.on(&database.config)).await;
    let refused = ask(&server, &tenants[0]).await;
    refused.expect_problem(503, "tenant_migration_failed");
}

#[tokio::test]
async fn migration_that_changes_the_path_keeps_its_history() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 2).await;
    // As the files do that pg_dump writes.
    let migrations = Migrations::with(
        "CREATE TABLE notes (); SELECT pg_catalog.set_config('search_path', '', false);",
    );
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let ran = program.run("migrate run --jobs 1 --json").expect(0);
    assert_eq!(ran.json()["migrated"], 3);
    let sql = owner(&database).await;
    for tenant in &tenants {
        let schema = tenant.schema.as_str();
        let history =
            format!("SELECT count(*) FROM {schema}.refinery_schema_history WHERE version = 99");
        assert_eq!(number(&sql, &history).await, 1);
        let notes = format!("SELECT count(*) FROM {schema}.notes");
        assert_eq!(number(&sql, &notes).await, 0);
    }
    let again = program.run("migrate run --json").expect(0);
    assert_eq!(again.json()["migrated"], 0);
    let made = program.run("tenant create acme --json").expect(0);
    assert_eq!(made.json()["schema_version"], json!(99));
}
