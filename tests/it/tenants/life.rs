//! Active and suspended to and fro, either to cancelled, which is final.

use serde_json::Value;
use tenantry::testkit::{TestServer, TestTenant};

use super::{id_of, lead};

#[tokio::test]
async fn a_suspended_tenant_is_refused_until_it_is_activated() {
    let acme = TestTenant::new().await;
    let (ada, operator) = (acme.admin("ada").await, acme.server().operator().await);
    let id = acme.id().0.to_string();
    let suspended = lead(&operator, &id, "suspend").await.expect(200);
    assert_eq!(suspended["status"], "suspended");

    let mine = format!("/tenants/{id}");
    for path in ["/projects", "/users/me", "/tenant", &mine] {
        let answer = ada.get(path).await;
        answer.expect_problem(403, "tenant_suspended");
    }
    let login = serde_json::json!({ "email": "ada@example.com", "password": TestTenant::PASSWORD });
    let answer = acme.anonymous().post("/auth/login", &login).await;
    answer.expect_problem(403, "tenant_suspended");
    let seen = operator.get(&mine).await.expect(200);
    assert_eq!(seen["status"], "suspended");

    let active = lead(&operator, &id, "activate").await.expect(200);
    assert_eq!(active["status"], "active");
    ada.get("/projects").await.expect(200);
}

#[tokio::test]
async fn a_cancelled_tenant_is_refused_for_good() {
    let acme = TestTenant::new().await;
    let (ada, operator) = (acme.admin("ada").await, acme.server().operator().await);
    let id = acme.id().0.to_string();
    let cancelled = lead(&operator, &id, "cancel").await.expect(200);
    assert_eq!(cancelled["status"], "cancelled");
    let answer = ada.get("/projects").await;
    answer.expect_problem(403, "tenant_cancelled");
    for verb in ["suspend", "activate", "cancel"] {
        let answer = lead(&operator, &id, verb).await;
        answer.expect_problem(409, "invalid_transition");
    }
}

#[tokio::test]
async fn a_tenant_is_led_only_from_where_it_is() {
    let acme = TestTenant::new().await;
    let operator = acme.server().operator().await;
    let id = acme.id().0.to_string();
    let answer = lead(&operator, &id, "activate").await;
    answer.expect_problem(409, "invalid_transition");
    lead(&operator, &id, "suspend").await.expect(200);
    let answer = lead(&operator, &id, "suspend").await;
    answer.expect_problem(409, "invalid_transition");
    lead(&operator, &id, "cancel").await.expect(200);
}

#[tokio::test]
async fn of_many_suspensions_at_once_one_is_done() {
    let acme = TestTenant::new().await;
    let operator = acme.server().operator().await;
    let id = acme.id().0.to_string();
    let answers = (0..6).map(|_| lead(&operator, &id, "suspend"));
    let answers = futures_util::future::join_all(answers).await;
    let done = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(done.count(), 1);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        refused.expect_problem(409, "invalid_transition");
    }
}

#[tokio::test]
async fn the_platform_is_led_nowhere() {
    let operator = TestServer::shared().await.operator().await;
    let here = operator.clone().naming(Some("platform"));
    let platform = here.get("/tenant").await.expect(200);
    for verb in ["suspend", "activate", "cancel"] {
        let answer = lead(&operator, &id_of(&platform), verb).await;
        answer.expect_problem(409, "invalid_transition");
    }
    let after: Value = here.get("/tenant").await.expect(200);
    assert_eq!(after["status"], "active");
}
