//! What run, plan and undo say about the same trouble.

use tenantry::testkit::TestDatabase;

use super::fixture::{Migrations, fleet};
use crate::program::{Program, number, owner};

#[tokio::test]
async fn failing_sql_is_told_with_code_and_line_by_a_run_and_an_undo_as_by_a_plan() {
    let database = TestDatabase::new().await;
    fleet(&database.config, 1).await;
    let migrations = Migrations::with("SELECT 1;\nSELECT 2,\n    colour FROM projects;");
    migrations.add("undo/tenant/U99__more.sql", "SELECT 1;");
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let words = "failed: 42703 column \"colour\" does not exist, line 3: colour FROM projects;";
    for line in ["migrate plan", "migrate run"] {
        let ran = program.run(line).expect(3);
        assert!(ran.err.contains(words), "{line}: {}", ran.err);
    }
    let sql = owner(&database).await;
    let noted = "SELECT count(*) FROM public.tenant_migrations WHERE last_error LIKE '%line 3%'";
    assert_eq!(number(&sql, noted).await, 2);

    let migrations = Migrations::with("-- compatible-with: 10\nCREATE TABLE notes ();");
    migrations.add("undo/tenant/U99__more.sql", "DROP TABLE\n  note;");
    let program = program.set("MIGRATIONS_DIR", migrations.dir());
    program.run("migrate run").expect(0);
    let ran = program.run("migrate undo --all").expect(3);
    let words = "its undo failed: 42P01 table \"note\" does not exist";
    assert!(ran.err.contains(words), "{}", ran.err);
}

#[tokio::test]
async fn tenant_whose_schema_is_gone_is_told_so() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 1).await;
    let sql = owner(&database).await;
    let harm = format!("DROP SCHEMA {} CASCADE", tenants[0].schema.as_str());
    let migrations = Migrations::with("-- compatible-with: 10\nCREATE TABLE notes ();");
    migrations.add("undo/tenant/U99__more.sql", "DROP TABLE notes;");
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    program.run("migrate run").expect(0);
    sql.batch_execute(&harm).await.unwrap();
    let words = format!(
        "{}: its schema is gone; `tenantry doctor` ",
        tenants[0].slug
    );
    let ran = program.run("migrate undo --all").expect(3);
    assert!(ran.err.contains(&words), "{}", ran.err);
    let forget = "UPDATE public.tenant_migrations SET version = 10";
    sql.batch_execute(forget).await.unwrap();
    for line in ["migrate plan", "migrate run"] {
        let ran = program.run(line).expect(3);
        assert!(ran.err.contains(&words), "{line}: {}", ran.err);
    }
}

#[tokio::test]
async fn file_that_was_edited_is_told_with_both_ways_out() {
    let database = TestDatabase::new().await;
    fleet(&database.config, 1).await;
    let migrations = Migrations::with("CREATE TABLE notes ();");
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    program.run("migrate run").expect(0);
    migrations.add_more(99, "CREATE TABLE notes (id int);");
    let words = "migration 99 was applied as `more` from another text than the file `V99__more` has now; \
        give the file its old text back, or see `tenantry migrate repair`";
    for line in ["migrate plan", "migrate run"] {
        let ran = program.run(line).expect(3);
        assert!(ran.err.contains(words), "{line}: {}", ran.err);
    }
}

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
