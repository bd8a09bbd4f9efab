//! The dry run: what it says, and that nothing of it stays.

use serde_json::{Value, json};
use tenantry::testkit::TestDatabase;
use tokio_postgres::Client;

use super::fixture::{Migrations, fleet};
use crate::program::{Program, number, owner};

/// Everything that a plan must not change: objects, the ledger, the histories.
async fn traces(sql: &Client, schema: &str) -> Vec<String> {
    let text = format!(
        "SELECT 'class ' || n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname IN ('public', '{schema}')
         UNION ALL SELECT 'ledger ' || m::text FROM public.tenant_migrations m
         UNION ALL SELECT 'public ' || version FROM public.refinery_schema_history
         UNION ALL SELECT 'tenant ' || version FROM {schema}.refinery_schema_history
         ORDER BY 1"
    );
    let rows = sql.query(&text, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

fn tenant<'p>(plan: &'p Value, slug: &str) -> &'p Value {
    let mut tenants = plan["tenants"].as_array().unwrap().iter();
    tenants.find(|tenant| tenant["name"] == slug).unwrap()
}

#[tokio::test]
async fn plan_tells_locks_and_time_of_each_migration_and_leaves_nothing() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 2).await;
    let migrations = Migrations::with(
        "CREATE TABLE notes (project_id uuid REFERENCES projects (id)); ALTER TABLE projects ADD COLUMN color text;",
    );
    migrations.add(
        "undo/tenant/U99__more.sql",
        "ALTER TABLE projects DROP COLUMN color; DROP TABLE notes;",
    );
    migrations.add(
        "public/V99__shared.sql",
        "ALTER TABLE public.plans ADD COLUMN color text;",
    );
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let sql = owner(&database).await;
    let schema = tenants[0].schema.as_str();
    let before = traces(&sql, schema).await;

    let plan = program.run("migrate plan --json").expect(0).json();
    assert_eq!(traces(&sql, schema).await, before);
    assert_eq!(plan["behind"], 3, "two and the platform's own");
    assert_eq!(plan["shared"]["steps"][0]["name"], "shared");
    let lock = json!({ "relation": "plans", "mode": "AccessExclusiveLock" });
    let shared = plan["shared"]["steps"][0]["locks"].as_array().unwrap();
    assert!(shared.contains(&lock), "{shared:?}");
    assert_eq!(plan["tenants"].as_array().unwrap().len(), 3);
    let step = &tenant(&plan, tenants[0].slug.as_str())["steps"][0];
    assert_eq!(step["version"], 99);
    assert_eq!(step["outcome"], "fine");
    assert_eq!(step["undo"]["result"], "checked");
    assert!(step["took_ms"].as_f64().unwrap() > 0.0);
    let locks = step["locks"].as_array().unwrap();
    let lock = json!({ "relation": "projects", "mode": "AccessExclusiveLock" });
    assert!(locks.contains(&lock), "{locks:?}");
    assert!(
        locks.iter().all(|lock| lock["relation"] != "notes"),
        "it is new: {locks:?}"
    );

    let people = program.run("migrate plan").expect(0).out;
    for words in [
        "V99__more: 3 fine",
        "undo good in 3",
        "locks projects (AccessExclusiveLock): stops its readers and writers",
        "what no rollback takes back",
    ] {
        assert!(people.contains(words), "no `{words}` in\n{people}");
    }
}

#[tokio::test]
async fn sample_and_named_tenants_alone_are_tried() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 4).await;
    let migrations = Migrations::with("CREATE TABLE notes ();");
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let plan = program
        .run("migrate plan --sample 2 --json")
        .expect(0)
        .json();
    assert_eq!(plan["behind"], 5);
    assert_eq!(plan["tenants"].as_array().unwrap().len(), 2);
    // The platform's own is the oldest.
    let newest = tenants.iter().max_by_key(|tenant| tenant.id).unwrap();
    assert_eq!(plan["tenants"][0]["name"], "platform");
    assert_eq!(plan["tenants"][1]["name"], newest.slug.as_str());
    let named = format!("migrate plan --json --tenant {}", tenants[2].slug);
    let plan = program.run(&named).expect(0).json();
    assert_eq!(plan["tenants"].as_array().unwrap().len(), 1);
    assert_eq!(plan["tenants"][0]["name"], tenants[2].slug.as_str());
    let ran = program.run("migrate plan --tenant nobody-here").expect(1);
    assert!(
        ran.err.contains("there is no tenant `nobody-here`"),
        "{}",
        ran.err
    );
}

