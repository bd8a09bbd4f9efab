//! Who was refused stands in the log of their own tenant, and nobody fills it by being refused.

use serde_json::json;
use tenantry::domains::audit::REFUSALS_PER_MINUTE;
use tenantry::testkit::TestTenant;

use super::{entries, make_projects};

const REFUSED: &str = "?action=access.refused";

#[tokio::test]
async fn a_refusal_is_written_down_with_the_operation_and_the_code() {
    let acme = TestTenant::new().await;
    let (admin, bob) = (acme.admin("ada").await, acme.member("bob").await);
    make_projects(&admin, &["moon"]).await;
    let list = admin.get("/projects").await.expect(200);
    let path = format!("/projects/{}", list["data"][0]["id"].as_str().unwrap());
    let answer = bob.delete(&path).await;
    answer.expect_problem(403, "not_owner");
    bob.get("/audit/logs")
        .await
        .expect_problem(403, "forbidden");

    let refused = entries(&admin, REFUSED).await;
    assert_eq!(refused.len(), 2);
    let entry = &refused[1];
    assert_eq!(entry["actor_id"], json!(bob.id()));
    assert_eq!(entry["request_id"], answer.header("x-request-id"));
    assert_eq!(
        entry["after"],
        json!({ "operation": "DELETE /api/v1/projects/{id}", "path": format!("/api/v1{path}"), "code": "not_owner" })
    );
    assert_eq!(refused[0]["after"]["code"], "forbidden");
}

#[tokio::test]
async fn who_knocks_at_another_tenant_is_known_in_their_own() {
    let (acme, globex) = (TestTenant::new().await, TestTenant::new().await);
    let (ada, hank) = (acme.admin("ada").await, globex.admin("hank").await);
    let there = ada.clone().naming(Some(globex.slug().as_str()));
    there
        .get("/projects")
        .await
        .expect_problem(403, "tenant_mismatch");

    let own = entries(&ada, REFUSED).await;
    assert_eq!(own.len(), 1);
    assert_eq!(own[0]["actor_id"], json!(ada.id()));
    assert_eq!(own[0]["after"]["code"], "tenant_mismatch");
    assert!(entries(&hank, REFUSED).await.is_empty());
}

#[tokio::test]
async fn only_so_many_refusals_of_one_actor_are_written_down() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let (bob, eve) = (acme.guest("bob").await, acme.guest("eve").await);
    for _ in 0..REFUSALS_PER_MINUTE + 5 {
        bob.get("/audit/logs")
            .await
            .expect_problem(403, "forbidden");
    }
    eve.get("/audit/logs")
        .await
        .expect_problem(403, "forbidden");
    let of = |actor: uuid::Uuid| format!("{REFUSED}&actor={actor}&limit=100");
    let bobs = entries(&admin, &of(bob.id())).await;
    assert_eq!(bobs.len(), REFUSALS_PER_MINUTE as usize);
    assert_eq!(entries(&admin, &of(eve.id())).await.len(), 1);
}

#[tokio::test]
async fn what_succeeds_or_comes_from_nobody_is_no_refusal() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    acme.anonymous().get("/projects").await.expect(401);
    admin.get("/projects").await.expect(200);
    let nothing = format!("/projects/{}", uuid::Uuid::now_v7());
    admin.get(&nothing).await.expect(404);
    assert!(entries(&admin, REFUSED).await.is_empty());
}
