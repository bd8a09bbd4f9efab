//! API1, broken object level authorization: whatever id is sent, nobody reaches an object that is not theirs to reach.

use tenantry::domains::access::Role;
use tenantry::testkit::{Actor, TestTenant};
use uuid::Uuid;

use super::{ask_at, contents, program_of, refused};
use crate::auth::Own;
use crate::authorization::fixture::Place;
use crate::authorization::guarded;
use crate::contract::document::{Operation, operations};
use crate::program::owner;

/// What an object's owner would recognise in an answer.
const TELLING: [&str; 4] = ["moon", "owner@example.com", "auditor", "\"ci\""];

fn with_ids() -> impl Iterator<Item = Operation> {
    operations().into_iter().filter(|o| o.path.contains('{'))
}

/// People of each role below operators, and a program that may do what an admin may; the admin comes last.
async fn attackers(tenant: &TestTenant) -> [(&'static str, Actor); 4] {
    let admin = tenant.admin("mallory").await;
    [
        ("a guest", tenant.guest("gus").await),
        ("a member", tenant.member("mel").await),
        ("a program", program_of(tenant, &admin).await),
        ("an admin", admin),
    ]
}

#[test]
fn every_parameter_of_a_path_is_one_that_these_attacks_fill_in() {
    for operation in with_ids() {
        let left = operation.path_of("x");
        assert!(!left.contains('{'), "{left}: see Operation::path_of");
        assert!(operation.has_id(), "{left}: see Operation::has_id");
    }
}

#[tokio::test]
async fn nobody_reaches_another_tenants_objects_or_changes_anything_there() {
    let own = Own::new().await;
    let target = Place::new(&own.server).await;
    let sql = owner(&own.database).await;
    let attackers = attackers(&own.tenant).await;
    let owner_there = target.actor(Role::Member, &operations()[0]);
    let mut paths = Vec::new();
    for operation in with_ids() {
        let path = target.path(&operation, &owner_there).await;
        paths.push((operation, path));
    }
    let before = contents(&sql, target.tenant.schema(), &[]).await;
    for (operation, path) in &paths {
        for (who, attacker) in &attackers {
            let answer = ask_at(operation, attacker, path).await;
            let what = format!("{} by {who}", operation.name);
            refused(&what, &answer, &[401, 403, 404]);
            // The path that was asked for comes back.
            let told = answer.text.replace(path, "");
            for telling in TELLING {
                assert!(!told.contains(telling), "{what}: {}", answer.text);
            }
        }
    }
    let after = contents(&sql, target.tenant.schema(), &[]).await;
    assert_eq!(after, before);
}

#[tokio::test]
async fn who_may_not_changes_nothing_of_the_others_in_their_own_tenant() {
    let own = Own::new().await;
    let place = Place::new(&own.server).await;
    let sql = owner(&own.database).await;
    // That they tried is written down.
    let seen = || contents(&sql, place.tenant.schema(), &["audit_log", "audit_head"]);
    for (operation, _, refusals) in guarded() {
        for (role, status, _) in refusals {
            let actor = place.actor(*role, &operation);
            let path = place.path(&operation, &actor).await;
            let before = seen().await;
            let answer = ask_at(&operation, &actor, &path).await;
            refused(&operation.name, &answer, &[*status]);
            assert_eq!(seen().await, before, "{} as {role}", operation.name);
        }
    }
}

#[tokio::test]
async fn the_id_of_another_kind_of_object_names_nothing() {
    let own = Own::new().await;
    let place = Place::new(&own.server).await;
    let attackers = attackers(&place.tenant).await;
    let all = operations();
    let mut kinds = Vec::new();
    for name in [
        "GET /projects/{id}",
        "GET /users/{id}",
        "GET /features/{id}",
        "GET /tenants/{id}",
        "GET /api-keys/{id}",
    ] {
        let operation = all.iter().find(|o| o.name == name).unwrap();
        let path = place.path(operation, &attackers[3].1).await;
        let kind = name.split('/').nth(1).unwrap();
        kinds.push((kind, path.rsplit('/').next().unwrap().to_owned()));
    }
    for operation in with_ids() {
        let at_home = operation.name.split('/').nth(1).unwrap();
        for (_, id) in kinds.iter().filter(|(kind, _)| *kind != at_home) {
            for (who, attacker) in &attackers {
                let answer = ask_at(&operation, attacker, &operation.path_of(id)).await;
                let what = format!("{} by {who}", operation.name);
                refused(&what, &answer, &[401, 403, 404]);
            }
        }
    }
}

#[tokio::test]
async fn an_id_that_is_none_is_refused_whoever_sends_it() {
    let own = Own::new().await;
    let place = Place::new(&own.server).await;
    let attackers = attackers(&place.tenant).await;
    let ids = [
        Uuid::now_v7().to_string(),
        Uuid::nil().to_string(),
        Uuid::max().to_string(),
        "0".to_owned(),
        "-1".to_owned(),
        "9".repeat(40),
        "null".to_owned(),
        "%00".to_owned(),
        "%0d%0aX-Injected:%201".to_owned(),
        "%ff%fe".to_owned(),
        "%F0%9F%92%A9".to_owned(),
        "%2fetc%2fpasswd".to_owned(),
        "..%2f..%2fprojects".to_owned(),
        "'%20OR%201=1--".to_owned(),
        "%7B%7D".to_owned(),
        "*".to_owned(),
        "%25".to_owned(),
        "a".repeat(5000),
    ];
    for operation in with_ids() {
        let operator = place.actor(Role::SuperAdmin, &operation);
        for id in &ids {
            let path = operation.path_of(id);
            let others = attackers.iter().map(|(_, actor)| actor);
            for actor in others.chain([&operator]) {
                let answer = ask_at(&operation, actor, &path).await;
                let what = format!("{} of {id:.40}", operation.name);
                refused(&what, &answer, &[400, 401, 403, 404, 405, 414, 422]);
                assert!(!answer.headers.contains_key("x-injected"), "{what}");
            }
        }
    }
}
