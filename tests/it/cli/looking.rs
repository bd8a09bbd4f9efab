//! Commands that only look change nothing, and say what is missing.

use tenantry::testkit::TestDatabase;

use crate::fleet::fixture::Migrations;
use crate::program::{Program, number, owner};

const LOOKS: [&str; 6] = [
    "migrate drift",
    "migrate history --tenant acme",
    "migrate repair",
    "tenant list",
    "tenant show acme",
    "doctor",
];

#[test]
fn looking_where_development_mode_never_ran_makes_no_cluster() {
    let program = Program::bare();
    let more = ["migrate status", "migrate plan", "migrate history --public"];
    for line in LOOKS.iter().chain(&more) {
        let ran = program.run(line).expect(1);
        let words = "nothing is here yet: DATABASE_URL is not set";
        assert!(ran.err.contains(words), "{line}: {}", ran.err);
        let left = std::fs::read_dir(program.place()).unwrap().count();
        assert_eq!(left, 0, "`{line}` made something");
    }
}

#[tokio::test]
async fn looking_at_an_empty_database_leaves_it_empty() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    for line in LOOKS {
        let ran = program.run(line).expect(1);
        let said = format!("{}{}", ran.out, ran.err);
        assert!(said.contains("nothing is here yet"), "{line}: {said}");
        assert!(
            said.contains("run `tenantry migrate run`"),
            "{line}: {said}"
        );
    }
    let status = program.run("migrate status").expect(0).out;
    assert!(status.starts_with("nothing is here yet"), "{status}");
    let status = program.run("migrate status --json").expect(0).json();
    assert_eq!(status["shared"]["version"], 0);
    assert_eq!(status["total"], 0);
    program.run("migrate plan").expect(0);
    let history = program.run("migrate history --public").expect(0).out;
    assert!(history.starts_with("nothing is here yet"), "{history}");
    let left = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(number(&owner(&database).await, left).await, 0);
}

#[tokio::test]
async fn older_shared_tables_are_told_and_stay_as_they_are() {
    let database = TestDatabase::new().await;
    let older = Migrations::own();
    older.remove("public/V13__tenant_scope.sql");
    older.remove("public/V14__endings.sql");
    let program = Program::on(&database);
    let older = Program::on(&database).set("MIGRATIONS_DIR", older.dir());
    older.run("migrate run").expect(0);
    for line in LOOKS {
        let ran = program.run(line).expect(1);
        let said = format!("{}{}", ran.out, ran.err);
        assert!(
            said.contains("the shared tables are at version 8, and this binary works with"),
            "{line}: {said}"
        );
    }
    let status = program.run("migrate status").expect(0).out;
    assert!(
        status.contains("the shared tables are at version 8"),
        "{status}"
    );
    assert!(status.contains("1 tenants, newest migration"), "{status}");
    let history = older
        .run("migrate history --public --json")
        .expect(0)
        .json();
    let applied = history["applied"].as_array().unwrap();
    assert_eq!(applied.last().unwrap()["version"], 8);

    program.run("tenant create acme").expect(0);
    program.run("tenant list").expect(0);
}

#[tokio::test]
async fn newer_shared_tables_are_no_error_of_an_older_program() {
    let database = TestDatabase::new().await;
    let newer = Migrations::own();
    newer.add("public/V99__later.sql", "CREATE TABLE public.later ();");
    let newer = Program::on(&database).set("MIGRATIONS_DIR", newer.dir());
    newer.run("migrate run").expect(0);
    let server = Program::on(&database).serve().ready().await;
    server
        .will_say("a newer program has migrated the shared tables")
        .await;
    assert_eq!(server.says("missing from the filesystem"), 0);
    let ran = Program::on(&database).run("tenant create acme").expect(0);
    assert!(!ran.err.contains("ERROR"), "{}", ran.err);
}
