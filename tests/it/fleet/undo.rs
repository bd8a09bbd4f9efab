//! One migration taken back: in whom, how far, and when it is refused.

use tenantry::testkit::{TestDatabase, TestServer};

use super::fixture::{Migrations, ask, fleet, is_served_soon};
use crate::program::{Program, number, owner};

/// A migration that older code can live with, and its undo.
fn migrations() -> Migrations {
    let migrations = Migrations::with("-- compatible-with: 10\nCREATE TABLE notes (text text);");
    migrations.add("undo/tenant/U99__more.sql", "DROP TABLE notes;");
    migrations
}

#[tokio::test]
async fn undone_migration_is_gone_from_schema_history_and_ledger_and_comes_again() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 3).await;
    let migrations = migrations();
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    program.run("migrate run").expect(0);
    let server = TestServer::start(&database).await;
    let sql = owner(&database).await;
    let counts = format!(
        "SELECT (SELECT count(*) FROM pg_class WHERE relname = 'notes')
            + 100 * (SELECT count(*) FROM {0}.refinery_schema_history WHERE version = 99)
            + 1000 * (SELECT count(*) FROM public.tenant_migrations WHERE version = 99)
            + 10000 * (SELECT count(DISTINCT checksum) FROM public.tenant_migrations)",
        tenants[0].schema.as_str()
    );
    assert_eq!(number(&sql, &counts).await, 14104);

    let one = format!("migrate undo --json --tenant {}", tenants[0].slug);
    let ran = program.run(&one).expect(0).json();
    assert_eq!((&ran["version"], &ran["undone"]), (&99.into(), &1.into()));
    assert_eq!(number(&sql, &counts).await, 23003);
    is_served_soon(&server, &tenants[0]).await;
    let status = Program::on(&database)
        .run("migrate status --json")
        .expect(0)
        .json();
    assert_eq!(
        (&status["current"], &status["ahead"]),
        (&1.into(), &3.into())
    );

    let ran = program.run("migrate undo --all --json").expect(0).json();
    assert_eq!((&ran["undone"], &ran["untouched"]), (&3.into(), &1.into()));
    assert_eq!(number(&sql, &counts).await, 10000);
    let again = program.run("migrate undo --all --json").expect(0).json();
    assert_eq!(
        (&again["undone"], &again["untouched"]),
        (&0.into(), &4.into())
    );

    program.run("migrate run").expect(0);
    assert_eq!(number(&sql, &counts).await, 14104);
    ask(&server, &tenants[0]).await.expect(200);
}

#[tokio::test]
async fn undo_is_refused_where_there_is_no_script_or_nobody_would_be_served() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 1).await;
    let without = Migrations::with("CREATE TABLE notes ();");
    let program = Program::on(&database).set("MIGRATIONS_DIR", without.dir());
    program.run("migrate run").expect(0);
    let ran = program.run("migrate undo --all").expect(1);
    let words =
        "tenant migration 99 has no undo script; write `migrations/undo/tenant/U99__more.sql`";
    assert!(ran.err.contains(words), "{}", ran.err);
    let ran = program.run("migrate undo --all --version 98").expect(1);
    assert!(
        ran.err.contains("there is no tenant migration 98"),
        "{}",
        ran.err
    );

    let own = TestDatabase::new().await;
    let tenants_of_own = fleet(&own.config, 1).await;
    let mut config = own.config.clone();
    config.tenancy.migrate_on_start = false;
    let server = TestServer::start_with(&config).await;
    let program = Program::on(&own);
    let ran = program.run("migrate undo --all").expect(1);
    assert!(
        ran.err
            .contains("this binary serves no tenant at version 9"),
        "{}",
        ran.err
    );
    ask(&server, &tenants_of_own[0]).await.expect(200);
    let line = format!(
        "migrate undo --stop-serving --json --tenant {}",
        tenants_of_own[0].slug
    );
    assert_eq!(program.run(&line).expect(0).json()["undone"], 1);
    let mut answer = ask(&server, &tenants_of_own[0]).await;
    for _ in 0..1000 {
        if answer.status != 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        answer = ask(&server, &tenants_of_own[0]).await;
    }
    answer.expect_problem(503, "tenant_version_unsupported");
    program.run("migrate run").expect(0);
    is_served_soon(&server, &tenants_of_own[0]).await;
    drop(tenants);
}

