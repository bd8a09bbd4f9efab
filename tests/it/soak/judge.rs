//! The one place where every answer is judged: it must be its tenant's own, and as expected or excused.

use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::tenant::{Session, Tenant};
use super::world::World;
use crate::program::PASSWORD;

/// Another process was faster, and the server has not heard of it yet.
const CHANGED: &str = "the tenant changed meanwhile; read it and try again";

/// How long an operator waits before the next try.
pub const AGAIN: Duration = Duration::from_millis(100);

/// A request with what its judge must know.
pub struct Asked {
    pub request: RequestBuilder,
    pub at: Instant,
    /// When the session behind it began.
    pub since: Instant,
}

impl Asked {
    pub fn json(mut self, body: &Value) -> Self {
        self.request = self.request.json(body);
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }
}

impl World {
    /// A request of the operator, who asks again where something is in the way for a moment.
    pub async fn operate(
        &self,
        kind: &'static str,
        method: Method,
        path: &str,
        body: &Value,
        expected: u16,
    ) -> Option<Value> {
        for _ in 0..10 {
            let request = self.server.request(method.clone(), path).json(body);
            let request = request.bearer_auth(&self.operator);
            let (status, text) = match send(request).await {
                Ok(answer) => answer,
                Err(error) => (0, error.to_string()),
            };
            self.tally.count(kind, &status);
            if status == expected {
                return Some(serde_json::from_str(&text).unwrap_or_default());
            }
            if status != 503 && !text.contains(CHANGED) {
                self.tally
                    .fault(format!("{kind} {path}: {status}, not {expected}: {text}"));
                return None;
            }
            tokio::time::sleep(AGAIN).await;
        }
        self.tally
            .fault(format!("{kind} {path}: in vain ten times"));
        None
    }

    /// A request of whoever is signed in there.
    pub fn request(&self, tenant: &Tenant, method: Method, path: &str) -> Asked {
        let (name, value) = tenant.name();
        let session = tenant.session();
        let request = self.server.request(method, path).header(name, value);
        Asked {
            request: request.bearer_auth(session.token),
            at: Instant::now(),
            since: session.since,
        }
    }

    /// The answer, if it is one of those that are expected.
    pub async fn ask(
        &self,
        kind: &'static str,
        tenant: &Tenant,
        asked: Asked,
        expected: &[u16],
    ) -> Option<Value> {
        let (at, since) = (asked.at, asked.since);
        match send(asked.request).await {
            Ok((status, text)) => {
                let good = self.judge(kind, tenant, (at, since), (status, &text), expected);
                good.then(|| serde_json::from_str(&text).unwrap_or_default())
            }
            Err(error) => {
                self.tally.count(kind, "no answer");
                let fault = format!("{kind} at {}: {error:?}", tenant.marker());
                self.tally.fault(fault);
                None
            }
        }
    }

    /// Whether an answer is one that is expected. It must be the tenant's own in any case, and a refusal one that it may give now.
    pub fn judge(
        &self,
        kind: &'static str,
        tenant: &Tenant,
        (at, since): (Instant, Instant),
        (status, text): (u16, &str),
        expected: &[u16],
    ) -> bool {
        self.tally.count(kind, &status);
        let marker = tenant.marker();
        if let Some(other) = tenant.foreign(text) {
            self.tally.fault(format!(
                "{kind} at {marker} was answered with what is {other}'s: {text}"
            ));
            return false;
        }
        if expected.contains(&status) {
            return true;
        }
        let problem: Value = serde_json::from_str(text).unwrap_or_default();
        let code = problem["code"].as_str().unwrap_or_default();
        if !tenant.may_refuse(at, since, (status, code)) {
            let took = at.elapsed();
            self.tally.fault(format!(
                "{kind} at {marker} after {took:?}: {status} {text}"
            ));
        }
        false
    }

    /// A fault unless the answer says what it must.
    pub fn must(&self, what: &str, tenant: &Tenant, found: &Value, expected: &str) {
        if *found != *expected {
            let marker = tenant.marker();
            self.tally
                .fault(format!("{what} at {marker}: {found}, not {expected}"));
        }
    }

    /// Signs in anew.
    pub async fn sign_in(&self, tenant: &Tenant) -> Option<()> {
        let (name, value) = tenant.name();
        let body = json!({ "email": tenant.email(), "password": PASSWORD });
        let at = Instant::now();
        let asked = Asked {
            request: self
                .server
                .request(Method::POST, "/auth/login")
                .header(name, value),
            at,
            since: at,
        };
        let pair = self
            .ask("sign in", tenant, asked.json(&body), &[200])
            .await?;
        let token = pair["access_token"].as_str()?.to_owned();
        tenant.signed_in(Session { token, since: at });
        Some(())
    }
}

pub async fn send(request: RequestBuilder) -> reqwest::Result<(u16, String)> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    Ok((status, response.text().await?))
}
