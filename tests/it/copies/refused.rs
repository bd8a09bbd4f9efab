//! Tenants that are not what this program's migrations make: none is copied, and the reason is told.

use tenantry::testkit::TestDatabase;

use super::fixture::{inventory, schema_of};
use crate::fleet::fixture::Migrations;
use crate::program::{Program, owner};

const COPIES: [&str; 2] = [
    "tenant export acme --out acme.tar",
    "tenant clone acme twin",
];

#[tokio::test]
async fn a_tenant_that_a_hand_has_changed_is_not_copied_and_the_change_is_named() {
    for (change, named) in [
        (
            "ALTER TABLE $.projects ADD COLUMN zz integer",
            "column projects.zz: is not in the reference",
        ),
        (
            "DROP INDEX $.projects_owner",
            "index projects_owner: is missing",
        ),
        ("CREATE TABLE $.by_hand (a integer)", "by_hand"),
    ] {
        let database = TestDatabase::new().await;
        let program = Program::on(&database);
        program.run("tenant create acme").expect(0);
        let sql = owner(&database).await;
        let change = change.replace('$', &schema_of(&sql, "acme").await);
        sql.batch_execute(&change).await.unwrap();
        let before = inventory(&sql).await;
        for copy in COPIES {
            let refused = program.run(copy).expect(1).err;
            let words = "the structure of the source is not what its migrations make: ";
            let told = refused.split_once(words).map(|(_, told)| told);
            assert!(
                told.is_some_and(|told| told.contains(named)),
                "{copy}: {refused}"
            );
            assert!(refused.contains("`tenantry migrate drift`"), "{refused}");
        }
        assert_eq!(inventory(&sql).await, before);
        assert!(!program.place().join("acme.tar").exists());
    }
}

#[tokio::test]
async fn a_tenant_that_a_newer_program_has_migrated_is_left_to_that_program() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    program.run("tenant create acme").expect(0);
    let newer = Migrations::with("ALTER TABLE projects ADD COLUMN zz integer;");
    let newer = Program::on(&database).set("MIGRATIONS_DIR", newer.dir());
    newer.run("migrate run --tenant acme").expect(0);
    for copy in COPIES {
        let refused = program.run(copy).expect(1).err;
        let words = "the tenant is at version 99, and this binary knows ";
        assert!(refused.contains(words), "{copy}: {refused}");
    }
    for copy in COPIES {
        newer.run(copy).expect(0);
    }
}
