//! An issuer in the test's hand: it serves its discovery document and its keys over HTTP.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tenantry::config::OidcConfig;
use tenantry::signing::Jwk;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::keys::Pair;

/// What tokens must be for.
pub const AUDIENCE: &str = "the-api";

/// See the module.
pub struct Issuer {
    pub url: String,
    shared: Arc<Shared>,
    running: JoinHandle<()>,
}

struct Shared {
    keys: Mutex<Vec<Value>>,
    down: AtomicBool,
    slow: AtomicBool,
    asked: AtomicUsize,
}

impl Issuer {
    pub async fn with(keys: &[&Pair]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            keys: Mutex::default(),
            down: AtomicBool::new(false),
            slow: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
        });
        let (known, own) = (Arc::clone(&shared), url.clone());
        let running = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&known), own.clone()));
            }
        });
        let issuer = Self {
            url,
            shared,
            running,
        };
        issuer.publish(keys);
        issuer
    }

    pub fn config(&self) -> OidcConfig {
        let discovery = format!("{}/.well-known/openid-configuration", self.url);
        OidcConfig {
            issuer: self.url.clone(),
            discovery: discovery.parse().unwrap(),
            audience: AUDIENCE.to_owned(),
        }
    }

    /// These keys and no others, beside one that nobody here understands.
    pub fn publish(&self, keys: &[&Pair]) {
        let strange = json!({ "kty": "XYZ", "kid": "strange" });
        let keys = keys.iter().map(|pair| published(pair));
        *self.shared.keys.lock().unwrap() = std::iter::once(strange).chain(keys).collect();
    }

    /// Hangs up on whoever comes, from now on.
    pub fn goes_down(&self) {
        self.shared.down.store(true, SeqCst);
    }

    /// Takes half a second for each answer, from now on.
    pub fn becomes_slow(&self) {
        self.shared.slow.store(true, SeqCst);
    }

    /// How often its keys were read.
    pub fn asked(&self) -> usize {
        self.shared.asked.load(SeqCst)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.running.abort();
    }
}

fn published(pair: &Pair) -> Value {
    match pair.public.jwk() {
        Jwk::Rsa { n, e } => {
            json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": pair.kid(), "n": n, "e": e })
        }
        Jwk::Ed25519 { x } => json!({ "kty": "OKP", "crv": "Ed25519", "kid": pair.kid(), "x": x }),
    }
}

async fn answer(mut stream: TcpStream, shared: Arc<Shared>, own: String) {
    if shared.down.load(SeqCst) {
        return;
    }
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return,
        }
    }
    if shared.slow.load(SeqCst) {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let body = if request.starts_with(b"GET /.well-known/openid-configuration ") {
        json!({ "issuer": own, "jwks_uri": format!("{own}/keys") })
    } else {
        shared.asked.fetch_add(1, SeqCst);
        json!({ "keys": *shared.keys.lock().unwrap() })
    };
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all((head + &body).as_bytes()).await;
}
