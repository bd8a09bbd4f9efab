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
