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

/// Whoever reads this text alone cannot tell which END is the function's.
const HIDDEN_COMMIT: &str = "CREATE TABLE notes (); \
     CREATE FUNCTION one() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END; COMMIT; SELECT 1;";

#[tokio::test]
async fn what_would_outlive_a_rollback_is_refused_by_postgresql() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 1).await;
    let sql = owner(&database).await;
    for (text, words) in [
        (HIDDEN_COMMIT, "take BEGIN, COMMIT and ROLLBACK out of it"),
        (
            "CREATE TABLE notes (); COPY users TO STDOUT;",
            "cannot COPY to/from client",
        ),
    ] {
        let migrations = Migrations::with(text);
        let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
        for command in ["migrate plan", "migrate run", "migrate run"] {
            let ran = program.run(command).expect(3);
            assert!(ran.err.contains(words), "{command}: {}", ran.err);
            let recorded = "SELECT count(*) FROM public.tenant_migrations WHERE version = 99";
            assert_eq!(number(&sql, recorded).await, 0, "{command}");
            let notes = "SELECT count(*) FROM pg_class WHERE relname = 'notes'";
            assert_eq!(number(&sql, notes).await, 0, "{command}");
        }
        program.run("tenant create acme").expect(1);
        let acme = "SELECT count(*) FROM public.tenants WHERE slug = 'acme'";
        assert_eq!(number(&sql, acme).await, 0);
        let server = TestServer::start_with(&migrations.on(&database.config)).await;
        let refused = ask(&server, &tenants[0]).await;
        refused.expect_problem(503, "tenant_migration_failed");
    }
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
