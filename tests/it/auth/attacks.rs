//! The same attacks on access tokens of every algorithm: whatever a token says of itself, only our key under its own algorithm counts.

use serde_json::{Value, json};
use tenantry::clock::Clock;
use tenantry::config::TEST_SECRET;
use tenantry::signing::SigningKey;
use tenantry::testkit::{Actor, TestDatabase, TestServer, TestTenant};
use uuid::Uuid;

use super::keys::{Pair, encoded, header, signed, signed_by_bytes};

/// A server that signs with this key.
struct Target {
    key: SigningKey,
    /// Of the key, where it has one: what everybody can know.
    public: Option<Pair>,
    ada: Actor,
    // Dropped in this order.
    tenant: TestTenant,
    _server: TestServer,
    _database: TestDatabase,
}

impl Target {
    async fn new(pair: Option<Pair>) -> Self {
        let database = TestDatabase::new().await;
        let mut config = database.config.clone();
        config.auth.jwt_private_key = pair.as_ref().map(|pair| pair.private.clone());
        let server = TestServer::start_with(&config).await;
        let tenant = TestTenant::on(&server).await;
        Self {
            key: config.auth.signing_key().unwrap().unwrap(),
            public: pair,
            ada: tenant.member("ada").await,
            tenant,
            _server: server,
            _database: database,
        }
    }

    async fn of_every_algorithm() -> [Self; 3] {
        [
            Self::new(None).await,
            Self::new(Some(Pair::ed25519())).await,
            Self::new(Some(Pair::rsa())).await,
        ]
    }

    fn claims(&self) -> Value {
        let now = Clock::system().now().timestamp();
        json!({
            "iss": "tenantry", "aud": "tenantry-api", "sub": self.ada.id(), "tid": self.tenant.id().0,
            "sid": Uuid::now_v7(), "role": "member", "auth_time": now, "iat": now, "exp": now + 900,
            "jti": Uuid::now_v7(),
        })
    }

    /// The good header with something else in it.
    fn header(&self, name: &str, value: Value) -> Value {
        let mut header = header(&self.key);
        header[name] = value;
        header
    }

    async fn refuses(&self, token: &str, what: &str) {
        let ada = self.ada.clone().with_token(Some(token));
        let answer = ada.get("/projects").await;
        assert_eq!(answer.status, 401, "{:?}, {what}", self.key);
        answer.expect_problem(401, "invalid_token");
    }
}

#[tokio::test]
async fn tokens_of_every_algorithm_hold_so_each_change_below_is_what_is_refused() {
    for target in Box::pin(Target::of_every_algorithm()).await {
        target.ada.get("/projects").await.expect(200);
        let token = signed(&target.key, &header(&target.key), &target.claims());
        let ada = target.ada.clone().with_token(Some(&token));
        ada.get("/projects").await.expect(200);
    }
}

