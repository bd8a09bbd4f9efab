//! Who gives which role to whom, and what that does to tokens that are about.

use serde_json::{Value, json};
use tenantry::testkit::{Actor, Answer, TestTenant};

use super::{path, signed_in};
use crate::auth::{Own, at, refresh, soon};

async fn give(actor: &Actor, user: &Actor, role: &str) -> Answer {
    let path = format!("{}/role", path(user));
    actor.put(&path, &json!({ "role": role })).await
}

#[tokio::test]
async fn an_admin_gives_those_below_a_role_below_their_own() {
    let acme = TestTenant::new().await;
    let ada = acme.admin("ada").await;
    let mel = acme.member("mel").await;
    assert_eq!(give(&ada, &mel, "guest").await.expect(200)["role"], "guest");
    assert_eq!(
        give(&ada, &mel, "member").await.expect(200)["role"],
        "member"
    );
    // The same again is done already.
    give(&ada, &mel, "member").await.expect(200);
    for role in ["admin", "super_admin"] {
        let answer = give(&ada, &mel, role).await;
        answer.expect_problem(403, "role_hierarchy");
    }
    let answer = give(&ada, &mel, "emperor").await;
    let problem = answer.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "unknown_role");
}

#[tokio::test]
async fn no_admin_demotes_another_and_nobody_promotes_themselves() {
    let acme = TestTenant::new().await;
    let (ada, bob) = (acme.admin("ada").await, acme.admin("bob").await);
    let answer = give(&ada, &bob, "member").await;
    answer.expect_problem(403, "role_hierarchy");
    let answer = give(&ada, &ada, "super_admin").await;
    answer.expect_problem(403, "role_hierarchy");
    let mel = acme.member("mel").await;
    let answer = give(&mel, &mel, "admin").await;
    answer.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn another_role_kills_the_tokens_of_the_old_one_on_every_server() {
    let own = Own::new().await;
    let second = own.second_server().await;
    let ada = own.tenant.admin("ada").await;
    let mel = own.tenant.member("mel").await;
    let (here, token) = signed_in(&own.tenant, "mel").await;
    let there = at(&second, &here, &own.tenant);
    there
        .post("/projects", &json!({ "name": "a" }))
        .await
        .expect(201);

    give(&ada, &mel, "guest").await.expect(200);
    let answer = here.get("/users/me").await;
    answer.expect_problem(401, "invalid_token");
    let answer = soon(&there, "/users/me", 401).await;
    answer.expect_problem(401, "invalid_token");
    refresh(&here, &token)
        .await
        .expect_problem(401, "invalid_grant");

    let (again, _) = signed_in(&own.tenant, "mel").await;
    let answer = again.post("/projects", &json!({ "name": "b" })).await;
    answer.expect_problem(403, "forbidden");
    let me: Value = again.get("/users/me").await.expect(200);
    assert_eq!(me["role"], "guest");
}
