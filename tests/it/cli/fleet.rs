//! `migrate`, as a person reads it; what it does to a fleet is tested there.

use tenantry::testkit::TestDatabase;

use crate::program::Program;

#[tokio::test]
async fn run_and_status_speak_to_people() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    let ran = program.run("migrate run").expect(0);
    assert!(
        ran.out.starts_with("0 tenants migrated to version "),
        "{}",
        ran.out
    );
    let unknown = program.run("migrate run --tenant acme").expect(1);
    let words = "there is no tenant `acme`";
    assert!(unknown.err.contains(words), "{}", unknown.err);
    program.run("tenant create acme").expect(0);
    let status = program.run("migrate status").expect(0);
    let words = "2 current, 0 behind, 0 failed, 0 ahead of this binary";
    assert!(
        status.out.starts_with("2 tenants, newest migration "),
        "{}",
        status.out
    );
    assert!(status.out.contains(words), "{}", status.out);
}
