//! `migrate new`, `history` and the form of `status`.

use std::fs;

use tenantry::testkit::TestDatabase;

use crate::program::Program;

#[tokio::test]
async fn new_migration_gets_the_next_number_and_runs() {
    let dir = tempfile::tempdir().unwrap();
    for folder in ["public", "tenant"] {
        fs::create_dir(dir.path().join(folder)).unwrap();
    }
    let first = dir.path().join("tenant/V4__notes.sql");
    fs::write(first, "CREATE TABLE notes ();").unwrap();
    let program = Program::bare().set("MIGRATIONS_DIR", dir.path().display().to_string());
    let ran = program
        .run("migrate new add_color --tenant --undo")
        .expect(0);
    let paths: Vec<&str> = ran.out.lines().collect();
    assert!(paths[0].ends_with("/tenant/V5__add_color.sql"), "{paths:?}");
    assert!(
        paths[1].ends_with("/undo/tenant/U5__add_color.sql"),
        "{paths:?}"
    );
    let head = fs::read_to_string(paths[0]).unwrap();
    assert!(head.contains("No BEGIN, COMMIT or ROLLBACK"), "{head}");
    let ran = program.run("migrate new shared --public").expect(0);
    assert!(
        ran.out.trim_end().ends_with("/public/V1__shared.sql"),
        "{}",
        ran.out
    );

    let ran = program.run("migrate new notes --tenant").expect(1);
    assert!(
        ran.err
            .contains("there is a migration of this name already: `V4__notes`"),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("MIGRATIONS_DIR"), "{}", ran.err);
    let built_in = Program::bare();
    for folder in ["public", "tenant"] {
        fs::create_dir_all(built_in.place().join("migrations").join(folder)).unwrap();
    }
    let ran = built_in.run("migrate new notes --tenant").expect(0);
    assert!(
        ran.err.contains("or set MIGRATIONS_DIR=migrations"),
        "{}",
        ran.err
    );
    let nowhere = Program::bare().run("migrate new notes --tenant").expect(1);
    assert!(nowhere.err.contains("cannot be read"), "{}", nowhere.err);
}

#[tokio::test]
async fn history_tells_what_a_tenant_has_and_since_when() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    program.run("tenant create acme").expect(0);
    let history = program
        .run("migrate history --tenant acme --json")
        .expect(0)
        .json();
    assert_eq!(history["name"], "acme");
    assert!(history["last_took_ms"].is_i64());
    assert_eq!(history["applied"][0]["version"], 1);
    assert_eq!(history["applied"][0]["name"], "users");
    let applied_on = history["applied"][0]["applied_on"].as_str().unwrap();
    assert!(
        chrono::DateTime::parse_from_rfc3339(applied_on).is_ok(),
        "{applied_on}"
    );
    let people = program.run("migrate history --tenant acme").expect(0).out;
    assert!(people.starts_with("VERSION  NAME"), "{people}");
    let nobody = program
        .run("migrate history --tenant nobody-here")
        .expect(1);
    assert!(
        nobody.err.contains("there is no tenant `nobody-here`"),
        "{}",
        nobody.err
    );
    program.run("tenant delete acme --yes").expect(0);
    for line in ["history", "drift", "run"] {
        let gone = program
            .run(&format!("migrate {line} --tenant acme"))
            .expect(1);
        let words = "or it is deleted; `tenantry tenant list --deleted`";
        assert!(gone.err.contains(words), "{line}: {}", gone.err);
    }
}

#[tokio::test]
async fn status_as_json_keeps_its_form() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    program.run("tenant create acme").expect(0);
    let dir = tempfile::tempdir().unwrap();
    for folder in ["public", "tenant"] {
        fs::create_dir(dir.path().join(folder)).unwrap();
    }
    let program = program.set("MIGRATIONS_DIR", dir.path().display().to_string());
    let status = program.run("migrate status --json").expect(0).json();
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(
        keys(&status),
        [
            "ahead", "current", "failed", "pending", "shared", "target", "tenants", "total"
        ]
    );
    assert_eq!(
        keys(&status["tenants"][0]),
        [
            "attempts",
            "duration_ms",
            "id",
            "last_error",
            "state",
            "tenant",
            "updated_at",
            "version"
        ]
    );
}
