//! Tenants whose schema or role is lost: deleted all the same, and told what can be restored.

use serde_json::Value;
use tenantry::testkit::{TestDatabase, TestServer, TestTenant};

use super::answers_soon;
use crate::program::{Program, number, owner};

/// The schema and the role of a tenant made now.
fn make(program: &Program, slug: &str) -> String {
    let made = program.run(&format!("tenant create {slug} --json"));
    let made = made.expect(0).json();
    format!("t_{}", made["id"].as_str().unwrap().replace('-', ""))
}

fn drop_role(role: &str) -> String {
    format!("GRANT {role} TO CURRENT_USER; DROP OWNED BY {role}; DROP ROLE {role};")
}

/// What the doctor saw of this subject, and how bad it is.
fn seen(findings: &Value, subject: &str) -> (String, String) {
    let mut all = findings.as_array().unwrap().iter();
    let finding = all.find(|finding| finding["subject"] == subject);
    let finding = finding.unwrap_or_else(|| panic!("no `{subject}` in {findings:#}"));
    let text = |member: &str| finding[member].as_str().unwrap().to_owned();
    (text("health"), text("seen"))
}

fn is(health: &str, seen: &str) -> (String, String) {
    (health.to_owned(), seen.to_owned())
}

#[tokio::test]
async fn a_tenant_without_a_schema_is_deleted_and_no_token_of_its_people_holds() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let acme = TestTenant::on(&server).await;
    let (ada, operator) = (acme.admin("ada").await, server.operator().await);
    let (signed_in, _) = ada.sign_in("ada@example.com").await;
    let sql = owner(&database).await;
    let lose = format!("DROP SCHEMA {} CASCADE", acme.schema());
    sql.batch_execute(&lose).await.unwrap();

    let one = format!("/tenants/{}", acme.id());
    let operation = operator.delete(&one).await.expect(202);
    assert_eq!(operation["status"], "succeeded", "{operation}");
    for own in [&ada, &signed_in] {
        let answer = answers_soon(own, 410).await;
        answer.expect_problem(410, "tenant_deleted");
    }
    let seen = operator.get(&one).await.expect(200);
    assert_eq!(seen["status"], "deleted", "{seen}");
    let answer = operator.post(&format!("{one}/restore"), &Value::Null).await;
    let refused = answer.expect_problem(410, "tenant_deleted");
    let said = refused["detail"].as_str().unwrap();
    assert!(said.contains("nothing to restore"), "{said}");
    let again = operator.delete(&one).await;
    again.expect_problem(409, "invalid_transition");
}

#[tokio::test]
async fn a_tenant_without_schema_and_role_is_deleted_named_and_purged() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    let lost = make(&program, "lost");
    let sql = owner(&database).await;
    let harm = format!("DROP SCHEMA {lost} CASCADE; {}", drop_role(&lost));
    sql.batch_execute(&harm).await.unwrap();
    program.run("tenant delete lost --yes").expect(0);

    let findings = program.run("doctor --json").expect(0).json();
    let found = seen(&findings, "deleted tenants without a schema");
    assert_eq!(found, is("warning", "1: lost"));
    let mended = program.run("doctor --mend --json").expect(0).json();
    assert_eq!(mended["mended"], Value::Array(Vec::new()));
    let refused = program.run("tenant restore lost").expect(1);
    assert!(
        refused.err.contains("nothing to restore"),
        "{}",
        refused.err
    );

    let over = "UPDATE public.tenants SET purge_after = now() WHERE status = 'deleted'";
    assert_eq!(sql.execute(over, &[]).await.unwrap(), 1);
    let purged = program.run("tenant purge").expect(0);
    assert!(purged.out.contains("purged lost"), "{}", purged.out);
    program.run("tenant create lost").expect(0);
    program.run("migrate drift").expect(0);
}

#[tokio::test]
async fn a_tenant_without_a_role_is_deleted_and_restored_once_it_has_one() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    let (before, after) = (make(&program, "before"), make(&program, "after"));
    let sql = owner(&database).await;
    sql.batch_execute(&drop_role(&before)).await.unwrap();
    for slug in ["before", "after"] {
        program
            .run(&format!("tenant delete {slug} --yes"))
            .expect(0);
    }
    sql.batch_execute(&drop_role(&after)).await.unwrap();
    let refused = program.run("tenant restore after").expect(1);
    assert!(
        refused.err.contains("run `tenantry doctor --mend`"),
        "{}",
        refused.err
    );
    let findings = program.run("doctor --json").expect(1).json();
    let found = seen(&findings, "tenants without a role");
    assert_eq!(found, is("bad", "2: after, before"));

    let said = program.run("doctor --mend --json").expect(0).json();
    let mended = said["mended"].as_array().unwrap();
    assert_eq!(mended.len(), 2, "{said:#}");
    assert!(mended.iter().all(|one| one["mended"] == true), "{said:#}");
    let within_reach = "SELECT count(*) FROM pg_namespace n JOIN pg_roles r ON right(r.rolname, 32) = right(n.nspname, 32) \
         WHERE n.nspname LIKE 'gone\\_%' AND has_schema_privilege(r.oid, n.oid, 'USAGE')";
    assert_eq!(number(&sql, within_reach).await, 0);
    for slug in ["before", "after"] {
        program.run(&format!("tenant restore {slug}")).expect(0);
        let user =
            format!("user create ada@example.com --tenant {slug} --role admin --password-stdin");
        program.run_with_password(&user).expect(0);
    }
    program.run("migrate drift").expect(0);
}

#[tokio::test]
async fn a_deleted_tenant_without_a_ledger_line_is_named_and_gets_it_with_its_restoring() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    make(&program, "acme");
    program.run("tenant delete acme --yes").expect(0);
    let sql = owner(&database).await;
    let lose = "DELETE FROM public.tenant_migrations WHERE tenant_id = \
         (SELECT id FROM public.tenants WHERE slug = 'acme')";
    assert_eq!(sql.execute(lose, &[]).await.unwrap(), 1);
    let said = program.run("doctor --mend --json").expect(0).json();
    let found = seen(
        &said["findings"],
        "deleted tenants without a line in the ledger",
    );
    assert_eq!(found, is("warning", "1: acme"));
    program.run("tenant restore acme").expect(0);
    program.run("migrate drift").expect(0);
    program.run("doctor").expect(0);
}
