//! What an undo script leaves, compared with what the migrations before it make.

use serde_json::json;
use tenantry::testkit::TestDatabase;

use super::fixture::{Migrations, fleet};
use crate::program::{Program, number, owner};

const MORE: &str = "-- compatible-with: 10\n\
    ALTER TABLE projects ADD COLUMN c1 text, ADD COLUMN c2 text, ALTER COLUMN name SET DEFAULT 'x';";
const BACK: &str =
    "ALTER TABLE projects DROP COLUMN c1, DROP COLUMN c2, ALTER COLUMN name DROP DEFAULT;";
const UNDONE: &str = "SELECT count(*) FROM public.tenant_migrations WHERE version = 10";

#[tokio::test]
async fn script_that_leaves_another_structure_is_refused_and_changes_nothing() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 2).await;
    let migrations = Migrations::with(MORE);
    let half = BACK.replace(" DROP COLUMN c2,", "");
    migrations.add("undo/tenant/U99__more.sql", &half);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    program.run("migrate run").expect(0);

    let ran = program.run("migrate undo --all --json").expect(3);
    let said = ran.json();
    assert_eq!((&said["undone"], &said["drifted"]), (&json!(0), &json!([])));
    let words = "the undo script leaves another structure than that of version 10: \
        column projects.c2: is not in the reference (text); nothing was changed";
    for failed in said["failed"].as_array().unwrap() {
        assert_eq!(failed["error"], words);
    }
    let sql = owner(&database).await;
    assert_eq!(number(&sql, UNDONE).await, 0);
    for tenant in &tenants {
        let c1 = format!("SELECT c1 FROM {}.projects", tenant.schema.as_str());
        sql.batch_execute(&c1).await.unwrap();
    }
    program.run("migrate drift").expect(0);

    migrations.add("undo/tenant/U99__more.sql", BACK);
    program.run("migrate undo --all").expect(0);
    assert_eq!(number(&sql, UNDONE).await, 3);
    program.run("migrate run").expect(0);
}

#[tokio::test]
async fn what_hands_had_changed_before_is_told_and_not_blamed_on_the_script() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 2).await;
    let (elsewhere, in_its_way) = (&tenants[0], &tenants[1]);
    let migrations = Migrations::with(MORE);
    migrations.add("undo/tenant/U99__more.sql", BACK);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    program.run("migrate run").expect(0);
    let sql = owner(&database).await;
    for (tenant, harm) in [
        (elsewhere, "ADD COLUMN by_hand integer"),
        (in_its_way, "ALTER COLUMN name DROP NOT NULL"),
    ] {
        let harm = format!("ALTER TABLE {}.projects {harm}", tenant.schema.as_str());
        sql.batch_execute(&harm).await.unwrap();
    }

    let ran = program.run("migrate undo --all --json").expect(3);
    let said = ran.json();
    assert_eq!(said["undone"], 2, "{said:#}");
    assert_eq!(said["drifted"], json!([elsewhere.slug.as_str()]));
    assert_eq!(said["failed"][0]["tenant"], in_its_way.slug.as_str());
    let error = said["failed"][0]["error"].as_str().unwrap();
    let words = "nothing was changed; the tenant had drifted before, which may be why \
        (`tenantry migrate drift` tells): column projects.name: is `";
    assert!(error.contains(words), "{error}");

    let mend = in_its_way.schema.as_str();
    let mend = format!("ALTER TABLE {mend}.projects ALTER COLUMN name SET NOT NULL");
    sql.batch_execute(&mend).await.unwrap();
    let ran = program.run("migrate undo --all").expect(0);
    assert!(
        ran.out.contains("migration 99 is undone in 1 tenants"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("hands"), "{}", ran.out);
}
