//! A client that acts: somebody without a credential, or a signed-in user, in one tenant.

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use uuid::Uuid;

use super::OrFail;
use super::answer::Answer;
use super::server::TestServer;
use crate::api::TENANT_HEADER;

/// See the module. Paths are below `/api/v1`.
#[derive(Clone)]
pub struct Actor {
    client: Client,
    base: String,
    tenant: Option<String>,
    token: Option<String>,
    key: Option<String>,
    id: Option<Uuid>,
}

impl Actor {
    pub(super) fn new(server: &TestServer, tenant: Option<String>, token: Option<String>) -> Self {
        Self {
            client: Client::new(),
            base: server.url(),
            tenant,
            token,
            key: None,
            id: None,
        }
    }

    pub(super) fn with_id(mut self, id: Uuid) -> Self {
        self.id = Some(id);
        self
    }

    /// The user's id; the nil id for somebody without one.
    pub fn id(&self) -> Uuid {
        self.id.unwrap_or_default()
    }

    /// The access token, if they have one.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The same person, who names this tenant (slug or id), or none.
    #[must_use]
    pub fn naming(mut self, tenant: Option<&str>) -> Self {
        self.tenant = tenant.map(str::to_owned);
        self
    }

    /// The same client with another token, or none.
    #[must_use]
    pub fn with_token(mut self, token: Option<&str>) -> Self {
        self.token = token.map(str::to_owned);
        self
    }

    /// The same client with an API key, beside the token if there is one.
    #[must_use]
    pub fn with_key(mut self, key: Option<&str>) -> Self {
        self.key = key.map(str::to_owned);
        self
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    /// `POST` with a body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    /// `PUT`
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PUT, path).json(body)).await
    }

    /// `PATCH`
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path).json(body)).await
    }

    /// `DELETE`
    pub async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    /// A request for whoever wants to add to it; send it with [`Answer::of`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_root(method, &format!("/api/v1{path}"))
    }

    /// The same with a path from the root, such as `/health`.
    pub fn request_root(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(tenant) = &self.tenant {
            request = request.header(TENANT_HEADER, tenant);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = &self.key {
            request = request.header("X-API-Key", key);
        }
        request
    }

    /// Signs in with the kit's password and becomes that user, with a session that is stored.
    pub async fn sign_in(&self, email: &str) -> (Self, String) {
        let body = serde_json::json!({ "email": email, "password": super::tenant::PASSWORD });
        let pair = self.post("/auth/login", &body).await.expect(200);
        let text = |name: &str| {
            let value = pair[name].as_str().map(str::to_owned);
            value
                .ok_or(std::io::Error::other("it is missing"))
                .or_fail(name)
        };
        let actor = self.clone().with_token(Some(&text("access_token")));
        (actor, text("refresh_token"))
    }
}
