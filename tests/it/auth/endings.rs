//! A session or a tenant that was ended through one server is ended on every other within a second.

use serde_json::Value;

use super::{Own, at, deafen, refresh, signed_in, soon};

#[tokio::test]
async fn signing_out_kills_the_tokens_at_once_here_and_soon_elsewhere() {
    let own = Own::new().await;
    let second = own.second_server().await;
    let (ada, token) = signed_in(&own.tenant, "ada").await;
    let there = at(&second, &ada, &own.tenant);
    there.get("/users/me").await.expect(200);

    ada.post("/auth/logout", &Value::Null).await.expect(204);
    let here = ada.get("/users/me").await;
    here.expect_problem(401, "invalid_token");
    let answer = soon(&there, "/users/me", 401).await;
    answer.expect_problem(401, "invalid_token");
    let answer = refresh(&there, &token).await;
    answer.expect_problem(401, "invalid_grant");
    // It can be repeated, on any server.
    ada.post("/auth/logout", &Value::Null).await.expect(204);
    there.post("/auth/logout", &Value::Null).await.expect(204);
}

#[tokio::test]
async fn signing_out_ends_no_other_session() {
    let own = Own::new().await;
    let (ada, _) = signed_in(&own.tenant, "ada").await;
    let (phone, token) = own.tenant.anonymous().sign_in("ada@example.com").await;
    ada.post("/auth/logout", &Value::Null).await.expect(204);
    phone.get("/users/me").await.expect(200);
    refresh(&phone, &token).await.expect(200);
}

#[tokio::test]
async fn a_server_that_lost_its_listener_still_hears_of_a_sign_out() {
    let own = Own::new().await;
    let second = own.second_server().await;
    let (ada, _) = signed_in(&own.tenant, "ada").await;
    let there = at(&second, &ada, &own.tenant);
    there.get("/users/me").await.expect(200);

    deafen(&own.database, &[&own.server, &second]).await;
    ada.post("/auth/logout", &Value::Null).await.expect(204);
    let answer = soon(&there, "/users/me", 401).await;
    answer.expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn a_tenant_suspended_through_one_server_is_refused_by_the_other_until_it_is_activated() {
    let own = Own::new().await;
    let second = own.second_server().await;
    let ada = own.tenant.member("ada").await;
    let there = at(&second, &ada, &own.tenant);
    there.get("/projects").await.expect(200);

    let operator = own.server.operator().await;
    let lead = |verb: &str| format!("/tenants/{}/{verb}", own.tenant.id());
    operator
        .post(&lead("suspend"), &Value::Null)
        .await
        .expect(200);
    let here = ada.get("/projects").await;
    here.expect_problem(403, "tenant_suspended");
    let answer = soon(&there, "/projects", 403).await;
    answer.expect_problem(403, "tenant_suspended");

    operator
        .post(&lead("activate"), &Value::Null)
        .await
        .expect(200);
    ada.get("/projects").await.expect(200);
    soon(&there, "/projects", 200).await;
}
