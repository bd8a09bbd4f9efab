//! The dry run of migrations that PostgreSQL refuses in a transaction, and of what builds on them.

use serde_json::{Value, json};
use tenantry::testkit::TestDatabase;
use tokio_postgres::Client;

use super::fixture::{Migrations, fleet};
use crate::program::{Program, number, owner};

const UNIQUE: &str = "-- compatible-with: 10\n-- no-transaction\n\
                      CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS projects_by_description ON projects (description);";
const CONSTRAINT: &str =
    "ALTER TABLE projects ADD CONSTRAINT described UNIQUE USING INDEX projects_by_description;";
const INDEXES: &str = "SELECT count(*) FROM pg_class WHERE relname = 'projects_by_description'";

fn steps(plan: &Value) -> Vec<&Value> {
    let tenants = plan["tenants"].as_array().unwrap().iter();
    tenants
        .flat_map(|tenant| tenant["steps"].as_array().unwrap())
        .collect()
}

/// What a killed `migrate run` leaves: an index that is there and serves nobody.
async fn leave_half_built(sql: &Client, schema: &str) {
    let twins = format!(
        "INSERT INTO {schema}.users VALUES (gen_random_uuid(), 'ada@example.com', 'Ada', 'member', NULL, now(), now());
         INSERT INTO {schema}.projects
         SELECT gen_random_uuid(), 'p' || n, 'twin', id, now(), now() FROM {schema}.users, generate_series(1, 2) n;"
    );
    sql.batch_execute(&twins).await.unwrap();
    let build = format!(
        "CREATE UNIQUE INDEX CONCURRENTLY projects_by_description ON {schema}.projects (description)"
    );
    sql.batch_execute(&build).await.unwrap_err();
    let mend = format!("DELETE FROM {schema}.projects");
    sql.batch_execute(&mend).await.unwrap();
}

#[tokio::test]
async fn what_needs_the_index_is_tried_with_it_and_its_undo_too() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 2).await;
    let migrations = Migrations::with(UNIQUE);
    migrations.add(
        "undo/tenant/U99__more.sql",
        "DROP INDEX projects_by_description;",
    );
    migrations.add_more(100, CONSTRAINT);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let sql = owner(&database).await;
    leave_half_built(&sql, tenants[0].schema.as_str()).await;

    let plan = program.run("migrate plan --json").expect(0).json();
    let steps = steps(&plan);
    assert_eq!(steps.len(), 6, "{plan:#}");
    for step in steps {
        let built = step["version"] == 99;
        assert_eq!(step["outcome"], "fine");
        assert_eq!(step["tried_plainly"], built);
        let undo = if built { "checked" } else { "none" };
        assert_eq!(step["undo"]["result"], undo, "{step:#}");
        let lock = json!({ "relation": "projects", "mode": "ShareLock" });
        let locks = step["locks"].as_array().unwrap();
        assert_eq!(locks.contains(&lock), built, "{locks:?}");
    }
    let people = program.run("migrate plan").expect(0).out;
    for words in [
        "V99__more: 3 fine",
        "undo good in 3",
        "tried without CONCURRENTLY; the real one",
        "locks out neither readers nor writers",
        "locks projects (ShareLock), in this dry run only",
    ] {
        assert!(people.contains(words), "no `{words}` in\n{people}");
    }
    assert_eq!(number(&sql, INDEXES).await, 1, "the half-built one");
    program.run("migrate run").expect(0);
}

#[tokio::test]
async fn commits_around_the_index_are_reckoned_with() {
    let database = TestDatabase::new().await;
    fleet(&database.config, 1).await;
    let migrations = Migrations::with(
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int REFERENCES a DEFERRABLE INITIALLY DEFERRED);
         INSERT INTO b VALUES (1); INSERT INTO a VALUES (1);",
    );
    let index = "-- no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS b_by_a ON b (a);";
    migrations.add_more(100, index);
    migrations.add_more(101, "INSERT INTO b VALUES (2); INSERT INTO a VALUES (2);");
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    program.run("migrate plan").expect(0);

    migrations.add_more(99, "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int REFERENCES a DEFERRABLE INITIALLY DEFERRED);
         INSERT INTO b VALUES (1);");
    migrations.add_more(101, "INSERT INTO a VALUES (1);");
    let plan = program.run("migrate plan --json").expect(3).json();
    let step = &plan["tenants"][0]["steps"][0];
    assert_eq!(step["error"]["code"], "23503", "{step:#}");
    program.run("migrate run").expect(3);
}

#[tokio::test]
async fn undo_script_of_such_a_migration_is_tried() {
    let database = TestDatabase::new().await;
    fleet(&database.config, 1).await;
    let migrations = Migrations::with(UNIQUE);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    migrations.add("undo/tenant/U99__more.sql", "SELECT 1;");
    let plan = program.run("migrate plan --json").expect(3).json();
    assert_eq!(steps(&plan)[0]["undo"]["result"], "differs");

    migrations.add_more(99, "-- no-transaction\nVACUUM projects;");
    let plan = program.run("migrate plan --json").expect(0).json();
    let step = steps(&plan)[0];
    assert_eq!(step["outcome"], "not_tried");
    assert_eq!(step["undo"]["result"], "checked");
    migrations.add("undo/tenant/U99__more.sql", "DROP TABLE nothing;");
    let plan = program.run("migrate plan --json").expect(3).json();
    assert_eq!(steps(&plan)[0]["undo"]["result"], "failed");
}

#[tokio::test]
async fn index_is_undone_by_a_plain_drop_and_by_no_other() {
    let database = TestDatabase::new().await;
    fleet(&database.config, 2).await;
    let sql = owner(&database).await;
    let migrations = Migrations::with(UNIQUE);
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    program.run("migrate run").expect(0);
    for script in [
        "DROP INDEX CONCURRENTLY projects_by_description;",
        "-- no-transaction\nDROP INDEX projects_by_description;",
        "DROP INDEX projects_by_description; VACUUM projects;",
    ] {
        migrations.add("undo/tenant/U99__more.sql", script);
        let ran = program.run("migrate undo --all").expect(1);
        let words = "write DROP INDEX or CREATE INDEX without CONCURRENTLY, which locks the table";
        assert!(ran.err.contains(words), "{script}: {}", ran.err);
        assert!(ran.err.contains("undo/tenant/U99__more.sql"), "{}", ran.err);
    }
    migrations.add(
        "undo/tenant/U99__more.sql",
        "DROP INDEX projects_by_description;",
    );
    assert_eq!(number(&sql, INDEXES).await, 3);
    program.run("migrate undo --all").expect(0);
    assert_eq!(number(&sql, INDEXES).await, 0);
    program.run("migrate run").expect(0);
    assert_eq!(number(&sql, INDEXES).await, 3);
}
