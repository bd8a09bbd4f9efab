//! Operators who act as a tenant's user: how it begins, what it leaves in the logs, and all the ways in which it ends.

mod audit;
mod beginning;
mod endings;
mod refusals;

use serde_json::{Value, json};
use tenantry::testkit::{Actor, Answer, TestServer};
use uuid::Uuid;

use crate::auth::Own;

const PATH: &str = "/admin/impersonations";

/// An operator who has signed in: unlike the kit's, they have a session that is stored. And their address.
async fn operator(server: &TestServer) -> (Actor, String) {
    let made = server.operator().await.naming(Some("platform"));
    let me = made.get("/users/me").await.expect(200);
    let email = me["email"].as_str().unwrap().to_owned();
    let anonymous = made.clone().with_token(None);
    let (signed_in, _) = anonymous.sign_in(&email).await;
    (made.with_token(signed_in.token()), email)
}

fn whom(own: &Own, user: Uuid) -> Value {
    json!({ "tenant": own.tenant.slug().as_str(), "user_id": user, "reason": "ticket 4711" })
}

async fn begin(own: &Own, operator: &Actor, user: Uuid) -> Answer {
    operator.post(PATH, &whom(own, user)).await
}

/// `ada`, an admin of a tenant, as an operator acts as her.
struct Acting {
    operator: Actor,
    ada: Actor,
    /// With the token of the impersonation.
    as_ada: Actor,
    path: String,
    own: Own,
}

impl Acting {
    async fn new() -> Self {
        let own = Own::new().await;
        let ada = own.tenant.admin("ada").await;
        let (operator, _) = operator(&own.server).await;
        let begun = begin(&own, &operator, ada.id()).await.expect(201);
        let as_ada = ada.clone().with_token(begun["access_token"].as_str());
        as_ada.get("/users/me").await.expect(200);
        Self {
            operator,
            ada,
            as_ada,
            path: format!("{PATH}/{}", begun["id"].as_str().unwrap()),
            own,
        }
    }

    /// The newest impersonation of the platform.
    async fn newest(&self) -> Value {
        let somebody = self.own.server.operator().await;
        somebody.get(PATH).await.expect(200)["data"][0].clone()
    }
}

/// The lines of this action in somebody's tenant's log, newest first.
async fn lines(admin: &Actor, action: &str) -> Vec<Value> {
    let path = format!("/audit/logs?action={action}");
    let page = admin.get(&path).await.expect(200);
    page["data"].as_array().unwrap().clone()
}
