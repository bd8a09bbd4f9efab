//! What run, plan and undo say about the same trouble.

use tenantry::testkit::TestDatabase;

use super::fixture::{Migrations, fleet};
use crate::program::Program;

#[tokio::test]
async fn file_without_a_statement_is_refused_before_it_is_recorded() {
    let database = TestDatabase::new().await;
    fleet(&database.config, 1).await;
    for (kind, text) in [("tenant", "-- SELECT 1;\n\n"), ("public", "/* soon */;\n")] {
        let migrations = Migrations::own();
        let file = format!("{kind}/V99__more.sql");
        migrations.add(&file, text);
        let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
        let words = format!("`{file}` holds no statement; write what it does");
        for line in ["migrate plan", "migrate run"] {
            let ran = program.run(line).expect(1);
            assert!(ran.err.contains(&words), "{line}: {}", ran.err);
        }
    }
}

#[tokio::test]
async fn undo_of_a_migration_that_fails_is_not_tried_and_not_said_to_be_missing() {
    let database = TestDatabase::new().await;
    fleet(&database.config, 1).await;
    let migrations = Migrations::with("SELECT colour FROM projects;");
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    for (words, result) in [("; no undo", "none"), ("; undo not tried", "not_tried")] {
        let ran = program.run("migrate plan").expect(3);
        assert!(ran.out.contains(words), "{}", ran.out);
        let plan = program.run("migrate plan --json").expect(3).json();
        assert_eq!(plan["tenants"][0]["steps"][0]["undo"]["result"], result);
        migrations.add("undo/tenant/U99__more.sql", "SELECT 1;");
    }
}
