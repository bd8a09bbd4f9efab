//! A tenant is ready when its creation answers; the same request again, with a key, gives the same answer.

use serde_json::{Value, json};
use tenantry::testkit::{Actor, Answer, TestTenant};

use super::{Own, new_tenant};

async fn create(operator: &Actor, key: &str, body: &Value) -> Answer {
    let request = operator.request(reqwest::Method::POST, "/tenants");
    Answer::of(request.header("Idempotency-Key", key).json(body)).await
}

/// The slugs of all tenants but the platform's own.
async fn slugs(operator: &Actor) -> Vec<String> {
    let list = operator.get("/tenants?limit=100").await.expect(200);
    let entries = list["data"].as_array().unwrap().iter();
    let slugs = entries.map(|tenant| tenant["slug"].as_str().unwrap().to_owned());
    slugs.filter(|slug| slug != "platform").collect()
}

#[tokio::test]
async fn a_new_tenant_can_be_used_by_its_admin_at_once() {
    let own = Own::new().await;
    let operator = own.server.operator().await;
    let answer = operator.post("/tenants", &new_tenant("acme")).await;
    let tenant = answer.expect(201);
    assert_eq!(tenant["status"], "active");
    let path = format!("/api/v1/tenants/{}", tenant["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), path);
    assert_eq!(answer.header("idempotency-replayed"), "");

    let anonymous = own.server.anonymous().naming(Some("acme"));
    let (ada, _) = anonymous.sign_in("ada@example.com").await;
    assert_eq!(ada.get("/tenant").await.expect(200), tenant);
    let me = ada.get("/users/me").await.expect(200);
    assert_eq!(me["role"], "admin");
    ada.post("/projects", &json!({ "name": "moon" }))
        .await
        .expect(201);
    assert_eq!(slugs(&operator).await, ["acme"]);
}

#[tokio::test]
async fn the_same_request_again_gives_the_same_answer_and_no_second_tenant() {
    let own = Own::new().await;
    let operator = own.server.operator().await;
    let first = create(&operator, "key-1", &new_tenant("acme")).await;
    let made = first.expect(201);
    let again = create(&operator, "key-1", &new_tenant("acme")).await;
    assert_eq!(again.expect(201), made);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("location"), first.header("location"));

    let other = create(&operator, "key-1", &new_tenant("globex")).await;
    other.expect_problem(422, "idempotency_mismatch");
    let taken = create(&operator, "key-2", &new_tenant("acme")).await;
    taken.expect_problem(409, "slug_taken");
    assert_eq!(slugs(&operator).await, ["acme"]);
}

#[tokio::test]
async fn a_key_is_its_senders_own() {
    let own = Own::new().await;
    let (one, two) = (own.server.operator().await, own.server.operator().await);
    create(&one, "key-1", &new_tenant("acme")).await.expect(201);
    let other = create(&two, "key-1", &new_tenant("globex")).await;
    other.expect(201);
    assert_eq!(other.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn the_same_request_sent_many_times_at_once_makes_one_tenant() {
    let own = Own::new().await;
    let operator = own.server.operator().await;
    let body = new_tenant("acme");
    let answers = (0..6).map(|_| create(&operator, "key-1", &body));
    let answers = futures_util::future::join_all(answers).await;
    let made = answers.iter().filter(|answer| answer.status == 201);
    let fresh = made.filter(|answer| answer.header("idempotency-replayed").is_empty());
    assert_eq!(fresh.count(), 1);
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        refused.expect_problem(409, "idempotency_running");
    }
    assert_eq!(slugs(&operator).await, ["acme"]);
}

#[tokio::test]
async fn a_slug_or_an_admin_that_cannot_be_is_told_by_its_pointer() {
    let operator = TestTenant::new().await.server().operator().await;
    for (pointer, value) in [
        ("/slug", json!("public")),
        ("/slug", json!("acme_corp")),
        ("/slug", json!("Acme")),
        ("/slug", json!("a".repeat(64))),
        ("/slug", json!("a'; DROP SCHEMA public; --")),
        ("/name", json!("")),
        ("/admin/email", json!("nobody")),
        ("/admin/password", json!("password1234")),
    ] {
        let mut body = new_tenant("acme");
        *body.pointer_mut(pointer).unwrap() = value.clone();
        let answer = operator.post("/tenants", &body).await;
        let problem = answer.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{value}");
    }
}
