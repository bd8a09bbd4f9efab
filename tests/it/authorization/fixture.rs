//! A tenant with somebody of each role, and the objects that they ask for.

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tenantry::domains::access::Role;
use tenantry::testkit::{Actor, Answer, TestServer, TestTenant};

use uuid::Uuid;

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
    invite: String,
    entry: String,
    role: String,
    api_key: String,
    impersonation: String,
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
        let flagger = tenant.admin("flagger").await;
        let made = flagger.post("/features", &flag).await;
        let feature = text(&made.expect(201)["id"]);
        let (_, admin) = &actors[2];
        let invite = samples::body("POST /invites").unwrap();
        let invite = text(&admin.post("/invites", &invite).await.expect(201)["id"]);
        let log = admin.get("/audit/logs").await.expect(200);
        let entry = text(&log["data"][0]["id"]);
        let role = role(&actors[2].1).await;
        let key = json!({ "name": "ci", "scopes": ["projects:read"] });
        let made = owner.post("/api-keys", &key).await;
        let api_key = text(&made.expect(201)["api_key"]["id"]);
        let (_, operator) = &actors[3];
        let acting = json!({ "tenant": tenant.slug().as_str(), "user_id": flagger.id(), "reason": "a test" });
        let made = operator.post("/admin/impersonations", &acting).await;
        let impersonation = text(&made.expect(201)["id"]);
        Self {
            tenant,
            actors,
            owner,
            project,
            feature,
            invite,
            entry,
            role,
            api_key,
            impersonation,
        }
    }

    pub fn server(&self) -> &TestServer {
        self.tenant.server()
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
        let body = self.body(operation, actor).await;
        Answer::of(self.request(operation, actor, body.as_ref()).await).await
    }

    /// The same with this body, to be sent.
    pub async fn request(
        &self,
        operation: &Operation,
        actor: &Actor,
        body: Option<&Value>,
    ) -> RequestBuilder {
        let path = self.path(operation, actor).await;
        let request = actor.request_root(operation.method.clone(), &path);
        let request = request.query(samples::query(&operation.name));
        match body {
            Some(body) => request.json(body),
            None => request,
        }
    }

    /// The whole path of this place's object, as `actor` asks for it.
    pub async fn path(&self, operation: &Operation, actor: &Actor) -> String {
        let mut path = operation.path.clone();
        if path.contains("{sid}") {
            path = path.replace("{sid}", &self.session_of("owner").await);
        }
        let id = self.id_for(operation, actor).await;
        path = path.replace("{id}", &id).replace("{role}", &id);
        path.replace("{permission}", "projects:write")
    }

    /// The sample, but for what only this place or the server's last answer tells.
    pub async fn body(&self, operation: &Operation, actor: &Actor) -> Option<Value> {
        if operation.name == "POST /users/me/mfa/totp/verify" {
            let setup = actor.post("/users/me/mfa/totp", &Value::Null).await;
            if setup.status == 201 {
                return Some(json!({ "code": mfa::code_of(&setup.json()) }));
            }
        }
        let mut body = samples::body(&operation.name)?;
        if operation.name == "POST /admin/impersonations" {
            body["tenant"] = json!(self.tenant.id().0);
            body["user_id"] = json!(self.owner.id());
        }
        if operation.name == "POST /tenants/import" {
            body["file"] = self.export().await["result"]["file"].clone();
        }
        Some(body)
    }

    /// An export of this place's tenant, once it has ended.
    async fn export(&self) -> Value {
        let (_, operator) = self.actors.last().unwrap();
        let path = format!("/tenants/{}/export", self.tenant.id());
        let begun = operator.post(&path, &Value::Null).await.expect(202);
        let path = format!("/operations/{}", text(&begun["id"]));
        loop {
            let operation = operator.get(&path).await.expect(200);
            if operation["status"] != "running" {
                return operation;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    async fn id_for(&self, operation: &Operation, actor: &Actor) -> String {
        let name = operation.name.as_str();
        if name.contains("/auth/sessions/") {
            let mut actors = self.actors.iter();
            let own = actors.find(|(_, a)| a.id() == actor.id());
            let own = own.map_or("owner", |(role, _)| role.as_str());
            self.session_of(own).await
        } else if name.contains("/tenants/") {
            self.tenant.id().to_string()
        } else if name.contains("/users/") {
            self.owner.id().to_string()
        } else if name.contains("/features/") {
            self.feature.clone()
        } else if name.contains("/invites/") {
            self.invite.clone()
        } else if name.ends_with("/operations/{id}/file") {
            text(&self.export().await["id"])
        } else if name.contains("/operations/") {
            let body = samples::body("POST /auth/register").unwrap();
            let made = self.tenant.anonymous().post("/auth/register", &body).await;
            text(&made.expect(202)["operation"]["id"])
        } else if name.contains("/audit/") {
            self.entry.clone()
        } else if name.contains("/{role}") {
            self.role.clone()
        } else if name.contains("/api-keys/") {
            self.api_key.clone()
        } else if name.contains("/impersonations/") {
            self.impersonation.clone()
        } else {
            self.project.clone()
        }
    }

    /// A session that this person of the tenant has opened.
    async fn session_of(&self, name: &str) -> String {
        if name == Role::SuperAdmin.as_str() {
            return Uuid::now_v7().to_string();
        }
        let email = format!("{name}@example.com");
        let (actor, _) = self.tenant.anonymous().sign_in(&email).await;
        let sessions = actor.get("/auth/sessions").await.expect(200);
        text(&sessions["data"][0]["id"])
    }

    /// Brings the object where `role` can start from with this operation.
    pub async fn prepare(&self, operation: &Operation, role: Role) {
        match operation.name.as_str() {
            "POST /tenants/{id}/activate" => {
                let (_, operator) = self.actors.last().unwrap();
                let path = format!("/tenants/{}/suspend", self.tenant.id());
                operator.post(&path, &Value::Null).await.expect(200);
            }
            "POST /tenants/{id}/restore" => {
                let (_, operator) = self.actors.last().unwrap();
                let path = format!("/tenants/{}", self.tenant.id());
                operator.delete(&path).await.expect(202);
            }
            "POST /users/me/mfa/totp/recovery-codes" | "DELETE /users/me/mfa/totp" => {
                let actor = self.actor(role, operation);
                // Perhaps it is in force already.
                actor.delete("/users/me/mfa/totp").await;
                mfa::enable(&actor).await;
            }
            // The last admin could not go.
            "DELETE /users/me" => {
                self.tenant.admin("second").await;
            }
            _ => {}
        }
    }
}

/// A role of the tenant's own, which nobody has.
async fn role(admin: &Actor) -> String {
    let grant = json!({ "permission": "projects:write", "extent": "own" });
    let body = json!({ "name": "auditor", "permissions": [grant] });
    text(&admin.post("/roles", &body).await.expect(201)["name"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
