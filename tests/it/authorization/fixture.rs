//! A tenant with somebody of each role, and the objects that they ask for.

use serde_json::{Value, json};
use tenantry::domains::access::Role;
use tenantry::testkit::{Actor, Answer, TestServer, TestTenant};

use crate::contract::document::Operation;
use crate::contract::samples;

/// People of one tenant, and an object of each kind there.
pub struct Place {
    pub tenant: TestTenant,
    actors: Vec<(Role, Actor)>,
    owner: Actor,
    project: String,
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
        Self {
            tenant,
            actors,
            owner,
            project,
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
        let query = samples::query(&operation.name);
        let request = actor.request_root(operation.method.clone(), &path);
        let mut request = request.query(query);
        if let Some(body) = samples::body(&operation.name) {
            request = request.json(&body);
        }
        Answer::of(request).await
    }

    fn id_for(&self, operation: &Operation) -> String {
        let name = operation.name.as_str();
        if name.contains("/tenants/") {
            self.tenant.id().to_string()
        } else if name.contains("/users/") {
            self.owner.id().to_string()
        } else {
            self.project.clone()
        }
    }

    /// Brings the object where this operation can start from.
    pub async fn prepare(&self, operation: &Operation) {
        if operation.name == "POST /tenants/{id}/activate" {
            let (_, operator) = self.actors.last().unwrap();
            let path = format!("/tenants/{}/suspend", self.tenant.id());
            operator.post(&path, &Value::Null).await.expect(200);
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
