//! `tenant`: made, listed, shown and led through its life.

use serde_json::Value;
use tenantry::testkit::TestDatabase;

use crate::program::{Program, Ran};

#[tokio::test]
async fn a_name_is_as_long_as_the_api_allows_or_refused() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    let long = "a".repeat(201);
    for (option, name) in [("--name", ""), ("--name", &long), ("--admin-name", &long)] {
        let mut create = program.command("tenant create acme --admin-email ada@example.com");
        let refused = Ran::of(create.args([option, name])).expect(1);
        let words = "expected a name of 1 to 200 characters";
        assert!(refused.err.contains(words), "{}", refused.err);
    }
    let most = format!("tenant create acme --name {}", &long[1..]);
    program.run(&most).expect(0);
}

#[tokio::test]
async fn tenant_is_led_through_its_life() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    let create = "tenant create acme --name Acme --admin-email ada@example.com --json";
    let made = program.run(create).expect(0);
    let words = "the admin's password, told this once: ";
    assert!(made.err.contains(words), "{}", made.err);
    let made = made.json();
    assert_eq!(
        (&made["slug"], &made["name"]),
        (&"acme".into(), &"Acme".into())
    );
    let id = made["id"].as_str().unwrap();

    let shown = program.run(&format!("tenant show {id}")).expect(0);
    for words in ["slug            acme\n", "status          active\n", id] {
        assert!(shown.out.contains(words), "{}", shown.out);
    }
    for (verb, status) in [
        ("suspend", "suspended"),
        ("activate", "active"),
        ("cancel", "cancelled"),
    ] {
        let led = program.run(&format!("tenant {verb} acme --json")).expect(0);
        assert_eq!(led.json()["status"], status);
        let shown = program.run("tenant show acme --json").expect(0);
        assert_eq!(shown.json()["status"], status);
    }
    let again = program.run("tenant activate acme").expect(1);
    let words = "error: a tenant that is cancelled cannot be activated";
    assert!(again.err.contains(words), "{}", again.err);
    assert_eq!(again.out, "");
}

#[tokio::test]
async fn all_tenants_are_listed() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    program.run("tenant create acme").expect(0);
    program.run("tenant create bolt").expect(0);
    let list = program.run("tenant list").expect(0).out;
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines[0].starts_with("SLUG"), "{list}");
    let slugs = lines[1..]
        .iter()
        .map(|line| line.split(' ').next().unwrap());
    assert_eq!(slugs.collect::<Vec<_>>(), ["platform", "acme", "bolt"]);
    let json = program.run("tenant list --json").expect(0).json();
    let slugs = json.as_array().unwrap().iter().map(|t| &t["slug"]);
    assert_eq!(slugs.collect::<Vec<&Value>>(), ["platform", "acme", "bolt"]);
}

#[tokio::test]
async fn refused_tenants_are_told_why() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    program.run("tenant create acme").expect(0);
    for (line, words) in [
        ("tenant create acme", "the slug `acme` is taken"),
        ("tenant show nobody", "there is no tenant `nobody`"),
        (
            "tenant suspend platform",
            "the platform's own tenant cannot be suspended",
        ),
    ] {
        let ran = program.run(line).expect(1);
        assert!(ran.err.contains(words), "{line}: {}", ran.err);
    }
}
