//! Second factors: setting up, signing in with them, and what does not get past them.

mod attacks;
mod setup;
mod sign_in;

use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tenantry::clock::Clock;
use tenantry::config::TEST_SECRET;
use tenantry::testkit::{Actor, Answer, TestTenant};
use totp_rs::{Builder, Secret};
use uuid::Uuid;

use crate::auth::Own;

/// The code of this secret at the moment that the clock tells.
pub fn code_at(secret: &str, clock: &Clock) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let totp = Builder::new().with_secret(secret).build().unwrap();
    let now = clock.now().timestamp().unsigned_abs();
    totp.generate(now).to_string()
}

/// The present code of what an answer to setting up told.
pub fn code_of(setup: &Value) -> String {
    code_at(setup["secret"].as_str().unwrap(), &Clock::system())
}

/// Sets up a second factor for somebody on a server whose clock was not moved.
pub async fn enable(actor: &Actor) {
    let setup = actor.post("/users/me/mfa/totp", &Value::Null).await;
    let body = json!({ "code": code_of(&setup.expect(201)) });
    let confirmed = actor.post("/users/me/mfa/totp/verify", &body).await;
    confirmed.expect(200);
}

/// An operator who acts as this user, and signed in just now.
pub fn impersonated(tenant: &TestTenant, user: &Actor) -> Actor {
    let now = Clock::system().now().timestamp();
    let claims = json!({
        "iss": "tenantry", "aud": "tenantry-api", "sub": user.id(), "tid": tenant.id().0, "sid": Uuid::now_v7(),
        "role": "member", "act": { "sub": Uuid::now_v7() }, "auth_time": now, "iat": now, "exp": now + 900, "jti": Uuid::now_v7(),
    });
    let header = Header {
        typ: Some("at+jwt".to_owned()),
        ..Header::new(Algorithm::HS256)
    };
    let secret = EncodingKey::from_secret(TEST_SECRET.as_bytes());
    let token = encode(&header, &claims, &secret).unwrap();
    user.clone().with_token(Some(&token))
}

/// A server whose clock the test moves, and `ada`, who has a second factor there.
struct Enrolled {
    own: Own,
    ada: Actor,
    secret: String,
    recovery_codes: Vec<String>,
}

impl Enrolled {
    async fn new() -> Self {
        let own = Own::new().await;
        let ada = own.tenant.member("ada").await;
        let setup = ada.post("/users/me/mfa/totp", &Value::Null).await;
        let secret = setup.expect(201)["secret"].as_str().unwrap().to_owned();
        let code = code_at(&secret, &own.server.deps().clock);
        let body = json!({ "code": code });
        let confirmed = ada.post("/users/me/mfa/totp/verify", &body).await;
        let recovery_codes = codes(&confirmed);
        let this = Self {
            own,
            ada,
            secret,
            recovery_codes,
        };
        this.next_step();
        this
    }

    /// Moves the clock to where no code was used yet.
    fn next_step(&self) {
        self.own.server.deps().clock.advance(TimeDelta::seconds(30));
    }

    fn code(&self) -> String {
        code_at(&self.secret, &self.own.server.deps().clock)
    }

    /// One that is not in the window.
    fn wrong_code(&self) -> String {
        let windows = [-30, 0, 30].map(|by| {
            let there = self.own.server.deps().clock.now();
            let moved = Clock::system();
            moved.advance(there - moved.now() + TimeDelta::seconds(by));
            code_at(&self.secret, &moved)
        });
        let mut codes = (0..10).map(|n| format!("{n}{n}{n}{n}{n}{n}"));
        codes.find(|code| !windows.contains(code)).unwrap()
    }

    /// The first step of a sign-in.
    async fn mfa_token(&self) -> String {
        let answer = login(&self.own.tenant).await;
        let answer = answer.expect(200);
        assert_eq!(answer["mfa_required"], true, "{answer}");
        assert!(answer.get("access_token").is_none(), "{answer}");
        answer["mfa_token"].as_str().unwrap().to_owned()
    }

    /// The second step.
    async fn verify(&self, token: &str, code: &str) -> Answer {
        let body = json!({ "mfa_token": token, "code": code });
        let anonymous = self.own.tenant.anonymous();
        anonymous.post("/auth/mfa/verify", &body).await
    }

    async fn recover(&self, token: &str, code: &str) -> Answer {
        let body = json!({ "mfa_token": token, "recovery_code": code });
        let anonymous = self.own.tenant.anonymous();
        anonymous.post("/auth/mfa/verify", &body).await
    }
}

async fn login(tenant: &TestTenant) -> Answer {
    let body = json!({ "email": "ada@example.com", "password": TestTenant::PASSWORD });
    tenant.anonymous().post("/auth/login", &body).await
}

fn codes(answer: &Answer) -> Vec<String> {
    let answer = answer.expect(200);
    let codes = answer["recovery_codes"].as_array().unwrap().iter();
    codes.map(|c| c.as_str().unwrap().to_owned()).collect()
}
