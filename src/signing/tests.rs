//! Keys as `openssl genpkey` writes them, the examples of the RFCs, and what is refused.

use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, RsaKeyPair};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::*;

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

fn ed25519() -> String {
    let pair = Ed25519KeyPair::generate().unwrap();
    pem("PRIVATE KEY", pair.to_pkcs8v1().unwrap().as_ref())
}

fn rsa(size: KeySize) -> String {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    let pair = RsaKeyPair::generate(size).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    pem("PRIVATE KEY", der.as_ref())
}

#[test]
fn the_algorithm_follows_from_the_key() {
    let secret = SigningKey::from_secret(&"x".repeat(32)).unwrap();
    assert_eq!(secret.checking().algorithm(), Algorithm::Hs256);
    assert!(secret.checking().public().is_none(), "a secret is not told");
    let pair = SigningKey::from_pem(&ed25519()).unwrap();
    assert_eq!(pair.checking().algorithm(), Algorithm::EdDsa);
    let pair = SigningKey::from_pem(&rsa(KeySize::Rsa2048)).unwrap();
    assert_eq!(pair.checking().algorithm(), Algorithm::Rs256);
}

#[test]
fn what_a_key_signed_fits_it_and_no_other() {
    let keys = [
        SigningKey::from_secret(&"x".repeat(32)).unwrap(),
        SigningKey::from_secret(&"y".repeat(32)).unwrap(),
        SigningKey::from_pem(&ed25519()).unwrap(),
        SigningKey::from_pem(&ed25519()).unwrap(),
        SigningKey::from_pem(&rsa(KeySize::Rsa2048)).unwrap(),
    ];
    for (signs, key) in keys.iter().enumerate() {
        let signature = key.sign(b"message").unwrap();
        assert!(signature.len() <= MAX_SIGNATURE_BYTES);
        for (checks, other) in keys.iter().enumerate() {
            let fits = other.checking().fits(b"message", &signature);
            assert_eq!(fits, signs == checks, "{key:?} and {other:?}");
            assert!(!other.checking().fits(b"massage", &signature));
        }
    }
}

#[test]
fn keys_that_are_too_weak_or_of_another_kind_are_refused() {
    let short = SigningKey::from_secret(&"x".repeat(31));
    assert_eq!(short.err(), Some(KeyError::ShortSecret));
    for text in ["", "hunter2", &pem("CERTIFICATE", b"x")] {
        assert_eq!(SigningKey::from_pem(text).err(), Some(KeyError::Pem));
        assert_eq!(PublicKey::all_from_pem(text).err(), Some(KeyError::Pem));
    }
    // RSA of 1024 bits, and P-256, as openssl makes them.
    let weak = "-----BEGIN PUBLIC KEY-----\nMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDHRC+zXLvUUx0K8iAiSjlKkHHPQ5g3bOXMcEM5KEs1VOb2vpaJkdd4YOQgr+o3lgaDe9T4QN4o+3X6bCz9IntUma/tjXQPO+M10lEEiJHB23qZN6fTyIQkw/jKtXnWjdkTsW23rtiJzreY5J5iT53URZ1MbjHVucU3jVDUY4sw/wIDAQAB\n-----END PUBLIC KEY-----\n";
    let curve = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAErRXi6UGbpD55apiivkeC0QI560YO7mHEeHPg0ZnhHA1/PgJyegh255R0H3KaKbJaFZ2yKAHCVzwaqhmRES7aoQ==\n-----END PUBLIC KEY-----\n";
    for text in [weak, curve, &pem("PUBLIC KEY", b"damaged")] {
        assert_eq!(PublicKey::all_from_pem(text).err(), Some(KeyError::Kind));
    }
    let damaged = SigningKey::from_pem(&pem("PRIVATE KEY", b"damaged"));
    assert_eq!(damaged.err(), Some(KeyError::Kind));
}

#[test]
fn a_public_key_in_pem_is_the_same_as_the_private_keys_half() {
    let private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIMd7qM0gmH+ln/5hDX4/CnuRa7zHNQvHom/UZpb13M6a\n-----END PRIVATE KEY-----\n";
    let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAlpdobUBmUz1FmYocWMt/hdrtHq8NHuA8TH8v5kiaiUI=\n-----END PUBLIC KEY-----\n";
    let both = PublicKey::all_from_pem(&format!("{public}\n# the next one\n{public}")).unwrap();
    assert_eq!(both.len(), 2);
    let private = SigningKey::from_pem(private).unwrap();
    let half = private.checking().public().unwrap();
    assert_eq!(half.kid(), both[0].kid());
    assert_eq!(half.jwk(), both[0].jwk());
}

#[test]
fn thumbprints_are_those_of_the_rfcs() {
    // RFC 8037, appendix A.3.
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned();
    let kid = Jwk::Ed25519 { x }.thumbprint();
    assert_eq!(kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    // RFC 7638, section 3.1.
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw".to_owned();
    let e = "AQAB".to_owned();
    let kid = Jwk::Rsa { n, e }.thumbprint();
    assert_eq!(kid, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn nothing_secret_is_shown() {
    let secret = SigningKey::from_secret(&"hunter2!".repeat(4)).unwrap();
    assert_eq!(format!("{secret:?}"), "SigningKey(HS256)");
    let pair = SigningKey::from_pem(&ed25519()).unwrap();
    assert_eq!(format!("{pair:?}"), "SigningKey(EdDSA)");
}
