//! API5, broken function level authorization: what is for operators or admins stays theirs, whatever a request calls itself, and whatever a
//! table says.

use reqwest::Method;
use serde_json::json;
use tenantry::domains::access::{Permission, Role};
use tenantry::testkit::{Actor, Answer, TestTenant};

use super::{ask_at, contents, program_of, refused};
use crate::auth::Own;
use crate::authorization::fixture::Place;
use crate::authorization::guarded;
use crate::contract::document::{Operation, operations};
use crate::contract::samples;
use crate::contract::world::exchange;
use crate::program::owner;
use crate::roles;

/// Operations that nobody below an operator may do.
fn of_operators() -> Vec<Operation> {
    let all = guarded().into_iter();
    let theirs = all.filter(|(_, may, _)| *may == [Role::SuperAdmin]);
    theirs.map(|(operation, ..)| operation).collect()
}

/// Operations that need the rights of an admin.
fn of_admins() -> Vec<Operation> {
    let all = guarded().into_iter();
    let theirs = all.filter(|(_, may, _)| !may.contains(&Role::Member));
    theirs.map(|(operation, ..)| operation).collect()
}

/// Somebody whose role of the tenant's own says that it may do everything, and so far, as no service would write it.
async fn overreaching(own: &Own, admin: &Actor, extent: &str) -> Actor {
    let role = format!("{extent}_lord");
    roles::make(admin, &role, 15, &[]).await;
    let over = roles::bearer(admin, &own.tenant, extent, &role).await;
    let sql = owner(&own.database).await;
    for permission in Permission::ALL {
        let schema = own.tenant.schema();
        let grant = format!("INSERT INTO {schema}.role_permissions VALUES ($1, $2, $3)");
        let granted = permission.as_str();
        sql.execute(&grant, &[&role, &granted, &extent])
            .await
            .unwrap();
    }
    // Whoever changes roles makes every server read them again.
    roles::make(admin, &format!("not_{role}"), 15, &[]).await;
    over
}

/// Whose token says what only the platform's own people are. No sign-in gives such a token.
async fn super_admin_of(own: &Own) -> Actor {
    let eve = own.tenant.member("eve").await;
    let token = own
        .server
        .bearer(own.tenant.id(), eve.id(), Role::SuperAdmin);
    eve.with_token(Some(&token))
}

#[tokio::test]
async fn nobody_below_an_operator_gets_at_an_operators_function() {
    let own = Own::new().await;
    let admin = own.tenant.admin("ada").await;
    let other = TestTenant::on(&own.server).await;
    let attackers = [
        ("a guest", own.tenant.guest("gus").await),
        ("a member", own.tenant.member("mel").await),
        ("a program", program_of(&own.tenant, &admin).await),
        (
            "a role that says all",
            overreaching(&own, &admin, "all").await,
        ),
        (
            "a role that says tenant",
            overreaching(&own, &admin, "tenant").await,
        ),
        (
            "a role that says own",
            overreaching(&own, &admin, "own").await,
        ),
        ("a super admin of no platform", super_admin_of(&own).await),
        ("an admin", admin),
    ];
    let sql = owner(&own.database).await;
    let tenants = "SELECT string_agg(t::text, ',' ORDER BY id) FROM public.tenants t";
    let tenants = || async {
        sql.query_one(tenants, &[])
            .await
            .unwrap()
            .get::<_, String>(0)
    };
    let (before, there) = (tenants().await, contents(&sql, other.schema(), &[]).await);
    let found = of_operators();
    assert!(found.len() >= 6, "{}", found.len());
    for operation in found {
        for (who, attacker) in &attackers {
            for tenant in [own.tenant.id(), other.id()] {
                let path = operation.path_of(&tenant.to_string());
                let answer = ask_at(&operation, attacker, &path).await;
                let what = format!("{} by {who}", operation.name);
                refused(&what, &answer, &[401, 403, 404]);
            }
        }
    }
    assert_eq!(tenants().await, before);
    assert_eq!(contents(&sql, other.schema(), &[]).await, there);
}

#[tokio::test]
async fn a_role_that_says_more_than_it_may_reaches_nothing_of_another_tenant() {
    let own = Own::new().await;
    let admin = own.tenant.admin("ada").await;
    let overreaching = [
        overreaching(&own, &admin, "all").await,
        overreaching(&own, &admin, "tenant").await,
    ];
    let target = Place::new(&own.server).await;
    let sql = owner(&own.database).await;
    let mut paths = Vec::new();
    let member = target.actor(Role::Member, &operations()[0]);
    for operation in operations().into_iter().filter(Operation::has_id) {
        let path = target.path(&operation, &member).await;
        paths.push((operation, path));
    }
    let before = contents(&sql, target.tenant.schema(), &[]).await;
    for (operation, path) in &paths {
        for over in &overreaching {
            let answer = ask_at(operation, over, path).await;
            refused(&operation.name, &answer, &[401, 403, 404]);
        }
    }
    assert_eq!(contents(&sql, target.tenant.schema(), &[]).await, before);
}

