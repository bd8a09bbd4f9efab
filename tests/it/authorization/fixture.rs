//! A tenant with somebody of each role, and the objects that they ask for.

use serde_json::{Value, json};
use tenantry::domains::access::Role;
use tenantry::testkit::{Actor, Answer, TestServer, TestTenant};

use crate::contract::document::Operation;
use crate::contract::samples;
use crate::mfa;

/// People of one tenant, and an object of each kind there.
pub struct Place {
    pub tenant: TestTenant,
    actors: Vec<(Role, Actor)>,
    owner: Actor,
    project: String,
    feature: String,
    entry: String,
    api_key: String,
}

impl Place {
    pub async fn new(server: &TestServer) -> Self {
        let tenant = TestTenant::on(server).await;
        let mut actors = Vec::new();
        for role in [Role::Guest, Role::Member, Role::Admin] {
            actors.push((role, tenant.user(role.as_str(), role).await));
        }
        actors.push((Role::SuperAdmin, server.operator().await));
        let owner = tenant.member("owner").await;
        let made = owner.post("/projects", &json!({ "name": "moon" })).await;
        let project = text(&made.expect(201)["id"]);
        let flag = samples::body("POST /features").unwrap();
        let made = tenant.admin("flagger").await.post("/features", &flag).await;
        let feature = text(&made.expect(201)["id"]);
        let (_, admin) = &actors[2];
        let log = admin.get("/audit/logs").await.expect(200);
        let entry = text(&log["data"][0]["id"]);
        let key = json!({ "name": "ci", "scopes": ["projects:read"] });
        let made = owner.post("/api-keys", &key).await;
        let api_key = text(&made.expect(201)["api_key"]["id"]);
        Self {
            tenant,
            actors,
            owner,
            project,
            feature,
            entry,
            api_key,
        }
    }

    /// Somebody of this role; an operator names this tenant where one must be named.
    pub fn actor(&self, role: Role, operation: &Operation) -> Actor {
        let (_, actor) = self.actors.iter().find(|(r, _)| *r == role).unwrap();
        match role {
            Role::SuperAdmin if !operation.is_platform() => self.here(actor),
            _ => actor.clone(),
        }
    }

    /// The same person, who names this tenant.
    pub fn here(&self, actor: &Actor) -> Actor {
        actor.clone().naming(Some(self.tenant.slug().as_str()))
    }

    /// The operation on this place's object, by `actor`.
    pub async fn ask(&self, operation: &Operation, actor: &Actor) -> Answer {
        let path = operation.path_of(&self.id_for(operation));
        let mut request = actor.request_root(operation.method.clone(), &path);
        if let Some(body) = self.body(operation, actor).await {
            request = request.json(&body);
        }
        Answer::of(request).await
    }

    /// The sample, but for what only the server's last answer tells.
    async fn body(&self, operation: &Operation, actor: &Actor) -> Option<Value> {
        if operation.name == "POST /users/me/mfa/totp/verify" {
            let setup = actor.post("/users/me/mfa/totp", &Value::Null).await;
            if setup.status == 201 {
                return Some(json!({ "code": mfa::code_of(&setup.json()) }));
            }
        }
        samples::body(&operation.name)
    }

    fn id_for(&self, operation: &Operation) -> String {
        let name = operation.name.as_str();
        if name.contains("/tenants/") {
            self.tenant.id().to_string()
        } else if name.contains("/users/") {
            self.owner.id().to_string()
        } else if name.contains("/features/") {
            self.feature.clone()
        } else if name.contains("/audit/") {
            self.entry.clone()
        } else if name.contains("/api-keys/") {
            self.api_key.clone()
        } else {
            self.project.clone()
        }
    }

    /// Brings the object where `role` can start from with this operation.
    pub async fn prepare(&self, operation: &Operation, role: Role) {
        match operation.name.as_str() {
            "POST /tenants/{id}/activate" => {
                let (_, operator) = self.actors.last().unwrap();
                let path = format!("/tenants/{}/suspend", self.tenant.id());
                operator.post(&path, &Value::Null).await.expect(200);
            }
            "POST /users/me/mfa/totp/recovery-codes" | "DELETE /users/me/mfa/totp" => {
                let actor = self.actor(role, operation);
                // Perhaps it is in force already.
                actor.delete("/users/me/mfa/totp").await;
                mfa::enable(&actor).await;
            }
            _ => {}
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