#[tokio::test]
async fn failing_sql_is_told_with_code_and_line_and_the_tenant_is_served_on() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 2).await;
    let sql = owner(&database).await;
    let only_here = format!("CREATE TABLE {}.notes ()", tenants[0].schema.as_str());
    sql.batch_execute(&only_here).await.unwrap();
    let migrations = Migrations::with(
        "-- für alle\nCREATE TABLE notes ();\nALTER TABLE projects\n    ALTER COLUMN colour SET NOT NULL;",
    );
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let before = traces(&sql, tenants[0].schema.as_str()).await;
    let ran = program.run("migrate plan --json").expect(3);
    let plan = ran.json();
    let twice = &tenant(&plan, tenants[0].slug.as_str())["steps"][0];
    assert_eq!(twice["outcome"], "failed");
    assert_eq!(twice["error"]["code"], "42P07");
    let missing = &tenant(&plan, tenants[1].slug.as_str())["steps"][0];
    assert_eq!(missing["error"]["code"], "42703");
    assert!(
        ran.err
            .contains(&format!("{}: V99__more failed: 42P07 ", tenants[0].slug)),
        "{}",
        ran.err
    );
    assert_eq!(traces(&sql, tenants[0].schema.as_str()).await, before);

    let wrong = Migrations::with("SELECT 1;\nSELECT 2,\n    colour FROM projects;");
    let program = Program::on(&database).set("MIGRATIONS_DIR", wrong.dir());
    let plan = program.run("migrate plan --json").expect(3).json();
    let step = &plan["tenants"][0]["steps"][0];
    assert_eq!(step["error"]["line"], 3, "{step}");
    assert_eq!(step["error"]["text"], "colour FROM projects;");
}

#[tokio::test]
async fn busy_tenant_is_told_with_who_holds_what() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 2).await;
    let migrations = Migrations::with("ALTER TABLE projects ADD COLUMN color text;");
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let sql = owner(&database).await;
    let process = number(&sql, "SELECT pg_backend_pid()::int8").await;
    let read = format!("BEGIN; SELECT FROM {}.projects", tenants[0].schema.as_str());
    sql.batch_execute(&read).await.unwrap();
    let ran = program
        .run("migrate plan --lock-timeout 200 --json")
        .expect(3);
    let plan = ran.json();
    let step = &tenant(&plan, tenants[0].slug.as_str())["steps"][0];
    assert_eq!(step["outcome"], "busy");
    let holder = &step["held_by"][0];
    assert_eq!(holder["relation"], "projects");
    assert_eq!(holder["mode"], "AccessShareLock");
    assert_eq!(holder["process"], process);
    assert_eq!(holder["state"], "idle in transaction");
    let words = format!("could not get a lock within 200 ms; process {process} of ");
    assert!(ran.err.contains(&words), "{}", ran.err);
    assert_eq!(
        tenant(&plan, tenants[1].slug.as_str())["steps"][0]["outcome"],
        "fine"
    );
}

#[tokio::test]
async fn what_a_rollback_does_not_take_back_is_told() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 1).await;
    let sql = owner(&database).await;
    let schema = tenants[0].schema.as_str();
    sql.batch_execute(&format!("CREATE SEQUENCE {schema}.tickets"))
        .await
        .unwrap();
    let migrations = Migrations::with("SELECT nextval('tickets');");
    migrations.add("tenant/V100__index.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS projects_again ON projects (id);");
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let line = format!("migrate plan --json --tenant {}", tenants[0].slug);
    let plan = program.run(&line).expect(0).json();
    assert_eq!(plan["tenants"][0]["advanced_sequences"], json!(["tickets"]));
    assert_eq!(plan["tenants"][0]["steps"][1]["outcome"], "fine");
    let index = "SELECT count(*) FROM pg_class WHERE relname = 'projects_again'";
    assert_eq!(number(&sql, index).await, 0);
}