#[tokio::test]
async fn a_role_without_grants_gets_at_nothing_of_an_admins() {
    let own = Own::new().await;
    let place = Place::new(&own.server).await;
    let admin = place.actor(Role::Admin, &operations()[0]);
    roles::make(&admin, "nothing", 15, &[]).await;
    let nobody = roles::bearer(&admin, &place.tenant, "nil", "nothing").await;
    for operation in of_admins() {
        let path = place.path(&operation, &admin).await;
        let answer = ask_at(&operation, &nobody, &path).await;
        refused(&operation.name, &answer, &[403, 404]);
    }
}

/// What asks a framework to take another method than the request's.
const OVERRIDES: [&str; 3] = [
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
];

#[tokio::test]
async fn no_header_and_no_field_makes_one_method_another() {
    let own = Own::new().await;
    let place = Place::new(&own.server).await;
    let all = operations();
    for operation in all
        .iter()
        .filter(|o| o.method == Method::GET && o.needs_credential())
    {
        let actor = if operation.is_platform() {
            Role::SuperAdmin
        } else {
            Role::Admin
        };
        let actor = place.actor(actor, operation);
        let path = place.path(operation, &actor).await;
        let query = samples::query(&operation.name);
        let first = Answer::of(actor.request_root(Method::GET, &path).query(query)).await;
        assert_eq!(first.status, 200, "{}: {}", operation.name, first.text);
        for method in ["DELETE", "PUT", "POST"] {
            let mut request = actor.request_root(Method::GET, &path);
            for name in OVERRIDES {
                request = request.header(name, method);
            }
            // Each time it is still there.
            let answer = Answer::of(request.query(query)).await;
            assert_eq!(answer.status, 200, "{} as {method}", operation.name);
        }
    }
}

#[tokio::test]
async fn another_method_of_a_guarded_path_tells_strangers_nothing() {
    let own = Own::new().await;
    let place = Place::new(&own.server).await;
    let anonymous = place.tenant.anonymous();
    for (operation, ..) in guarded() {
        let path = place.path(&operation, &anonymous).await;
        for method in ["HEAD", "OPTIONS", "TRACE", "CONNECTED", "PROPFIND", "get"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let what = format!("{method} {path}");
            let answer = Answer::of(anonymous.request_root(method, &path)).await;
            assert!(
                answer.status >= 400 && answer.status < 500,
                "{what}: {}",
                answer.status
            );
        }
    }
}

/// The same path, written as a proxy and a server might read it in two ways.
fn spellings(path: &str) -> Vec<String> {
    let rest = path.strip_prefix("/api/v1").unwrap();
    let (first, tail) = rest[1..].split_once('/').unwrap_or((&rest[1..], ""));
    let tail = if tail.is_empty() {
        String::new()
    } else {
        format!("/{tail}")
    };
    let coded = first
        .replace('t', "%74")
        .replace('u', "%75")
        .replace('s', "%73");
    let mut found = vec![
        format!("/{path}"),
        format!("/api/v1/{rest}"),
        format!("/api//v1{rest}"),
        format!("{path}/"),
        format!("{path}//"),
        format!("{path}/."),
        format!("{path}/%2e"),
        format!("{path};x=1"),
        format!("{path}%00"),
        format!("{path}%20"),
        format!("{path}.json"),
        format!("{path}?"),
        format!("{path}#"),
        format!("/api/v1/{coded}{tail}"),
        format!("/api/v1/./{first}{tail}"),
        format!("/api/v1/{}{tail}", first.to_uppercase()),
        path.to_uppercase(),
        format!("/api/v1%2f{first}{tail}"),
        format!("http://other.example{path}"),
    ];
    for public in ["health", "auth/login"] {
        for dots in ["..", "%2e%2e", "%2E.", "..;"] {
            found.push(format!("/{public}/{dots}{path}"));
            found.push(format!("/api/v1/{public}/{dots}{rest}"));
        }
    }
    found
}

#[tokio::test]
async fn no_spelling_of_a_path_goes_round_its_guard() {
    let own = Own::new().await;
    let place = Place::new(&own.server).await;
    let member = place.actor(Role::Member, &operations()[0]);
    let url = place.tenant.server().url();
    let address = url.strip_prefix("http://").unwrap();
    let theirs = of_operators().into_iter().chain(of_admins());
    for operation in theirs {
        let path = place.path(&operation, &member).await;
        for spelling in spellings(&path) {
            for token in ["", member.token().unwrap()] {
                let body = samples::body(&operation.name)
                    .unwrap_or(json!({}))
                    .to_string();
                let guard = if token.is_empty() {
                    String::new()
                } else {
                    format!("authorization: Bearer {token}\r\n")
                };
                let written = format!(
                    "{} {spelling} HTTP/1.1\r\nhost: a\r\nx-tenant-id: {}\r\n{guard}connection: close\r\n\
                     x-original-url: {path}\r\nx-rewrite-url: {path}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                    operation.method,
                    place.tenant.slug(),
                    body.len(),
                );
                let answer = exchange(address, &written).await;
                let what = format!("{} {spelling}", operation.method);
                assert!(
                    answer.status >= 400 && answer.status < 500,
                    "{what}: {} {}",
                    answer.status,
                    answer.text
                );
            }
        }
    }
}
