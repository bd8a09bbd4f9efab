//! A migration's file that is edited after it ran: whoever looks says the same as whoever runs.

use tenantry::testkit::TestDatabase;

use super::fixture::Migrations;
use crate::program::{Program, owner};

#[tokio::test]
async fn tenants_of_an_edited_file_count_as_behind_and_each_failure_is_written() {
    let database = TestDatabase::new().await;
    let old = Program::on(&database);
    old.run("tenant create acme").expect(0);
    let lost = old.run("tenant create lost --json").expect(0).json();
    let lost = lost["id"].as_str().unwrap().replace('-', "");
    let sql = owner(&database).await;
    let harm = format!("DROP SCHEMA t_{lost} CASCADE");
    sql.batch_execute(&harm).await.unwrap();

    let edited = Migrations::own();
    let file = "tenant/V4__projects.sql";
    let text = std::fs::read_to_string(format!("{}/{file}", edited.dir())).unwrap();
    edited.add(file, &format!("{text}\n-- One more line.\n"));
    let program = Program::on(&database).set("MIGRATIONS_DIR", edited.dir());
    let status = program.run("migrate status --json").expect(0).json();
    assert_eq!(
        (&status["current"], &status["pending"]),
        (&0.into(), &3.into())
    );
    assert_eq!(status["tenants"].as_array().unwrap().len(), 3, "{status}");
    let told = program.run("doctor").expect(1).out;
    assert!(told.contains("3 behind, 0 failed"), "{told}");

    program.run("migrate run").expect(3);
    let status = program.run("migrate status --json").expect(0).json();
    for tenant in status["tenants"].as_array().unwrap() {
        assert_eq!(tenant["attempts"], 1, "{tenant}");
        assert_ne!(tenant["last_error"], serde_json::Value::Null, "{tenant}");
    }
    assert_eq!(
        (&status["failed"], &status["pending"]),
        (&1.into(), &2.into())
    );
    let status = old.run("migrate status --json").expect(0).json();
    assert_eq!(
        (&status["current"], &status["failed"]),
        (&2.into(), &1.into())
    );
}
