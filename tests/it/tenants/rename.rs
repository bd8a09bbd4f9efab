//! Another slug: the old one is free on every node at once, and nothing else changes.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tenantry::testkit::{Actor, Answer, TestDatabase, TestServer, TestTenant};

use super::{Own, answers_soon, id_of, new_tenant};
use crate::program::{Program, owner};

async fn rename(operator: &Actor, id: &str, slug: &str) -> Answer {
    let path = format!("/tenants/{id}");
    operator.patch(&path, &json!({ "slug": slug })).await
}

/// The id of a new tenant.
async fn made(operator: &Actor, slug: &str) -> String {
    let made = operator.post("/tenants", &new_tenant(slug)).await;
    id_of(&made.expect(201))
}

#[tokio::test]
async fn a_renamed_tenant_answers_to_its_new_slug_alone_on_every_node() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let other = TestServer::start(&database).await;
    let operator = server.operator().await;
    let acme = operator.post("/tenants", &new_tenant("acme")).await;
    let id = id_of(&acme.expect(201));
    let here = server.anonymous().naming(Some("acme"));
    let (ada, _) = here.sign_in("ada@example.com").await;
    ada.post("/projects", &json!({ "name": "moon" }))
        .await
        .expect(201);
    let nodes = [&server, &other].map(|node| {
        let old = node.anonymous().with_token(ada.token());
        (
            old.clone().naming(Some("acme")),
            old.naming(Some("acme-corp")),
        )
    });
    for (old, new) in &nodes {
        old.get("/projects").await.expect(200);
        // Both names are in the node's cache: that nobody has the new one, too.
        new.get("/projects")
            .await
            .expect_problem(404, "tenant_not_found");
    }

    let renamed = rename(&operator, &id, "acme-corp").await.expect(200);
    assert_eq!(renamed["slug"], "acme-corp");
    for (old, new) in &nodes {
        let answer = answers_soon(new, 200).await;
        assert_eq!(answer.expect(200)["data"][0]["name"], "moon");
        old.get("/projects")
            .await
            .expect_problem(404, "tenant_not_found");
    }
    // Free for somebody else, to whom the token is a stranger's.
    operator
        .post("/tenants", &new_tenant("acme"))
        .await
        .expect(201);
    let old = &nodes[1].0;
    answers_soon(old, 403).await;
    let stranger = old.get("/projects").await;
    stranger.expect_problem(403, "tenant_mismatch");
}

#[tokio::test]
async fn a_slug_that_cannot_be_had_changes_nothing() {
    let own = Own::new().await;
    let operator = own.server.operator().await;
    let id = made(&operator, "acme").await;
    made(&operator, "bolt").await;
    let before = operator.get(&format!("/tenants/{id}")).await.expect(200);
    let taken = rename(&operator, &id, "bolt").await;
    taken.expect_problem(409, "slug_taken");
    for (slug, code) in [("admin", "reserved"), ("Not-A-Slug", "pattern")] {
        let refused = rename(&operator, &id, slug).await;
        let problem = refused.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], "/slug", "{problem}");
        assert_eq!(problem["errors"][0]["code"], code, "{problem}");
    }
    let acme = own.server.anonymous().naming(Some("acme"));
    let (ada, _) = acme.sign_in("ada@example.com").await;
    let answer = rename(&ada, &id, "adas").await;
    answer.expect_problem(403, "slug_forbidden");
    let refused = ada.patch("/tenant", &json!({ "slug": "adas" })).await;
    refused.expect_problem(422, "validation_failed");
    let unchanged = rename(&operator, &id, "acme").await;
    assert_eq!(unchanged.expect(200), before);

    let platform = operator.clone().naming(Some("platform"));
    let platform = id_of(&platform.get("/tenant").await.expect(200));
    let refused = rename(&operator, &platform, "the-platform").await;
    refused.expect_problem(409, "invalid_transition");
}

#[tokio::test]
async fn a_temporary_tenant_keeps_its_slug() {
    let acme = TestTenant::new().await;
    let operator = acme.server().operator().await;
    let refused = rename(&operator, &acme.id().to_string(), "customer-one").await;
    let problem = refused.expect_problem(409, "invalid_transition");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("a temporary tenant"), "{detail}");
}

#[tokio::test]
async fn a_row_that_somebody_holds_is_a_busy_tenant() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let operator = server.operator().await;
    let id = made(&operator, "acme").await;
    let sql = owner(&database).await;
    let hold = "BEGIN; SELECT 1 FROM public.tenants WHERE slug = 'acme' FOR UPDATE";
    sql.batch_execute(hold).await.unwrap();
    let busy = rename(&operator, &id, "acme-corp").await;
    busy.expect_problem(503, "tenant_busy");
    sql.batch_execute("COMMIT").await.unwrap();
    rename(&operator, &id, "acme-corp").await.expect(200);
}

#[tokio::test]
async fn of_two_who_want_one_slug_one_gets_it() {
    let own = Own::new().await;
    let operator = own.server.operator().await;
    let mut ids = Vec::new();
    for other in 0..4 {
        ids.push(made(&operator, &format!("other-{other}")).await);
    }
    let answers = join_all(ids.iter().map(|id| rename(&operator, id, "wanted"))).await;
    let got = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(got.count(), 1);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        refused.expect_problem(409, "slug_taken");
    }
}

#[tokio::test]
async fn of_many_renames_of_one_tenant_each_that_is_done_starts_where_the_last_ended() {
    let own = Own::new().await;
    let operator = own.server.operator().await;
    let id = made(&operator, "acme").await;
    let slug = |n: usize| format!("acme-{n}");
    let names: Vec<String> = (0..6).map(slug).collect();
    let answers = join_all(names.iter().map(|name| rename(&operator, &id, name))).await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 200);
    assert!(!done.is_empty());
    for answer in refused {
        answer.expect_problem(409, "invalid_transition");
    }
    let now = operator.get(&format!("/tenants/{id}")).await.expect(200);
    let now = now["slug"].as_str().unwrap();
    let mut served = Vec::new();
    for name in &names {
        let there = own.server.anonymous().naming(Some(name));
        let login = json!({ "email": "nobody@example.com", "password": TestTenant::PASSWORD });
        if there.post("/auth/login", &login).await.status != 404 {
            served.push(name.as_str());
        }
    }
    assert_eq!(served, [now]);
}

#[tokio::test]
async fn the_command_line_renames() {
    let database = TestDatabase::new().await;
    let program = Program::on(&database);
    let made = program.run("tenant create acme --json").expect(0).json();
    let renamed = program.run("tenant rename acme acme-corp --json").expect(0);
    assert_eq!(renamed.json()["slug"], "acme-corp");
    assert_eq!(renamed.json()["id"], made["id"]);
    program.run("tenant show acme").expect(1);
    let reserved = program.run("tenant rename acme-corp admin").expect(2);
    assert!(reserved.err.contains("is reserved"), "{}", reserved.err);
    let platform = program.run("tenant rename platform root-of-all").expect(1);
    let words = "the platform's own tenant cannot be renamed";
    assert!(platform.err.contains(words), "{}", platform.err);
    assert_ne!(made, Value::Null);
}
