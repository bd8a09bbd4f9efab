//! Exports that come from another place: an older program, another fence, another PostgreSQL.

use serde_json::{Value, json};
use tenantry::app::Foundation;
use tenantry::clock::Clock;
use tenantry::testkit::TestDatabase;

use super::fixture::{ADA, Acme, rows, schema_of};
use super::repacked::{edit_and_sum, members, pack, run};
use crate::fleet::fixture::Migrations;
use crate::program::{Program, number, owner};

#[tokio::test]
async fn an_older_programs_export_is_imported_and_migrated_on() {
    let source = TestDatabase::new().await;
    let target = {
        let foundation = Foundation::new(&source.config, Clock::system()).unwrap();
        foundation.migrator.set().target().version
    };
    let older = Migrations::up_to(u32::try_from(target).unwrap() - 1);
    let older = Program::on(&source).set("MIGRATIONS_DIR", older.dir());
    let create = format!("tenant create acme --admin-email {ADA} --password-stdin");
    older.run_with_password(&create).expect(0);
    let sql = owner(&source).await;
    let schema = schema_of(&sql, "acme").await;
    let project = format!(
        "INSERT INTO {schema}.projects (id, name, description, created_at, updated_at) \
         VALUES (gen_random_uuid(), 'moon', '', now(), now())"
    );
    sql.batch_execute(&project).await.unwrap();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("acme.tar").display().to_string();
    let export = format!("tenant export acme --out {file}");
    older.run(&export).expect(0);

    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    let import = format!("tenant import {file} --slug globex --json");
    let made = program.run(&import).expect(0).json();
    assert_eq!(made["tenant"]["schema_version"], target, "{made}");
    let there = owner(&database).await;
    let behind = format!("SELECT count(*) FROM public.tenant_migrations WHERE version <> {target}");
    assert_eq!(number(&there, &behind).await, 0);
    for table in ["users", "projects"] {
        let (from, to) = (
            rows(&sql, "acme", table).await,
            rows(&there, "globex", table).await,
        );
        assert!(!from.is_empty() && from == to, "{table}: {from:?} {to:?}");
    }
    program.run("migrate drift").expect(0);
    let server = program.serve().ready().await;
    server.sign_in("globex", ADA).await.expect(200);
}

#[tokio::test]
async fn a_comparison_that_another_fence_or_server_makes_coarser_is_noted() {
    let acme = Acme::new().await;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("acme.tar");
    acme.export(&file);
    let import = |program: &Program, file: &str, slug: &str| {
        let line = format!("tenant import {file} --slug {slug} --json");
        program.run(&line).expect(0).json()["notes"].clone()
    };
    let whole = file.display().to_string();
    assert_eq!(import(&acme.program, &whole, "same"), json!([]));

    let database = TestDatabase::new().await;
    let unfenced = Program::on(&database).set("TENANT_ROLE_FENCE", "off");
    noted(&import(&unfenced, &whole, "globex"));
    assert_eq!(
        rows(&acme.sql, "acme", "projects").await,
        rows(&owner(&database).await, "globex", "projects").await
    );

    let unpacked = tempfile::tempdir_in(place.path()).unwrap();
    run(unpacked.path(), "tar", &["xf", &whole]);
    edit_and_sum(unpacked.path(), |manifest| {
        let server = manifest["schema"]["server"].as_i64().unwrap();
        manifest["schema"]["server"] = json!(server + 1);
    });
    let other = place.path().join("other.tar");
    pack(unpacked.path(), &other, &members(&file));
    noted(&import(
        &acme.program,
        &other.display().to_string(),
        "other",
    ));
}

fn noted(notes: &Value) {
    let note = notes[0].as_str().unwrap_or_default();
    assert!(
        note.contains("another major version of PostgreSQL, or with another TENANT_ROLE_FENCE"),
        "{notes}"
    );
}
