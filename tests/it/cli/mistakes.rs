//! What is wrong with a command line or a configuration.

use crate::program::Program;

#[test]
fn every_command_is_in_the_help() {
    let program = Program::bare();
    let help = program.run("--help").expect(0).out;
    for words in [
        "  dev ",
        "  serve ",
        "  migrate ",
        "  tenant ",
        "  user ",
        "  temp-schema ",
        "  openapi ",
        "  doctor ",
        "Exit codes: 0 done, 1 failed, 2 wrong usage",
        "DATABASE_URL",
        "JWT_SECRET",
    ] {
        assert!(help.contains(words), "no `{words}` in\n{help}");
    }
    for line in [
        "dev",
        "serve",
        "migrate run",
        "migrate status",
        "migrate plan",
        "migrate undo",
        "migrate new",
        "migrate history",
        "migrate drift",
        "migrate repair",
        "tenant create",
        "tenant list",
        "tenant show",
        "tenant suspend",
        "tenant activate",
        "tenant cancel",
        "tenant rename",
        "tenant delete",
        "tenant restore",
        "tenant purge",
        "tenant ready",
        "tenant export",
        "tenant import",
        "tenant clone",
        "user create",
        "temp-schema create",
        "temp-schema drop",
        "temp-schema reap",
        "openapi",
        "doctor",
    ] {
        let help = program.run(&format!("{line} --help")).expect(0).out;
        let command = format!("tenantry {line}");
        let example = help.split_once("Example: ").map(|(_, rest)| rest);
        assert!(
            example.is_some_and(|text| text.contains(&command)),
            "{line}:\n{help}"
        );
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    let program = Program::bare();
    for line in [
        "no-such-command",
        "tenant create",
        "temp-schema create --ttl never",
        "migrate run --jobs x",
        "migrate run --jobs 0",
        "migrate run --canary 0",
        "migrate run --stop-after-failures 0",
        "migrate plan --jobs 0",
        "migrate plan --sample 0",
        "migrate plan --lock-timeout 0",
        "migrate drift --jobs 0",
        "migrate repair --jobs 0",
        "migrate undo --all --jobs 0",
        "tenant ready --count 1001",
        "migrate undo",
        "migrate undo --all --public",
        "migrate new",
        "migrate new add_notes",
        "migrate new AddNotes --tenant",
        "migrate history",
    ] {
        let ran = program.run(line).expect(2);
        assert!(ran.err.contains("error: "), "{}", ran.err);
    }
    for (line, words) in [
        ("migrate run --jobs 0", "from 1 to 100000"),
        ("migrate plan --lock-timeout 0", "from 1 to 3600000"),
        ("tenant create Acme", "a slug is 2 to 63 lower-case letters"),
        ("tenant rename acme admin", "the slug `admin` is reserved"),
        (
            "tenant clone acme -",
            "a slug is 2 to 63 lower-case letters",
        ),
        (
            "tenant import acme.tar --slug a_b",
            "a slug is 2 to 63 lower-case letters",
        ),
    ] {
        let ran = program.run(line).expect(2);
        assert!(ran.err.contains(words), "{line}: {}", ran.err);
    }
}

#[test]
fn all_mistakes_of_a_configuration_are_told_at_once() {
    let program = Program::bare()
        .set("APP_ENV", "production")
        .set("BIND_ADDR", "everywhere")
        .set("DB_POOL_SIZE", "many")
        .set("MIGRATE_ON_START", "perhaps");
    let ran = program.run("serve").expect(2);
    for name in [
        "BIND_ADDR",
        "DB_POOL_SIZE",
        "MIGRATE_ON_START",
        "DATABASE_URL",
        "JWT_SECRET",
    ] {
        assert!(ran.err.contains(&format!("\n  {name}: ")), "{}", ran.err);
    }
    assert!(
        ran.err.contains("the configuration has 5 mistakes:"),
        "{}",
        ran.err
    );
}

#[test]
fn database_that_does_not_answer_exits_with_1() {
    let program = Program::bare()
        .set(
            "DATABASE_URL",
            "postgres://nobody:hush-hush@127.0.0.1:1/none",
        )
        .set(
            "JWT_SECRET",
            "a secret that only tests sign their tokens with",
        );
    for line in [
        "tenant list",
        "tenant create acme",
        "migrate run",
        "migrate status",
        "migrate drift",
        "temp-schema create",
    ] {
        let ran = program.run(line).expect(1);
        let words = "no connection to PostgreSQL at 127.0.0.1:1: Connection refused";
        assert!(ran.err.contains(words), "{line}: {}", ran.err);
        assert!(!ran.err.contains("no free connection"), "{}", ran.err);
        assert!(!ran.err.contains("hush-hush"), "{}", ran.err);
    }
}
