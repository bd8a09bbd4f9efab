//! A tenant that is deleted answers 410 everywhere at once, and nobody who was signed in stays so.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tenantry::testkit::{Answer, TestDatabase, TestServer, TestTenant};

use super::killed_at_a_lock::THE_TENANT;
use super::{Own, answers_soon, id_of, lead, new_tenant};
use crate::program::{Program, number, owner};

#[tokio::test]
async fn a_deleted_tenant_answers_410_and_keeps_its_slug() {
    let acme = TestTenant::new().await;
    let (ada, operator) = (acme.admin("ada").await, acme.server().operator().await);
    let one = format!("/tenants/{}", acme.id());
    ada.get("/projects").await.expect(200);

    let answer = operator.delete(&one).await;
    let operation = answer.expect(202);
    assert_eq!(operation["status"], "succeeded", "{operation}");
    assert_eq!(operation["kind"], "tenant.delete");
    let location = answer.header("Location").to_owned();
    let told = operator.request_root(reqwest::Method::GET, &location);
    assert_eq!(Answer::of(told).await.expect(200), operation);

    for path in ["/projects", "/users/me", "/tenant", &one] {
        ada.get(path).await.expect_problem(410, "tenant_deleted");
    }
    let login = json!({ "email": "ada@example.com", "password": TestTenant::PASSWORD });
    let answer = acme.anonymous().post("/auth/login", &login).await;
    answer.expect_problem(410, "tenant_deleted");

    let seen = operator.get(&one).await.expect(200);
    assert_eq!(seen["status"], "deleted", "{seen}");
    let again = new_tenant(acme.slug().as_str());
    let taken = operator.post("/tenants", &again).await;
    taken.expect_problem(409, "slug_taken");
}

#[tokio::test]
async fn a_deleted_tenant_stays_for_thirty_days_and_a_temporary_one_for_its_own_time() {
    let own = Own::new().await;
    let operator = own.server.operator().await;
    let lasting = operator.post("/tenants", &new_tenant("acme")).await;
    let lasting = id_of(&lasting.expect(201));
    let temporary = TestTenant::on(&own.server).await;
    let mut stays = Vec::new();
    for id in [lasting, temporary.id().to_string()] {
        let one = format!("/tenants/{id}");
        operator.delete(&one).await.expect(202);
        let seen = operator.get(&one).await.expect(200);
        stays.push(time(&seen["purge_after"]) - time(&seen["deleted_at"]));
    }
    assert_eq!(stays[0], chrono::TimeDelta::days(30));
    assert!(stays[1] <= chrono::TimeDelta::hours(1), "{stays:?}");
}

#[tokio::test]
async fn a_tenant_that_is_too_busy_to_be_deleted_says_for_whom() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    program.run("tenant create acme").expect(0);
    let sql = owner(&database).await;
    let read = format!("BEGIN; {THE_TENANT}");
    sql.batch_execute(&read).await.unwrap();
    let process = number(&sql, "SELECT pg_backend_pid()::int8").await;
    let refused = program.run("tenant delete acme --yes").expect(1);
    for words in [
        "busy: the deletion got no lock in".to_owned(),
        format!("process {process}"),
    ] {
        assert!(refused.err.contains(&words), "{}", refused.err);
    }
    sql.batch_execute("COMMIT").await.unwrap();
    program.run("tenant delete acme --yes").expect(0);
}

fn time(value: &Value) -> chrono::DateTime<chrono::Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_deleted_tenant_is_neither_deleted_again_nor_changed_nor_led_elsewhere() {
    let acme = TestTenant::new().await;
    let operator = acme.server().operator().await;
    let id = acme.id().to_string();
    let one = format!("/tenants/{id}");
    operator.delete(&one).await.expect(202);
    let before = operator.get(&one).await.expect(200);
    for answer in [
        operator.delete(&one).await,
        operator.patch(&one, &json!({ "name": "other" })).await,
        operator.patch(&one, &json!({ "slug": "elsewhere" })).await,
        lead(&operator, &id, "suspend").await,
        lead(&operator, &id, "activate").await,
        lead(&operator, &id, "cancel").await,
    ] {
        answer.expect_problem(409, "invalid_transition");
    }
    assert_eq!(operator.get(&one).await.expect(200), before);
}

#[tokio::test]
async fn the_platform_is_not_deleted() {
    let operator = TestServer::shared().await.operator().await;
    let here = operator.clone().naming(Some("platform"));
    let platform = here.get("/tenant").await.expect(200);
    let one = format!("/tenants/{}", id_of(&platform));
    let answer = operator.delete(&one).await;
    answer.expect_problem(409, "invalid_transition");
    assert_eq!(here.get("/tenant").await.expect(200), platform);
}

