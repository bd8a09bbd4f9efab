//! What belongs to nobody, and tenants that lack something: found by the doctor, and mended where no data is at stake.

use serde_json::Value;
use tenantry::testkit::TestDatabase;
use uuid::Uuid;

use crate::program::{Program, number, owner};

fn schema_of(made: &Value) -> String {
    format!("t_{}", made["id"].as_str().unwrap().replace('-', ""))
}

fn nobodys_name() -> String {
    format!("t_{}", Uuid::new_v4().simple())
}

/// What the doctor saw, of what is not well.
fn bad(findings: &Value) -> Vec<(String, String)> {
    let all = findings.as_array().unwrap().iter();
    let bad = all.filter(|finding| finding["health"] == "bad");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    bad.map(|finding| (text(&finding["subject"]), text(&finding["seen"])))
        .collect()
}

#[tokio::test]
async fn tenants_that_lack_a_role_or_a_ledger_line_get_them_back() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    let make = |slug: &str| {
        schema_of(
            &program
                .run(&format!("tenant create {slug} --json"))
                .expect(0)
                .json(),
        )
    };
    let (lost, torn, unknown) = (make("lost"), make("torn"), make("unknown"));
    let sql = owner(&database).await;
    let login =
        "SELECT member::regrole::text FROM pg_auth_members WHERE roleid = $1::text::regrole";
    let login: String = sql.query_one(login, &[&torn]).await.unwrap().get(0);
    let id = Uuid::parse_str(unknown.trim_start_matches("t_")).unwrap();
    sql.batch_execute(&format!(
        "GRANT {lost} TO CURRENT_USER; DROP OWNED BY {lost}; DROP ROLE {lost};
         REVOKE {torn} FROM {login};
         DELETE FROM public.tenant_migrations WHERE tenant_id = '{id}'"
    ))
    .await
    .unwrap();
    let findings = program.run("doctor --json").expect(1).json();
    let expected = [
        ("tenants without a role", "1: lost"),
        ("tenants whose role this login may not wear", "1: torn"),
        ("tenants without a line in the ledger", "1: unknown"),
    ];
    let expected = expected.map(|(subject, seen)| (subject.to_owned(), seen.to_owned()));
    assert_eq!(bad(&findings), expected);

    let said = program.run("doctor --mend --json").expect(0).json();
    assert_eq!(bad(&said["findings"]), []);
    let mended = said["mended"].as_array().unwrap();
    assert_eq!(mended.len(), 3, "{said:#}");
    assert!(mended.iter().all(|one| one["mended"] == true), "{said:#}");
    // Each right is as the migrations give it, and the tenant is served with them.
    program.run("migrate drift").expect(0);
    program
        .run_with_password(
            "user create ada@example.com --tenant lost --role admin --password-stdin",
        )
        .expect(0);
    assert_eq!(
        program.run("doctor --mend --json").expect(0).json()["mended"],
        Value::Array(Vec::new())
    );
}

#[tokio::test]
async fn nobodys_role_is_dropped_and_one_that_another_database_uses_is_not() {
    let (database, other) = (TestDatabase::new().await, TestDatabase::new().await);
    let program = Program::on(&database);
    program.run("migrate run").expect(0);
    let (sql, there) = (owner(&database).await, owner(&other).await);
    let (ours, shared, idle) = (nobodys_name(), nobodys_name(), nobodys_name());
    for role in [&ours, &shared, &idle] {
        sql.batch_execute(&format!("CREATE ROLE {role}"))
            .await
            .unwrap();
    }
    let grant = |role: &str| format!("GRANT USAGE ON SCHEMA public TO {role}");
    sql.batch_execute(&grant(&ours)).await.unwrap();
    sql.batch_execute(&grant(&shared)).await.unwrap();
    there.batch_execute(&grant(&shared)).await.unwrap();

    let findings = program.run("doctor --json").expect(1).json();
    assert_eq!(
        bad(&findings),
        [("roles without a tenant".to_owned(), format!("1: {ours}"))]
    );
    let said = program.run("doctor --mend").expect(0).out;
    assert!(
        said.contains(&format!("done  {ours}: role dropped")),
        "{said}"
    );
    let left =
        format!("SELECT count(*) FROM pg_roles WHERE rolname IN ('{ours}', '{shared}', '{idle}')");
    assert_eq!(number(&sql, &left).await, 2);
    let ran = program.run(&format!("doctor --drop {shared}")).expect(1);
    assert!(
        ran.err.contains("is used by another database"),
        "{}",
        ran.err
    );
    program.run(&format!("doctor --drop {idle}")).expect(0);
    assert_eq!(number(&sql, &left).await, 1);

    for sql in [&sql, &there] {
        let revoke = format!("REVOKE USAGE ON SCHEMA public FROM {shared}");
        sql.batch_execute(&revoke).await.unwrap();
    }
    sql.batch_execute(&format!("DROP ROLE {shared}"))
        .await
        .unwrap();
}

#[tokio::test]
async fn schema_without_a_tenant_is_kept_until_it_is_named() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    let acme = schema_of(&program.run("tenant create acme --json").expect(0).json());
    let stray = nobodys_name();
    let gone = nobodys_name().replace("t_", "gone_");
    let sql = owner(&database).await;
    sql.batch_execute(&format!(
        "CREATE SCHEMA {stray}; CREATE TABLE {stray}.notes (); CREATE SCHEMA {gone};
         CREATE ROLE {stray}; GRANT USAGE ON SCHEMA {stray} TO {stray}"
    ))
    .await
    .unwrap();
    let ran = program.run("doctor --mend --json").expect(1).json();
    let found = (
        "schemas without a tenant".to_owned(),
        format!("2: {gone}, {stray}"),
    );
    assert_eq!(bad(&ran["findings"]), [found]);
    for name in [
        acme.as_str(),
        "public",
        "t_1",
        "t_00000000000000000000000000000000;",
    ] {
        program.run(&format!("doctor --drop {name}")).expect(1);
    }
    let ran = program
        .run(&format!("doctor --drop {stray} --drop {gone}"))
        .expect(0);
    assert!(
        ran.err
            .contains(&format!("{stray}: schema and role dropped")),
        "{}",
        ran.err
    );
    assert!(
        ran.err.contains(&format!("{gone}: schema dropped")),
        "{}",
        ran.err
    );
    let left = "SELECT count(*) FROM pg_roles WHERE rolname = $1";
    let left: i64 = sql.query_one(left, &[&stray]).await.unwrap().get(0);
    assert_eq!(left, 0);
    program.run("migrate drift").expect(0);
}
