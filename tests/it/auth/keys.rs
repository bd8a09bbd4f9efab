//! Keys that a test makes, and tokens that it signs with them: right ones, and such as only an attacker would make.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RsaKeyPair};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tenantry::signing::{PublicKey, SigningKey};

/// A pair, and its public half in the form in which keys are passed around.
#[derive(Clone)]
pub struct Pair {
    pub private: SigningKey,
    pub public: PublicKey,
    pub pem: String,
    pub der: Vec<u8>,
}

impl Pair {
    pub fn ed25519() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        Self::of(pair.to_pkcs8v1().unwrap().as_ref(), public.as_ref())
    }

    pub fn rsa() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        Self::of(private.as_ref(), public.as_ref())
    }

    fn of(private: &[u8], public: &[u8]) -> Self {
        let text = pem("PUBLIC KEY", public);
        Self {
            private: SigningKey::from_pem(&pem("PRIVATE KEY", private)).unwrap(),
            public: PublicKey::all_from_pem(&text).unwrap().remove(0),
            pem: text,
            der: public.to_vec(),
        }
    }

    pub fn kid(&self) -> &str {
        self.public.kid()
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

pub fn encoded(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

/// Signed by this key, whatever the header says.
pub fn signed(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let signature = key.sign(message.as_bytes()).unwrap();
    format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

/// Signed by HMAC with bytes that were never meant as a secret.
pub fn signed_by_bytes(secret: &[u8], header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let signature = hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

/// The header of a token of ours.
pub fn header(key: &SigningKey) -> Value {
    let mut header = json!({ "typ": "at+jwt", "alg": key.checking().algorithm().as_str() });
    if let Some(public) = key.checking().public() {
        header["kid"] = json!(public.kid());
    }
    header
}
