//! Who has a role may do what it is granted, as far as it is granted, and no longer; on every server within a second.

use std::time::{Duration, Instant};

use serde_json::json;
use tenantry::testkit::{Actor, Answer};

use super::{bearer, grant, make};
use crate::auth::{Own, SOON, at, deafen};

async fn project(owner: &Actor, name: &str) -> String {
    let made = owner.post("/projects", &json!({ "name": name })).await;
    format!("/projects/{}", made.expect(201)["id"].as_str().unwrap())
}

async fn rename(actor: &Actor, path: &str) -> Answer {
    let description = json!({ "description": "changed" });
    actor.patch(path, &description).await
}

/// Renames until the answer is this, for at most [`SOON`] after `since`.
async fn soon(actor: &Actor, path: &str, status: u16, since: Instant) {
    loop {
        let answer = rename(actor, path).await;
        if answer.status == status {
            return;
        }
        assert!(since.elapsed() < SOON, "{}", answer.text);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_grant_reaches_as_far_as_it_says_and_a_change_is_in_force_everywhere_within_a_second() {
    let own = Own::new().await;
    let second = own.second_server().await;
    let admin = own.tenant.admin("ada").await;
    let grants = [
        grant("projects:read", "tenant"),
        grant("projects:write", "own"),
    ];
    make(&admin, "editor", 15, &grants).await;
    let editor = bearer(&admin, &own.tenant, "eddy", "editor").await;
    let there = at(&second, &editor, &own.tenant);
    let (mine, others) = (
        project(&editor, "mine").await,
        project(&admin, "hers").await,
    );

    // Own: theirs alone. What was not granted: not at all.
    rename(&there, &mine).await.expect(200);
    rename(&there, &others)
        .await
        .expect_problem(403, "not_owner");
    there.get("/roles").await.expect_problem(403, "forbidden");

    // Tenant: everybody's.
    let path = "/permissions/roles/editor";
    let grants = [
        grant("projects:read", "tenant"),
        grant("projects:write", "tenant"),
    ];
    let body = json!({ "permissions": grants });
    admin.put(path, &body).await.expect(200);
    let since = Instant::now();
    rename(&editor, &others).await.expect(200);
    soon(&there, &others, 200, since).await;

    // Gone.
    let path = format!("{path}/permissions/projects:write");
    admin.delete(&path).await.expect(204);
    let since = Instant::now();
    rename(&editor, &mine)
        .await
        .expect_problem(403, "forbidden");
    soon(&there, &mine, 403, since).await;
    there.get(&mine).await.expect(200);
}

#[tokio::test]
async fn a_server_that_lost_its_listener_still_sees_a_change_within_a_second() {
    let own = Own::new().await;
    let second = own.second_server().await;
    let admin = own.tenant.admin("ada").await;
    let grants = [
        grant("projects:read", "tenant"),
        grant("projects:write", "own"),
    ];
    make(&admin, "editor", 15, &grants).await;
    let editor = bearer(&admin, &own.tenant, "eddy", "editor").await;
    let there = at(&second, &editor, &own.tenant);
    let mine = project(&editor, "mine").await;
    rename(&there, &mine).await.expect(200);

    deafen(&own.database, &[&own.server, &second]).await;
    let body = json!({ "permissions": [] });
    let answer = admin.put("/permissions/roles/editor", &body).await;
    answer.expect(200);
    soon(&there, &mine, 403, Instant::now()).await;
}
