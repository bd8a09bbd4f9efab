//! `temp-schema`: for CI in any language, told by a script that is such a CI.

use std::process::Command;
use std::time::Duration;

use tenantry::testkit::TestDatabase;

use crate::program::{Program, Ran, number, owner};

const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/scripts/temp_schema_ci.sh"
);
const SCHEMAS: &str = "SELECT count(*) FROM pg_namespace WHERE nspname ~ '^t_[0-9a-f]{32}$'";

#[tokio::test]
async fn ci_in_any_language_can_use_it() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    program.run("migrate run").expect(0);
    let own = program.command("");
    let mut script = Command::new(SCRIPT);
    script
        .env_clear()
        .envs(
            own.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("TENANTRY", own.get_program());
    if let Some(required) = std::env::var_os("REQUIRE_PSYCOPG") {
        script.env("REQUIRE_PSYCOPG", required);
    }
    let ran = Ran::of(&mut script).expect(0);
    assert!(ran.out.contains("psql: ok\n"), "{}{}", ran.out, ran.err);
    let sql = owner(&database).await;
    assert_eq!(number(&sql, SCHEMAS).await, 1, "only the platform's stays");
}

#[tokio::test]
async fn expired_schemas_are_reaped_and_others_stay() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    let long = program.run("temp-schema create --json").expect(0).json();
    // The last to be made: the next one made would reap it.
    let short = program
        .run("temp-schema create --ttl 1s --json")
        .expect(0)
        .json();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let reaped = program.run("temp-schema reap").expect(0);
    assert_eq!(reaped.out, "dropped 1 expired schemas\n");
    let sql = owner(&database).await;
    let left = format!(
        "{SCHEMAS} AND nspname IN ('{}', '{}')",
        short["schema"].as_str().unwrap(),
        long["schema"].as_str().unwrap()
    );
    assert_eq!(number(&sql, &left).await, 1);
    let roles = format!(
        "SELECT count(*) FROM pg_roles WHERE rolname = '{}'",
        short["schema"].as_str().unwrap()
    );
    assert_eq!(number(&sql, &roles).await, 0);

    let none = program.run("temp-schema reap --json").expect(0).json();
    assert_eq!(none["dropped"], 0);
    let slug = long["slug"].as_str().unwrap();
    let dropped = program.run(&format!("temp-schema drop {slug} --json"));
    assert_eq!(dropped.expect(0).json()["dropped"], long["id"]);
    let again = program.run(&format!("temp-schema drop {slug}")).expect(1);
    assert!(
        again.err.contains("there is no temporary schema"),
        "{}",
        again.err
    );
}

#[tokio::test]
async fn real_tenant_is_not_dropped_as_a_temporary_one() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    program.run("tenant create acme").expect(0);
    program.run("temp-schema drop acme").expect(1);
    program.run("tenant show acme").expect(0);
}

#[tokio::test]
async fn one_address_takes_ten_places_and_no_more() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    let made = program.run("temp-schema create --json").expect(0).json();
    let address: tokio_postgres::Config = made["dsn"].as_str().unwrap().parse().unwrap();
    let mut clients = Vec::new();
    for _ in 0..10 {
        let (client, connection) = address.connect(tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        clients.push(client);
    }
    let refused = address.connect(tokio_postgres::NoTls).await.err().unwrap();
    assert_eq!(refused.code().unwrap().code(), "53300");
}

#[tokio::test]
async fn whoever_has_the_address_reaches_that_schema_and_becomes_nobody_else() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    let made = program.run("temp-schema create --json").expect(0).json();
    let other = program.run("temp-schema create --json").expect(0).json();
    let other = other["schema"].as_str().unwrap();
    let address: tokio_postgres::Config = made["dsn"].as_str().unwrap().parse().unwrap();
    let (client, connection) = address.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("SELECT id FROM users").await.unwrap();
    for text in [
        format!("SELECT id FROM {other}.users"),
        format!("SET ROLE {other}"),
        "SET ROLE tenantry_app".to_owned(),
        "SELECT slug FROM public.tenants".to_owned(),
        "SET ROLE NONE; SELECT slug FROM public.tenants".to_owned(),
        format!("SET ROLE NONE; UPDATE {other}.users SET name = name"),
        "ALTER ROLE tenantry_app SET search_path = x".to_owned(),
        "CREATE TEMP TABLE mine ()".to_owned(),
    ] {
        let refused = client.batch_execute(&text).await.unwrap_err();
        assert_eq!(refused.code().unwrap().code(), "42501", "{text}");
    }
    drop(client);
    let schema = made["schema"].as_str().unwrap();
    program.run(&format!("temp-schema drop {schema}")).expect(0);
}
