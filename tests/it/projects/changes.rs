//! Members read all and change their own, admins change all, guests read.

use serde_json::json;
use tenantry::testkit::TestTenant;

use super::{made, path};

#[tokio::test]
async fn a_member_makes_reads_changes_and_deletes_a_project() {
    let acme = TestTenant::new().await;
    let ada = acme.member("ada").await;
    let answer = ada.post("/projects", &json!({ "name": "moon" })).await;
    let project = answer.expect(201);
    let path = path(&project);
    assert_eq!(answer.header("location"), format!("/api/v1{path}"));
    assert_eq!(project["owner_id"], ada.id().to_string());
    assert_eq!(project["description"], "");
    assert_eq!(ada.get(&path).await.expect(200), project);

    let changed = ada.patch(&path, &json!({ "name": "mars" })).await;
    assert_eq!(changed.expect(200)["name"], "mars");
    let deleted = ada.delete(&path).await;
    deleted.expect(204);
    assert_eq!(deleted.text, "");
    ada.get(&path).await.expect_problem(404, "not_found");
    ada.delete(&path).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_member_reads_another_members_project_and_cannot_change_it() {
    let acme = TestTenant::new().await;
    let (ada, bob) = (acme.member("ada").await, acme.member("bob").await);
    let path = made(&ada, "moon").await;
    let before = bob.get(&path).await.expect(200);
    let body = json!({ "name": "mine" });
    let refused = [
        bob.put(&path, &body).await,
        bob.patch(&path, &body).await,
        bob.delete(&path).await,
    ];
    for answer in refused {
        answer.expect_problem(403, "not_owner");
    }
    assert_eq!(ada.get(&path).await.expect(200), before);
}

#[tokio::test]
async fn an_admin_changes_and_deletes_everybodys_projects_and_the_owner_stays() {
    let acme = TestTenant::new().await;
    let (ada, admin) = (acme.member("ada").await, acme.admin("root").await);
    let path = made(&ada, "moon").await;
    let changed = admin.patch(&path, &json!({ "name": "mars" })).await;
    assert_eq!(changed.expect(200)["owner_id"], ada.id().to_string());
    admin.delete(&path).await.expect(204);
}

#[tokio::test]
async fn a_guest_only_reads() {
    let acme = TestTenant::new().await;
    let (ada, guest) = (acme.member("ada").await, acme.guest("gus").await);
    let path = made(&ada, "moon").await;
    guest.get(&path).await.expect(200);
    let list = guest.get("/projects").await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let body = json!({ "name": "mine" });
    let refused = [
        guest.post("/projects", &body).await,
        guest.put(&path, &body).await,
        guest.patch(&path, &body).await,
        guest.delete(&path).await,
    ];
    for answer in refused {
        answer.expect_problem(403, "forbidden");
    }
}

#[tokio::test]
async fn a_name_is_taken_once_in_a_tenant_and_free_in_the_next() {
    let (acme, globex) = (TestTenant::new().await, TestTenant::new().await);
    let ada = acme.member("ada").await;
    made(&ada, "moon").await;
    let other = made(&ada, "mars").await;
    let body = json!({ "name": "moon" });
    let refused = [
        ada.post("/projects", &body).await,
        ada.put(&other, &body).await,
        ada.patch(&other, &body).await,
    ];
    for answer in refused {
        answer.expect_problem(409, "name_taken");
    }
    // Its own name is no other's.
    ada.patch(&other, &json!({ "name": "mars" }))
        .await
        .expect(200);
    made(&globex.member("eve").await, "moon").await;
}

#[tokio::test]
async fn put_replaces_all_and_patch_leaves_what_it_does_not_name() {
    let acme = TestTenant::new().await;
    let ada = acme.member("ada").await;
    let path = made(&ada, "moon").await;

    let patched = ada.patch(&path, &json!({ "name": "mars" })).await;
    let patched = patched.expect(200);
    assert_eq!(patched["name"], "mars");
    assert_eq!(patched["description"], "first");

    let replaced = ada.put(&path, &json!({ "name": "venus" })).await;
    let replaced = replaced.expect(200);
    assert_eq!(replaced["name"], "venus");
    assert_eq!(replaced["description"], "");
    assert_eq!(replaced["created_at"], patched["created_at"]);
    assert!(replaced["updated_at"].as_str() > patched["updated_at"].as_str());

    let nothing = ada.put(&path, &json!({ "description": "no name" })).await;
    nothing.expect_problem(422, "validation_failed");
}
