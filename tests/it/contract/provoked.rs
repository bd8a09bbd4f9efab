//! Each operation's failures that need no body, provoked over HTTP.

use reqwest::header;
use tenantry::testkit::Answer;

use super::document::{Operation, operations};
use super::world::{World, documented, other_method, request, whole, with_sample};

/// Everything below `/api/v1` that is for a tenant.
fn of_tenants() -> impl Iterator<Item = Operation> {
    operations().into_iter().filter(Operation::has_tenant)
}

#[tokio::test]
async fn a_credential_is_asked_for_where_one_is_documented() {
    let world = World::new().await;
    let anonymous = world.tenant.anonymous();
    for operation in operations().iter().filter(|o| o.needs_credential()) {
        let answer = Answer::of(whole(operation, &anonymous)).await;
        documented(operation, &answer, 401, "unauthenticated");
    }
}

#[tokio::test]
async fn an_object_that_does_not_exist_is_not_found() {
    let world = World::new().await;
    for operation in operations().iter().filter(|o| o.has_id()) {
        let actor = world.somebody(operation);
        let answer = Answer::of(whole(operation, actor)).await;
        documented(operation, &answer, 404, "not_found");
        for id in ["1", "not-an-id", "%00", "' OR 1=1"] {
            let path = operation.path_of(id);
            let request = actor.request_root(operation.method.clone(), &path);
            let answer = Answer::of(with_sample(operation, request)).await;
            documented(operation, &answer, 404, "not_found");
        }
    }
}

#[tokio::test]
async fn another_method_is_refused_with_those_that_there_are() {
    let world = World::new().await;
    let all = operations();
    for operation in &all {
        let actor = world.somebody(operation);
        let method = other_method(&operation.path, &all);
        let answer = Answer::of(actor.request_root(method, &operation.path)).await;
        answer.expect_problem(405, "method_not_allowed");
        let allow = answer.header(header::ALLOW.as_str()).to_owned();
        assert!(
            allow.split(", ").any(|m| m == operation.method.as_str()),
            "{}: Allow is {allow:?}",
            operation.name
        );
    }
}

#[tokio::test]
async fn a_tenant_must_be_named_but_on_the_platforms_own_paths() {
    let world = World::new().await;
    for operation in of_tenants() {
        let nowhere = world.somebody(&operation).clone().naming(None);
        if operation.is_platform() {
            // Without a body, so that nothing is made.
            let answer = Answer::of(request(&operation, &nowhere)).await;
            assert_ne!(answer.status, 400, "{}: {}", operation.name, answer.text);
        } else {
            let answer = Answer::of(whole(&operation, &nowhere)).await;
            documented(&operation, &answer, 400, "tenant_required");
        }
    }
}

#[tokio::test]
async fn a_tenant_that_does_not_exist_is_not_found() {
    let world = World::new().await;
    for operation in of_tenants() {
        for name in ["no-such-tenant", "NO SUCH NAME", "'; DROP SCHEMA public"] {
            let lost = world.somebody(&operation).clone().naming(Some(name));
            let answer = Answer::of(whole(&operation, &lost)).await;
            documented(&operation, &answer, 404, "tenant_not_found");
        }
    }
}

#[tokio::test]
async fn two_tenants_in_one_request_are_a_conflict() {
    let world = World::new().await;
    let slug = world.tenant.slug().to_string();
    for operation in of_tenants() {
        let actor = world.somebody(&operation).clone().naming(Some(&slug));
        let request = whole(&operation, &actor).header("X-Tenant-ID", "another");
        documented(
            &operation,
            &Answer::of(request).await,
            400,
            "tenant_conflict",
        );
    }
}

#[tokio::test]
async fn a_query_that_is_not_acceptable_is_told_by_name() {
    let world = World::new().await;
    let mut tried = 0;
    for operation in operations() {
        for parameter in operation.parameters("query") {
            let name = parameter["name"].as_str().unwrap();
            let request = request(&operation, world.somebody(&operation));
            let answer = Answer::of(request.query(&[(name, "~")])).await;
            documented(&operation, &answer, 422, "validation_failed");
            let pointer = format!("/{name}");
            assert_eq!(answer.json()["errors"][0]["pointer"], pointer);
            tried += 1;
        }
    }
    assert!(tried > 0, "no operation has a query");
}

#[tokio::test]
async fn fixed_words_beat_ids_in_routing() {
    let world = World::new().await;
    let ada = world.tenant.member("mel").await;
    let me = ada.get("/users/me").await.expect(200);
    assert_eq!(me["id"], ada.id().to_string());
    // What is no fixed word is an id, and no such id exists.
    ada.get("/users/you").await.expect_problem(404, "not_found");
}
