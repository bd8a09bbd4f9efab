//! From signing up to signing in.

use reqwest::Method;
use serde_json::{Value, json};
use tenantry::testkit::{Answer, TestTenant};

use super::{Office, body, email};
use crate::program::{number, owner};

#[tokio::test]
async fn who_signs_up_confirms_their_address_and_runs_their_tenant() {
    let office = Office::new().await;
    let answer = office.sign_up("acme").await;
    let made = answer.expect(202);
    assert_eq!(made["tenant"]["slug"], "acme");
    assert_eq!(made["tenant"]["status"], "active");
    let operation = &made["operation"];
    assert_eq!(operation["kind"], "tenant.register");
    assert_eq!(operation["status"], "succeeded");
    assert_eq!(operation["steps"].as_array().unwrap().len(), 3);
    let path = format!("/operations/{}", operation["id"].as_str().unwrap());
    assert_eq!(answer.header("location"), format!("/api/v1{path}"));

    let there = office.anonymous().naming(Some("acme"));
    let login = json!({ "email": email("acme"), "password": TestTenant::PASSWORD });
    let early = there.post("/auth/login", &login).await;
    early.expect_problem(403, "email_unverified");
    let ada = office.confirm_and_sign_in("acme").await;
    let me = ada.get("/users/me").await.expect(200);
    assert_eq!(
        (&me["role"], &me["email_verified"]),
        (&json!("admin"), &json!(true))
    );
    assert_eq!(&ada.get(&path).await.expect(200), operation);
}

#[tokio::test]
async fn an_operation_is_shown_to_its_starter_and_to_operators_alone() {
    let office = Office::new().await;
    let made = office.sign_up("acme").await.expect(202);
    office.sign_up("other").await.expect(202);
    let path = format!("/operations/{}", made["operation"]["id"].as_str().unwrap());
    let ada = office.confirm_and_sign_in("acme").await;
    // The platform's own paths need no tenant to be named.
    ada.clone().naming(None).get(&path).await.expect(200);
    let operator = office.server.operator().await;
    assert_eq!(operator.get(&path).await.expect(200), made["operation"]);

    let colleague = json!({
        "email": "bob@example.com", "name": "Bob", "role": "member", "password": TestTenant::PASSWORD,
    });
    ada.post("/users", &colleague).await.expect(201);
    let there = office.anonymous().naming(Some("acme"));
    let (bob, _) = there.sign_in("bob@example.com").await;
    let stranger = office.confirm_and_sign_in("other").await;
    for other in [bob, stranger] {
        other.get(&path).await.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_user_of_the_same_id_in_another_tenant_sees_no_operation() {
    let office = Office::new().await;
    let made = office.sign_up("acme").await.expect(202);
    let path = format!("/operations/{}", made["operation"]["id"].as_str().unwrap());
    let ada = office.confirm_and_sign_in("acme").await;
    let id = ada.get("/users/me").await.expect(200)["id"].clone();
    let id = id.as_str().unwrap().parse().unwrap();
    let other = TestTenant::on(&office.server).await;
    let role = tenantry::domains::access::Role::Admin;
    let token = office.server.bearer(other.id(), id, role);
    let twin = other.anonymous().with_token(Some(&token));
    twin.get(&path).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_slug_that_is_taken_or_reserved_is_refused_and_leaves_nothing() {
    let office = Office::new().await;
    office.sign_up("acme").await.expect(202);
    let taken = office.sign_up("acme").await;
    taken.expect_problem(409, "slug_taken");
    let reserved = office.sign_up("platform").await;
    reserved.expect_problem(422, "validation_failed");
    let sql = owner(&office.database).await;
    let operations = "SELECT count(*) FROM public.operations";
    assert_eq!(number(&sql, operations).await, 1);
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 't\\_%'";
    assert_eq!(number(&sql, schemas).await, 2, "the platform's and acme's");
    office.catcher.mail_to(&email("acme")).await;
}

#[tokio::test]
async fn the_same_key_signs_up_once() {
    let office = Office::new().await;
    let anonymous = office.anonymous();
    let send = |body: Value| {
        let request = anonymous.request(Method::POST, "/auth/register");
        Answer::of(request.header("Idempotency-Key", "k").json(&body))
    };
    let first = send(body("acme")).await;
    let again = send(body("acme")).await;
    assert_eq!(again.expect(202), first.expect(202));
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.header("idempotency-replayed"), "true");
    let mut other = body("acme");
    other["admin"]["password"] = json!("ninety nine red balloons");
    send(other)
        .await
        .expect_problem(422, "idempotency_mismatch");
    office.catcher.mail_to(&email("acme")).await;
}

#[tokio::test]
async fn a_sign_up_stands_in_the_new_audit_log_and_in_the_platforms() {
    let office = Office::new().await;
    let made = office.sign_up("acme").await.expect(202);
    let id = made["tenant"]["id"].as_str().unwrap().replace('-', "");
    let sql = owner(&office.database).await;
    let platform = sql
        .query_one(
            "SELECT replace(id::text, '-', '') FROM public.tenants WHERE slug = 'platform'",
            &[],
        )
        .await
        .unwrap();
    for tenant in [id.as_str(), platform.get(0)] {
        let registered = format!(
            "SELECT count(*) FROM t_{tenant}.audit_log WHERE action = 'tenant.registered' \
             AND actor_kind = 'system' AND reason = 'a sign-up'"
        );
        assert_eq!(number(&sql, &registered).await, 1);
    }
    let first = format!("SELECT count(*) FROM t_{id}.audit_log WHERE action = 'user.created'");
    assert_eq!(number(&sql, &first).await, 1);
}
