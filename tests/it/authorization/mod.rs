//! Every operation of the document is tried without a credential, with each role, and from another tenant.

pub mod fixture;
mod impersonated;
mod roles;
pub mod table;

use std::collections::BTreeSet;

use tenantry::domains::access::Role;
use tenantry::testkit::{TestDatabase, TestServer, TestTenant};

use crate::contract::document::{Operation, operations};
use fixture::Place;
use table::{Access, TABLE};

/// A role that may not, with the status and the code that it hears.
pub type Refused = (Role, u16, &'static str);

/// Each guarded operation with its row: who may, and how the others are refused.
pub fn guarded() -> Vec<(Operation, &'static [Role], &'static [Refused])> {
    let all = operations();
    let rows = TABLE.iter().filter_map(|row| match row.access {
        Access::Public => None,
        Access::Roles { may, refused } => {
            let found = all.iter().find(|o| o.name == row.operation);
            let found = found.unwrap_or_else(|| panic!("no such operation: {}", row.operation));
            Some((found.clone(), may, refused))
        }
    });
    rows.collect()
}

#[test]
fn the_table_has_a_row_for_every_operation_and_none_for_another() {
    let documented: BTreeSet<String> = operations().into_iter().map(|o| o.name).collect();
    let told: BTreeSet<String> = TABLE.iter().map(|row| row.operation.to_owned()).collect();
    let missing: Vec<_> = documented.difference(&told).collect();
    let unknown: Vec<_> = told.difference(&documented).collect();
    assert!(
        missing.is_empty() && unknown.is_empty() && told.len() == TABLE.len(),
        "table.rs needs one row for each operation; missing: {missing:?}, unknown: {unknown:?}"
    );
}

#[test]
fn every_row_says_something_of_every_role() {
    for row in TABLE {
        let Access::Roles { may, refused } = row.access else {
            continue;
        };
        let refused = refused.iter().map(|(role, ..)| *role);
        let mut told: Vec<Role> = may.iter().copied().chain(refused).collect();
        told.sort();
        assert_eq!(told, Role::ALL, "{}", row.operation);
    }
}

#[test]
fn what_the_table_calls_public_needs_no_credential_and_nothing_else_does_without() {
    for operation in operations() {
        let row = TABLE.iter().find(|row| row.operation == operation.name);
        let public = row.is_some_and(|row| matches!(row.access, Access::Public));
        let name = &operation.name;
        assert_ne!(public, operation.needs_credential(), "{name}");
    }
}

#[tokio::test]
async fn nobody_gets_in_without_a_credential_that_holds() {
    let place = Place::new(&TestServer::shared().await).await;
    let anonymous = place.tenant.anonymous();
    for (operation, ..) in guarded() {
        let answer = place.ask(&operation, &anonymous).await;
        answer.expect_problem(401, "unauthenticated");
        operation.expect_names(401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), "Bearer");

        let forged = anonymous.clone().with_token(Some("not.a.token"));
        let answer = place.ask(&operation, &forged).await;
        answer.expect_problem(401, "invalid_token");
        operation.expect_names(401, "invalid_token");
        let challenge = "Bearer error=\"invalid_token\"";
        assert_eq!(answer.header("www-authenticate"), challenge);
    }
}

#[tokio::test]
async fn public_operations_ask_for_no_credential() {
    let place = Place::new(&TestServer::shared().await).await;
    let public = |name: &str| {
        let mut rows = TABLE.iter().filter(|row| row.operation == name);
        rows.any(|row| matches!(row.access, Access::Public))
    };
    for operation in operations().iter().filter(|o| public(&o.name)) {
        let answer = place.ask(operation, &place.tenant.anonymous()).await;
        // The samples' credentials are nobody's, but they were looked at.
        let looked_at = [
            "invalid_credentials",
            "invalid_grant",
            "invalid_mfa",
            "token_invalid",
        ];
        assert!(
            (200..300).contains(&answer.status)
                || looked_at.iter().any(|code| answer.json()["code"] == *code),
            "{}: {}",
            operation.name,
            answer.text
        );
    }
}

#[tokio::test]
async fn the_wrong_role_is_refused_everywhere() {
    let place = Place::new(&TestServer::shared().await).await;
    for (operation, _, refused) in guarded() {
        for (role, status, code) in refused {
            let answer = place.ask(&operation, &place.actor(*role, &operation)).await;
            let name = &operation.name;
            assert_eq!(answer.status, *status, "{name} as {role}: {}", answer.text);
            answer.expect_problem(*status, code);
            operation.expect_names(*status, code);
        }
    }
}

#[tokio::test]
async fn the_right_role_is_let_in_everywhere() {
    let database = TestDatabase::new().await;
    let server = TestServer::start(&database).await;
    let mut place = Place::new(&server).await;
    for (operation, may, _) in guarded() {
        for role in may {
            place.prepare(&operation, *role).await;
            let answer = place.ask(&operation, &place.actor(*role, &operation)).await;
            let name = &operation.name;
            let done = (200..300).contains(&answer.status);
            assert!(done, "{name} as {role}: {}", answer.text);
            if ends_something(&operation) {
                place = Place::new(&server).await;
            }
        }
    }
}

/// Whether the place is of no use to the next after this.
pub fn ends_something(operation: &Operation) -> bool {
    let name = operation.name.as_str();
    name == "POST /auth/logout"
        || name.starts_with("DELETE ")
        || name.starts_with("POST /tenants/{id}/")
}

#[tokio::test]
async fn a_token_of_another_tenant_is_refused_everywhere() {
    let server = TestServer::shared().await;
    let (place, other) = (Place::new(&server).await, TestTenant::on(&server).await);
    let stranger = place.here(&other.admin("eve").await);
    for (operation, ..) in guarded() {
        let answer = place.ask(&operation, &stranger).await;
        let name = &operation.name;
        assert_eq!(answer.status, 403, "{name}: {}", answer.text);
        answer.expect_problem(403, "tenant_mismatch");
        operation.expect_names(403, "tenant_mismatch");
    }
}

#[tokio::test]
async fn the_objects_of_another_tenant_do_not_exist() {
    let server = TestServer::shared().await;
    let (place, other) = (Place::new(&server).await, TestTenant::on(&server).await);
    let stranger = other.admin("eve").await;
    for (operation, _, refused) in guarded() {
        if !operation.has_id() {
            continue;
        }
        let answer = place.ask(&operation, &stranger).await;
        let name = &operation.name;
        // What an admin may not do at home tells nothing of elsewhere either.
        let at_home = refused.iter().find(|(role, ..)| *role == Role::Admin);
        let (status, code) = at_home.map_or((404, "not_found"), |(_, s, c)| (*s, *c));
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        answer.expect_problem(status, code);
        operation.expect_names(status, code);
    }
}