#[tokio::test]
async fn a_header_cannot_choose_algorithm_or_key() {
    for target in Box::pin(Target::of_every_algorithm()).await {
        let (key, claims) = (&target.key, target.claims());
        for alg in [
            "none", "nOnE", "HS256", "HS512", "RS256", "PS256", "EdDSA", "ES256", "",
        ] {
            let head = target.header("alg", json!(alg));
            let unsigned = format!("{}.{}.", encoded(&head), encoded(&claims));
            target.refuses(&unsigned, &format!("unsigned {alg}")).await;
            if alg != key.checking().algorithm().as_str() {
                target.refuses(&signed(key, &head, &claims), alg).await;
            }
        }
        let stranger = Pair::ed25519();
        for kid in [
            json!(stranger.kid()),
            json!(""),
            json!("../../../dev/null"),
            json!("' OR '1'='1"),
            json!(0),
            json!([]),
        ] {
            let head = target.header("kid", kid.clone());
            target
                .refuses(&signed(key, &head, &claims), &format!("kid {kid}"))
                .await;
            let own = signed(&stranger.private, &head, &claims);
            target
                .refuses(&own, &format!("kid {kid}, another key"))
                .await;
        }
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": stranger.kid() });
        let url = json!("http://127.0.0.1:1/keys");
        for (name, value) in [("jwk", jwk), ("jku", url.clone()), ("x5u", url)] {
            let head = target.header(name, value);
            target
                .refuses(&signed(&stranger.private, &head, &claims), name)
                .await;
        }
        let head = target.header("crit", json!(["exp"]));
        target.refuses(&signed(key, &head, &claims), "crit").await;
        for typ in [json!("JWT"), json!("logout+jwt"), Value::Null] {
            let head = target.header("typ", typ.clone());
            target
                .refuses(&signed(key, &head, &claims), &format!("typ {typ}"))
                .await;
        }
    }
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    for target in Box::pin(Target::of_every_algorithm()).await {
        let Some(public) = &target.public else {
            continue;
        };
        let claims = target.claims();
        let trimmed = public.pem.trim_end().as_bytes();
        for secret in [
            public.pem.as_bytes(),
            trimmed,
            &public.der,
            public.kid().as_bytes(),
        ] {
            for head in [
                target.header("alg", json!("HS256")),
                json!({ "typ": "at+jwt", "alg": "HS256" }),
                header(&target.key),
            ] {
                let token = signed_by_bytes(secret, &head, &claims);
                target.refuses(&token, &format!("{head}")).await;
            }
        }
        let by_secret = signed_by_bytes(
            TEST_SECRET.as_bytes(),
            &json!({ "typ": "at+jwt", "alg": "HS256" }),
            &claims,
        );
        target
            .refuses(&by_secret, "the secret that does not sign here")
            .await;
    }
}

#[tokio::test]
async fn claims_that_are_not_ours_not_of_now_or_changed_are_refused() {
    for target in Box::pin(Target::of_every_algorithm()).await {
        let (key, head) = (&target.key, header(&target.key));
        let now = Clock::system().now().timestamp();
        for (name, value) in [
            ("iss", json!("another")),
            ("iss", json!(["tenantry", "another"])),
            ("aud", json!("another")),
            ("exp", json!(now - 1)),
            ("exp", json!(-1)),
            ("iat", json!(now + 60)),
            ("nbf", json!(now + 60)),
            ("auth_time", Value::Null),
            ("role", json!("no role's name")),
            ("tid", json!("../acme")),
            ("sid", json!(0)),
        ] {
            let mut claims = target.claims();
            claims[name] = value;
            target.refuses(&signed(key, &head, &claims), name).await;
        }
        let token = signed(key, &head, &target.claims());
        let (message, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = message.split_once('.').unwrap();
        let mut promoted = target.claims();
        promoted["role"] = json!("admin");
        for (changed, what) in [
            (
                format!("{header}.{}.{signature}", encoded(&promoted)),
                "claims",
            ),
            (format!("{message}."), "no signature"),
            (message.to_owned(), "two parts"),
            (format!("{token}.{signature}"), "four parts"),
            (format!("{token}="), "padding"),
            (
                format!("{message}.{}", "A".repeat(2000)),
                "a long signature",
            ),
            (format!(" {header}.{}", "A".repeat(9)), "nothing like it"),
        ] {
            target.refuses(&changed, what).await;
        }
    }
}

#[tokio::test]
async fn two_credentials_in_one_request_are_refused_also_where_both_are_right() {
    let acme = TestTenant::new().await;
    let (ada, bob) = (acme.member("ada").await, acme.member("bob").await);
    for other in [ada.token().unwrap(), bob.token().unwrap(), "x"] {
        let request = ada
            .request(reqwest::Method::GET, "/projects")
            .bearer_auth(other);
        let answer = tenantry::testkit::Answer::of(request).await;
        answer.expect_problem(400, "credential_conflict");
    }
}
