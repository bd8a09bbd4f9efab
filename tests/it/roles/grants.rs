//! What there is to grant, and what a grant may be.

use serde_json::{Value, json};
use tenantry::testkit::TestTenant;

use super::{grant, granted, make};

const LEAD: &str = "/permissions/roles/lead";

fn of(grants: &[Value]) -> Value {
    json!({ "permissions": grants })
}

#[tokio::test]
async fn every_permission_is_listed_with_what_it_allows_and_how_far_the_caller_holds_it() {
    let acme = TestTenant::new().await;
    let list = acme
        .admin("ada")
        .await
        .get("/permissions")
        .await
        .expect(200);
    let list = list["data"].as_array().unwrap();
    let find = |name: &str| list.iter().find(|p| p["permission"] == name).unwrap();
    let write = find("projects:write");
    assert_eq!(write["grantable"], json!(["own", "tenant"]));
    assert_eq!(write["held"], "tenant");
    assert_eq!(find("tenants:create")["grantable"], json!([]));
    assert_eq!(find("tenants:create")["held"], Value::Null);
    for permission in list {
        let text = permission["description"].as_str().unwrap();
        assert!(text.ends_with('.'), "{permission}");
    }
}

#[tokio::test]
async fn grants_are_set_as_a_whole_added_and_taken_away() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    let before = [
        grant("projects:write", "own"),
        grant("audit:view", "tenant"),
    ];
    make(&admin, "lead", 25, &before).await;

    let whole = of(&[
        grant("projects:write", "tenant"),
        grant("users:read", "tenant"),
    ]);
    let set = admin.put(LEAD, &whole).await.expect(200);
    assert_eq!(
        granted(&set),
        ["projects:write tenant", "users:read tenant"]
    );
    let one = format!("{LEAD}/permissions");
    let added = admin.post(&one, &grant("users:read", "own")).await;
    let after = ["projects:write tenant", "users:read own"];
    assert_eq!(granted(&added.expect(200)), after);
    let written = format!("{one}/projects:write");
    admin.delete(&written).await.expect(204);
    let again = admin.delete(&written).await;
    again.expect_problem(404, "not_found");
    let left = admin.get(LEAD).await.expect(200);
    assert_eq!(granted(&left), ["users:read own"]);
    let none = admin.put(LEAD, &of(&[])).await.expect(200);
    assert_eq!(none, admin.get(LEAD).await.expect(200));
    assert_eq!(granted(&none), [""; 0]);
}

#[tokio::test]
async fn a_grant_that_cannot_be_is_told_by_its_pointer() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    make(&admin, "lead", 25, &[]).await;
    for (bad, pointer, code) in [
        (
            grant("projects:burn", "own"),
            "permission",
            "unknown_permission",
        ),
        (grant("users:read", "all"), "extent", "not_in_enum"),
        (grant("audit:view", "own"), "extent", "extent_not_grantable"),
        (
            grant("tenants:manage", "tenant"),
            "extent",
            "extent_not_grantable",
        ),
    ] {
        let whole = of(&[grant("projects:read", "tenant"), bad.clone()]);
        let told = if code == "unknown_permission" {
            code
        } else {
            "validation_failed"
        };
        let problem = admin.put(LEAD, &whole).await;
        let problem = problem.expect_problem(422, told);
        let expected = format!("/permissions/1/{pointer}");
        assert_eq!(problem["errors"][0]["pointer"], expected, "{bad}");
        assert_eq!(problem["errors"][0]["code"], code, "{bad}");

        let problem = admin.post(&format!("{LEAD}/permissions"), &bad).await;
        let problem = problem.expect_problem(422, told);
        let expected = format!("/{pointer}");
        assert_eq!(problem["errors"][0]["pointer"], expected, "{bad}");
    }
    let twice = [
        grant("projects:write", "own"),
        grant("projects:write", "tenant"),
    ];
    let problem = admin.put(LEAD, &of(&twice)).await;
    let problem = problem.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "repeated_permission");
}

#[tokio::test]
async fn what_built_in_roles_are_granted_is_not_changed() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    for role in ["guest", "member", "admin"] {
        let path = format!("/permissions/roles/{role}");
        let one = grant("projects:read", "tenant");
        for answer in [
            admin.put(&path, &of(&[])).await,
            admin.post(&format!("{path}/permissions"), &one).await,
            admin
                .delete(&format!("{path}/permissions/projects:read"))
                .await,
            admin.delete(&format!("/roles/{role}")).await,
        ] {
            answer.expect_problem(409, "builtin_role");
        }
    }
}

#[tokio::test]
async fn grants_that_are_set_at_the_same_time_do_not_mix() {
    let acme = TestTenant::new().await;
    let admin = acme.admin("ada").await;
    make(&admin, "lead", 25, &[]).await;
    let sets = [
        of(&[grant("projects:write", "own"), grant("users:read", "own")]),
        of(&[grant("audit:view", "tenant")]),
    ];
    let puts = (0..12).map(|n| admin.put(LEAD, &sets[n % 2]));
    for answer in futures_util::future::join_all(puts).await {
        answer.expect(200);
    }
    let left = granted(&admin.get(LEAD).await.expect(200));
    let whole = [
        vec!["projects:write own", "users:read own"],
        vec!["audit:view tenant"],
    ];
    assert!(whole.iter().any(|set| *set == left), "{left:?}");
}
