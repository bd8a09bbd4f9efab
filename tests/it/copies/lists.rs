//! Every table of a tenant is carried or left behind, and somebody has decided which.

use std::collections::BTreeSet;

use tenantry::domains::tenants::copied_tables::{CARRIED, LEFT_BEHIND, SEALED};
use tenantry::testkit::TestDatabase;

use crate::fleet::fixture::Migrations;
use crate::program::{Program, owner};

#[tokio::test]
async fn every_table_that_the_migrations_make_stands_in_one_of_the_lists() {
    let database = TestDatabase::new().await;
    Program::on(&database).run("tenant create acme").expect(0);
    let tables = "SELECT table_name::text FROM information_schema.tables \
                  WHERE table_schema ~ '^t_' AND table_name <> 'refinery_schema_history'";
    let rows = owner(&database).await.query(tables, &[]).await.unwrap();
    let made: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let left = LEFT_BEHIND.iter().map(|(table, _)| *table);
    let listed: Vec<&str> = CARRIED.iter().copied().chain(left).collect();
    let known: BTreeSet<String> = listed.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(
        made, known,
        "a new table needs a line in src/domains/tenants/copies/tables.rs"
    );
    assert_eq!(listed.len(), known.len(), "a table stands in both lists");
    assert!(SEALED.iter().all(|table| CARRIED.contains(table)));
}

#[tokio::test]
async fn a_table_of_a_migration_that_nobody_decided_on_is_not_exported() {
    let database = TestDatabase::new().await;
    let migrations = Migrations::with("CREATE TABLE extra (a integer);");
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    program.run("tenant create acme").expect(0);
    let refused = program.run("tenant export acme --out acme.tar").expect(1);
    let words = "a migration made the table `extra`, and nothing says whether it goes into a copy";
    assert!(refused.err.contains(words), "{}", refused.err);
}