#[tokio::test]
async fn tenant_whose_undo_fails_stays_as_it_was_and_stops_nobody_else() {
    let database = TestDatabase::new().await;
    let tenants = fleet(&database.config, 2).await;
    let migrations = migrations();
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    program.run("migrate run").expect(0);
    let sql = owner(&database).await;
    let schema = tenants[0].schema.as_str();
    let view = format!("CREATE VIEW {schema}.by_hand AS SELECT text FROM {schema}.notes");
    sql.batch_execute(&view).await.unwrap();
    let ran = program.run("migrate undo --all --json").expect(3);
    let report = ran.json();
    assert_eq!(report["undone"], 2);
    assert_eq!(report["failed"][0]["tenant"], tenants[0].slug.as_str());
    assert!(
        ran.err.contains("other objects depend on it"),
        "{}",
        ran.err
    );
    let left = format!(
        "SELECT m.version::int8 FROM public.tenant_migrations m WHERE m.tenant_id = '{}'",
        tenants[0].id
    );
    assert_eq!(number(&sql, &left).await, 99);
    let server = TestServer::start(&database).await;
    ask(&server, &tenants[0]).await.expect(200);
}

#[tokio::test]
async fn undo_of_a_file_that_was_changed_is_refused() {
    let database = TestDatabase::new().await;
    fleet(&database.config, 1).await;
    let migrations = migrations();
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    program.run("migrate run").expect(0);
    migrations.add(
        "tenant/V99__more.sql",
        "CREATE TABLE notes (); CREATE TABLE more ();",
    );
    let ran = program.run("migrate undo --all --stop-serving").expect(3);
    assert!(ran.err.contains("from another text"), "{}", ran.err);
    migrations.add("undo/tenant/U99__more.sql", "DROP TABLE notes; COMMIT;");
    let ran = program.run("migrate undo --all").expect(1);
    assert!(
        ran.err
            .contains("take BEGIN, COMMIT and ROLLBACK out of it"),
        "{}",
        ran.err
    );
}

#[tokio::test]
async fn shared_tables_step_back_when_their_servers_are_said_to_be_stopped() {
    let database = TestDatabase::new().await;
    let migrations = Migrations::own();
    migrations.add("public/V99__shared.sql", "CREATE TABLE public.more ();");
    migrations.add("undo/public/U99__shared.sql", "DROP TABLE public.more;");
    let program = Program::on(&database).set("MIGRATIONS_DIR", migrations.dir());
    program.run("migrate run").expect(0);
    let ran = program.run("migrate undo --public").expect(1);
    assert!(ran.err.contains("stop its servers first"), "{}", ran.err);
    let sql = owner(&database).await;
    let more = "SELECT count(*) FROM pg_class WHERE relname = 'more'";
    assert_eq!(number(&sql, more).await, 1);
    let line = "migrate undo --public --stop-serving --json";
    assert_eq!(program.run(line).expect(0).json()["undone"], true);
    assert_eq!(number(&sql, more).await, 0);
    let history = program
        .run("migrate history --public --json")
        .expect(0)
        .json();
    let newest = history["applied"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_ne!(newest["version"], 99);
    assert_eq!(program.run(line).expect(0).json()["undone"], false);
    program.run("migrate run").expect(0);
    assert_eq!(number(&sql, more).await, 1);
}

#[tokio::test]
async fn shared_tables_step_back_only_where_nothing_is_lost() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    program.run("tenant create acme").expect(0);
    program.run("tenant delete acme --yes").expect(0);
    program.run("tenant ready --count 2").expect(0);
    let sql = owner(&database).await;
    let undo = |version: i32| {
        let line = format!("migrate undo --public --stop-serving --version {version}");
        program.run(&line)
    };
    undo(14).expect(0);
    undo(13).expect(0);
    let aside = "INSERT INTO public.set_aside_schemas (tenant_id) VALUES (gen_random_uuid())";
    sql.execute(aside, &[]).await.unwrap();
    let ran = undo(8).expect(1);
    let words = "temporary schemas are waiting to be dropped";
    assert!(ran.err.contains(words), "{}", ran.err);
    let gone = "DELETE FROM public.set_aside_schemas";
    sql.execute(gone, &[]).await.unwrap();
    undo(8).expect(0);
    let spares = "SELECT count(*) FROM pg_namespace WHERE nspname ~ '^t_'";
    assert_eq!(number(&sql, spares).await, 1, "the platform's own");

    let ran = undo(7).expect(1);
    let words = "deleted tenants, which could neither be restored nor purged";
    assert!(ran.err.contains(words), "{}", ran.err);
    program.run("migrate run").expect(0);
    program.run("tenant restore acme").expect(0);
    for version in [14, 13, 8, 7] {
        undo(version).expect(0);
    }
    program.run("migrate run").expect(0);
    program.run("tenant show acme").expect(0);
}
