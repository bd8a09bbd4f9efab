//! How far long work is, where there is no terminal for a bar.

use tenantry::testkit::TestDatabase;

use crate::program::Program;

#[tokio::test]
async fn long_commands_tell_how_far_they_are() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database).set("TENANT_RETENTION_DAYS", "0");
    program.run("tenant create acme").expect(0);
    for (line, said) in [
        ("migrate drift", "2/2 tenants, 0 not alike"),
        ("migrate repair", "2/2 tenants, 0 not repaired"),
        ("tenant ready --count 2", "2/2 tenants, 0 failed"),
        ("tenant ready --count 3", "1/1 tenants, 0 failed"),
        ("tenant delete acme --yes", ""),
        ("tenant purge", "1/1 tenants, 0 not gone yet"),
        ("tenant purge", ""),
    ] {
        let ran = program.run(line).expect(0);
        let told: Vec<&str> = ran
            .err
            .lines()
            .filter(|l| l.contains(" tenants, "))
            .collect();
        let expected: Vec<&str> = said.lines().collect();
        assert_eq!(told, expected, "{line}: {}", ran.err);
    }
}