#[tokio::test]
async fn of_many_deletions_at_once_one_is_done() {
    let acme = TestTenant::new().await;
    let operator = acme.server().operator().await;
    let one = format!("/tenants/{}", acme.id());
    let answers = join_all((0..6).map(|_| operator.delete(&one))).await;
    let done = answers.iter().filter(|answer| answer.status == 202);
    assert_eq!(done.count(), 1);
    for refused in answers.iter().filter(|answer| answer.status != 202) {
        refused.expect_problem(409, "invalid_transition");
    }
}

#[tokio::test]
async fn every_node_signs_everybody_out_and_a_restored_tenant_knows_no_old_token() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let other = TestServer::start(&database).await;
    let acme = TestTenant::on(&server).await;
    let operator = server.operator().await;
    let ada = acme.admin("ada").await;
    let key = json!({ "name": "ci", "scopes": ["projects:read"] });
    // By a token of no session, which the end of sessions does not end.
    let acquainted = other.anonymous().naming(Some(acme.slug().as_str()));
    let acquainted = acquainted.with_token(ada.token());
    let (ada, refresh) = ada.sign_in("ada@example.com").await;
    let key = ada.post("/api-keys", &key).await.expect(201);
    let key = key["key"].as_str().unwrap();
    let there = other.anonymous().naming(Some(acme.slug().as_str()));
    let there = there.with_token(ada.token());
    there.get("/projects").await.expect(200);
    let (gone, _) = acme.anonymous().sign_in("ada@example.com").await;
    gone.post("/auth/logout", &Value::Null).await.expect(204);
    let gone_there = there.clone().with_token(gone.token());
    let bolt = TestTenant::on(&server).await;

    let one = format!("/tenants/{}", acme.id());
    operator.delete(&one).await.expect(202);
    let nobody = answers_soon(&acquainted, 410).await;
    nobody.expect_problem(410, "tenant_deleted");
    for own in [&ada, &there] {
        let answer = own.get("/projects").await;
        answer.expect_problem(410, "tenant_deleted");
        let nowhere = own.clone().naming(None).get(&one).await;
        nowhere.expect_problem(410, "tenant_deleted");
        // What did not hold before tells nothing, and neither does what names another tenant.
        let elsewhere = own.clone().naming(Some(bolt.slug().as_str()));
        let answer = answers_soon(&elsewhere, 401).await;
        answer.expect_problem(401, "invalid_token");
    }
    for signed_out in [&gone, &gone_there] {
        let answer = signed_out.get("/projects").await;
        answer.expect_problem(401, "invalid_token");
    }
    let restored = operator.post(&format!("{one}/restore"), &Value::Null).await;
    restored.expect(200);
    let with_key = there.clone().with_token(None).with_key(Some(key));
    answers_soon(&with_key, 200).await.expect(200);

    for actor in [&ada, &there] {
        let answer = actor.get("/projects").await;
        answer.expect_problem(401, "invalid_token");
        let body = json!({ "refresh_token": refresh });
        let answer = actor.post("/auth/refresh", &body).await;
        answer.expect_problem(401, "invalid_grant");
    }
    let (ada, _) = acme.anonymous().sign_in("ada@example.com").await;
    ada.get("/projects").await.expect(200);
}

#[tokio::test]
async fn who_is_signing_in_is_waited_for() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let acme = TestTenant::on(&server).await;
    let operator = server.operator().await;
    let mut sql = owner(&database).await;
    let signing_in = sql.transaction().await.unwrap();
    let writes = format!(
        "LOCK TABLE {}.sessions IN ROW EXCLUSIVE MODE",
        acme.schema()
    );
    signing_in.batch_execute(&writes).await.unwrap();
    let one = format!("/tenants/{}", acme.id());
    let deletion = operator.delete(&one);
    // Longer than one wait for a lock, so the second try is what comes through.
    let done = async {
        tokio::time::sleep(Duration::from_millis(2_200)).await;
        let seen = operator.get(&one).await.expect(200);
        signing_in.commit().await.unwrap();
        seen["status"].clone()
    };
    let (answer, meanwhile) = tokio::join!(deletion, done);
    assert_eq!(meanwhile, "active");
    answer.expect(202);
}

#[tokio::test]
async fn the_command_line_deletes_what_is_confirmed() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    program.run("tenant create acme").expect(0);
    let refused = program.run("tenant delete acme").expect(1);
    assert!(refused.err.contains("say --yes"), "{}", refused.err);
    let deleted = program.run("tenant delete acme --yes --json").expect(0);
    assert_eq!(deleted.json()["status"], "deleted");
    let again = program.run("tenant delete acme --yes").expect(1);
    let words = "a tenant that is deleted cannot be deleted";
    assert!(again.err.contains(words), "{}", again.err);

    let listed = |line| program.run(line).expect(0).out;
    assert!(!listed("tenant list").contains("acme"));
    assert!(listed("tenant list --deleted").contains("acme"));
    assert!(listed("tenant show acme").contains("restorable to"));
    let restored = program.run("tenant restore acme --json").expect(0);
    assert_eq!(restored.json()["status"], "active");
    assert_eq!(restored.json()["purge_after"], Value::Null);
}
