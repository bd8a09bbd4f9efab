//! What one node changes is in force on another within a second: by LISTEN past the pooler, or by reading again; and `doctor` says which.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;
use tenantry::testkit::{Answer, TestDatabase};
use tokio::time::sleep;

use crate::auth::SOON;
use crate::cli::doctor::examined;
use crate::program::{Program, Ran, Server};

/// Reading again happens once a second; a notice is there at once. Both get the time that a busy machine may take.
async fn logout_reaches(here: &Server, there: &Server) {
    let token = here.token("acme", "ada@example.com").await;
    let ask = async |server: &Server, method: Method, path: &str| {
        let request = server.request(method, path).bearer_auth(&token);
        Answer::of(request.header("X-Tenant-ID", "acme")).await
    };
    ask(there, Method::GET, "/users/me").await.expect(200);
    ask(here, Method::POST, "/auth/logout").await.expect(204);
    let began = Instant::now();
    while ask(there, Method::GET, "/users/me").await.status != 401 {
        assert!(began.elapsed() < SOON, "the token still holds there");
        sleep(Duration::from_millis(20)).await;
    }
}

/// The database, a program that has the ways past the pooler, and one that has only the pooler.
async fn made(size: usize) -> Option<(TestDatabase, Program, Program)> {
    let database = TestDatabase::pooled(size).await?;
    let whole = Program::on(&database);
    whole.run("tenant create acme").expect(0);
    let user = "user create ada@example.com --tenant acme --role member --password-stdin";
    whole.run_with_password(user).expect(0);
    let bare = Program::on(&database)
        .set("DIRECT_DATABASE_URL", "")
        .set("MIGRATION_DATABASE_URL", "")
        .set("MIGRATE_ON_START", "off");
    Some((database, whole, bare))
}

#[tokio::test]
async fn a_logout_is_in_force_on_the_other_node_by_a_direct_connection_and_without_one() {
    let Some((_database, whole, bare)) = made(3).await else {
        return;
    };
    let (hearing, deaf) = (whole.serve().ready().await, bare.serve().ready().await);
    for _ in 0..3 {
        logout_reaches(&hearing, &deaf).await;
        logout_reaches(&deaf, &hearing).await;
    }
}

fn finding(ran: &Ran, subject: &str) -> (Value, String) {
    let findings = ran.json();
    let mut all = findings.as_array().unwrap().iter();
    let found = all.find(|finding| finding["subject"] == subject);
    let found = found.unwrap_or_else(|| panic!("no `{subject}` in {findings:#}"));
    let seen = found["seen"].as_str().unwrap().to_owned();
    (found["health"].clone(), seen)
}

#[tokio::test]
async fn the_doctor_tells_how_other_nodes_are_heard() {
    let Some((_database, whole, bare)) = made(3).await else {
        return;
    };
    let hears = |ran: &Ran| finding(ran, "hearing other nodes").0 == "good";
    let (health, seen) = finding(&examined(&whole, hears), "hearing other nodes");
    assert_eq!(health, "good");
    assert!(seen.contains("DIRECT_DATABASE_URL"), "{seen}");

    let owners = whole.set("DIRECT_DATABASE_URL", "");
    let (health, seen) = finding(&examined(&owners, hears), "hearing other nodes");
    assert_eq!(health, "good");
    assert!(seen.contains("MIGRATION_DATABASE_URL"), "{seen}");

    let (health, seen) = finding(&bare.run("doctor --json"), "hearing other nodes");
    assert_eq!(health, "warning");
    assert!(seen.contains("one second"), "{seen}");
}

#[tokio::test]
async fn the_doctor_finds_a_pooler_that_the_pool_mode_does_not_tell_of() {
    let Some((database, whole, _)) = made(2).await else {
        return;
    };
    let (health, seen) = finding(&whole.run("doctor --json"), "pool mode");
    assert_eq!(health, "good", "{seen}");

    let wrong = Program::on(&database)
        .set("DATABASE_POOL_MODE", "session")
        .set("DIRECT_DATABASE_URL", "");
    let (health, seen) = finding(&wrong.run("doctor --json"), "pool mode");
    assert_eq!(health, "bad", "{seen}");

    let direct = database.config.database.direct_url.as_ref().unwrap();
    let absent = Program::on(&database).set("DATABASE_URL", direct.expose());
    let (health, seen) = finding(&absent.run("doctor --json"), "pool mode");
    assert_eq!(health, "warning", "{seen}");
}
