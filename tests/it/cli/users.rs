//! `user`: operators and tenants' people.

use tenantry::testkit::TestDatabase;

use crate::program::Program;

#[tokio::test]
async fn user_made_by_command_can_sign_in() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    let create = "user create ada@example.com --tenant platform --role super_admin";
    let made = program.run_with_password(&format!("{create} --password-stdin"));
    let made = made.expect(0);
    assert!(
        made.out.ends_with("  ada@example.com  super_admin\n"),
        "{}",
        made.out
    );
    let server = program.serve();
    server
        .sign_in("platform", "ada@example.com")
        .await
        .expect(200);

    let json = "user create ben@example.com --tenant platform --json";
    let made = program.run(json).expect(0).json();
    assert_eq!(made["email"], "ben@example.com");
    assert_eq!(made["tenant"], "platform");

    let again = program.run(create).expect(1);
    let words = "error: another user of this tenant has the e-mail address `ada@example.com`";
    assert!(again.err.contains(words), "{}", again.err);
}

#[tokio::test]
async fn password_that_is_made_up_is_told_once() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    program.run("tenant create acme").expect(0);
    let made = program
        .run("user create ben@example.com --tenant acme")
        .expect(0);
    assert!(
        made.out.ends_with("  ben@example.com  member\n"),
        "{}",
        made.out
    );
    assert!(
        made.err.contains("the password, told this once: "),
        "{}",
        made.err
    );
    let role = program.run("user create eve@example.com --tenant acme --role super_admin");
    role.expect(1);
}