#[tokio::test]
async fn what_a_commit_would_refuse_fails_the_plan() {
    let database = TestDatabase::new().await;
    fleet(&database.config, 1).await;
    let migrations = Migrations::with(
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int REFERENCES a DEFERRABLE INITIALLY DEFERRED); INSERT INTO b VALUES (1);",
    );
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let plan = program.run("migrate plan --json").expect(3).json();
    assert_eq!(plan["tenants"][0]["steps"][0]["error"]["code"], "23503");
}

#[tokio::test]
async fn undo_script_that_leaves_something_behind_or_fails_is_found() {
    let database = TestDatabase::new().await;
    fleet(&database.config, 1).await;
    let migrations =
        Migrations::with("CREATE TABLE notes (); ALTER TABLE projects ADD COLUMN color text;");
    migrations.add("undo/tenant/U99__more.sql", "DROP TABLE notes;");
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    let ran = program.run("migrate plan --json").expect(3);
    let undo = &ran.json()["tenants"][0]["steps"][0]["undo"];
    assert_eq!(undo["result"], "differs");
    assert!(
        undo["differences"][0]
            .as_str()
            .unwrap()
            .contains("projects.color"),
        "{undo}"
    );
    migrations.add("undo/tenant/U99__more.sql", "DROP TABLE note;");
    let ran = program.run("migrate plan --json").expect(3);
    let undo = &ran.json()["tenants"][0]["steps"][0]["undo"];
    assert_eq!(undo["error"]["code"], "42P01");
    migrations.add("undo/tenant/U98__more.sql", "SELECT 1;");
    let ran = program.run("migrate plan").expect(1);
    assert!(ran.err.contains("belongs to no migration"), "{}", ran.err);
}

#[tokio::test]
async fn every_undo_script_of_this_repository_leads_back() {
    let database = TestDatabase::new().await;
    let older = Migrations::up_to(7);
    let config = older.on(&database.config);
    fleet(&config, 1).await;
    let plan = Program::on(&database)
        .run("migrate plan --json")
        .expect(0)
        .json();
    let steps = plan["tenants"][0]["steps"].as_array().unwrap();
    let checked = steps
        .iter()
        .filter(|step| step["undo"]["result"] == "checked");
    let own = std::fs::read_dir(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/migrations/undo/tenant"
    ));
    assert_eq!(checked.count(), own.unwrap().count());

    // A database in which nothing was migrated yet.
    let empty = TestDatabase::new().await;
    let plan = Program::on(&empty)
        .run("migrate plan --json")
        .expect(0)
        .json();
    let steps = plan["shared"]["steps"].as_array().unwrap();
    let checked = steps
        .iter()
        .filter(|step| step["undo"]["result"] == "checked");
    let own = std::fs::read_dir(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/migrations/undo/public"
    ));
    assert_eq!(checked.count(), own.unwrap().count());
    assert_eq!(plan["behind"], 0);
    let sql = owner(&empty).await;
    let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(number(&sql, tables).await, 0);
}

#[tokio::test]
async fn migration_that_differs_from_what_was_applied_is_told() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 1).await;
    let migrations = Migrations::with("CREATE TABLE notes ();");
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    program.run("migrate run").expect(0);
    migrations.add("tenant/V99__more.sql", "CREATE TABLE note ();");
    let ran = program.run("migrate plan --json").expect(3);
    let problem = ran.json();
    let problem = &tenant(&problem, tenants[0].slug.as_str())["problem"];
    assert!(
        problem
            .as_str()
            .unwrap()
            .contains("migration 99 was applied as `more` from another text"),
        "{problem}"
    );
}
