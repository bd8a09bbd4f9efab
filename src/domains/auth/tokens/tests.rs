//! What is accepted, and every way in which a token can be wrong.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::*;
use crate::domains::access::Role;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn config() -> AuthConfig {
    AuthConfig {
        jwt_secret: None,
        app_secret: None,
        jwt_private_key: None,
        jwt_previous_keys: Vec::new(),
        jwt_issuer: "issuer".to_owned(),
        jwt_audience: "audience".to_owned(),
        access_token_ttl: Duration::from_mins(15),
        refresh_token_ttl: Duration::from_hours(1),
        session_max_age: Duration::from_hours(1),
        cleanup_interval: Duration::from_hours(1),
        password_hash_concurrency: 1,
        oidc: None,
    }
}

fn tokens(clock: &Clock) -> Tokens {
    let key = SigningKey::from_secret(SECRET).unwrap();
    Tokens::new(&config(), key, clock.clone())
}

fn grant() -> Grant {
    Grant {
        user_id: Uuid::from_u128(1),
        tenant_id: TenantId(Uuid::from_u128(2)),
        session_id: Uuid::from_u128(3),
        role: Role::Admin.into(),
        signed_in_at: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
        impersonator: None,
    }
}

/// The claims of a good token, for taking one of them away or changing it.
fn claims(clock: &Clock) -> Value {
    let now = clock.now().timestamp();
    json!({
        "iss": "issuer", "aud": "audience", "sub": Uuid::from_u128(1), "tid": Uuid::from_u128(2),
        "sid": Uuid::from_u128(3), "role": "admin", "auth_time": now, "iat": now, "exp": now + 60, "jti": Uuid::from_u128(4),
    })
}

/// Signed with any header and key.
fn signed(header: &Header, claims: &Value, secret: &str) -> String {
    encode(header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

fn access_header() -> Header {
    Header {
        typ: Some(TYP.to_owned()),
        ..Header::new(Algorithm::HS256)
    }
}

#[test]
fn what_was_issued_is_verified() {
    let clock = Clock::system();
    let token = tokens(&clock).issue(&grant()).unwrap();
    let verified = tokens(&clock).verify(&token).unwrap();
    let Grant {
        user_id,
        tenant_id,
        session_id,
        role,
        signed_in_at,
        impersonator,
    } = grant();
    let expires = DateTime::from_timestamp(clock.now().timestamp() + 900, 0).unwrap();
    assert!((expires - verified.expires).abs() <= TimeDelta::seconds(1));
    let expires = verified.expires;
    assert_eq!(
        verified,
        Verified {
            user_id,
            tenant_id,
            session_id,
            role,
            signed_in_at,
            impersonator,
            expires
        }
    );
}

#[test]
fn it_carries_the_claims_that_are_documented() {
    let token = tokens(&Clock::system()).issue(&grant()).unwrap();
    let part = |n| -> Value {
        let part = token.split('.').nth(n).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!(part(0), json!({"typ": "at+jwt", "alg": "HS256"}));
    let claims = part(1);
    let names: Vec<_> = claims.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "aud",
            "auth_time",
            "exp",
            "iat",
            "iss",
            "jti",
            "role",
            "sid",
            "sub",
            "tid"
        ]
    );
}

#[test]
fn an_operator_who_acts_as_the_user_is_told() {
    let operator = Uuid::from_u128(5);
    let grant = Grant {
        impersonator: Some(operator),
        ..grant()
    };
    let tokens = tokens(&Clock::system());
    let verified = tokens.verify(&tokens.issue(&grant).unwrap()).unwrap();
    assert_eq!(verified.impersonator, Some(operator));
}

#[test]
fn it_ends_when_its_time_is_over() {
    let clock = Clock::system();
    let token = tokens(&clock).issue(&grant()).unwrap();
    clock.advance(TimeDelta::seconds(898));
    assert!(tokens(&clock).verify(&token).is_ok());
    clock.advance(TimeDelta::seconds(2));
    assert_eq!(tokens(&clock).verify(&token), Err(TokenError::Expired));
}

#[test]
fn a_token_from_the_future_is_refused_beyond_the_skew_of_clocks() {
    let ahead = Clock::system();
    ahead.advance(TimeDelta::seconds(4));
    let here = tokens(&Clock::system());
    assert!(
        here.verify(&tokens(&ahead).issue(&grant()).unwrap())
            .is_ok()
    );
    ahead.advance(TimeDelta::seconds(4));
    let token = tokens(&ahead).issue(&grant()).unwrap();
    assert_eq!(here.verify(&token), Err(TokenError::FromTheFuture));
}

#[test]
fn the_algorithm_is_not_the_tokens_choice() {
    let clock = Clock::system();
    let claims = claims(&clock);
    let unsigned = |alg: &str| {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({"typ": TYP, "alg": alg});
        format!("{}.{}.", part(&header), part(&claims))
    };
    for alg in ["none", "None", "NONE", ""] {
        assert_eq!(
            tokens(&clock).verify(&unsigned(alg)),
            Err(TokenError::Algorithm),
            "{alg}"
        );
    }
    for alg in ["RS256", "EdDSA", "HS384"] {
        assert_eq!(
            tokens(&clock).verify(&unsigned(alg)),
            Err(TokenError::Algorithm),
            "{alg}"
        );
    }
    assert_eq!(
        tokens(&clock).verify(&unsigned("HS256")),
        Err(TokenError::Signature)
    );
    let stronger = Header {
        alg: Algorithm::HS512,
        ..access_header()
    };
    let token = signed(&stronger, &claims, SECRET);
    assert_eq!(tokens(&clock).verify(&token), Err(TokenError::Algorithm));
}

#[test]
fn another_key_or_a_changed_token_is_refused() {
    let clock = Clock::system();
    let tokens = tokens(&clock);
    let foreign = signed(
        &access_header(),
        &claims(&clock),
        "another secret of some thirty-two bytes",
    );
    assert_eq!(tokens.verify(&foreign), Err(TokenError::Signature));

    let mut promoted = claims(&clock);
    promoted["role"] = json!("super_admin");
    let good = signed(&access_header(), &claims(&clock), SECRET);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let header = head.split('.').next().unwrap();
    let changed = format!(
        "{header}.{}.{signature}",
        URL_SAFE_NO_PAD.encode(promoted.to_string())
    );
    assert!(tokens.verify(&good).is_ok());
    assert_eq!(tokens.verify(&changed), Err(TokenError::Signature));
}

#[test]
fn each_claim_is_needed_and_must_be_ours() {
    let clock = Clock::system();
    let verify = |claims: &Value| tokens(&clock).verify(&signed(&access_header(), claims, SECRET));
    for name in [
        "iss",
        "aud",
        "sub",
        "tid",
        "sid",
        "role",
        "auth_time",
        "iat",
        "exp",
    ] {
        let mut claims = claims(&clock);
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(
            verify(&claims),
            Err(TokenError::Malformed),
            "without {name}"
        );
    }
    for (name, value, error) in [
        ("iss", json!("another"), TokenError::Issuer),
        ("aud", json!("another"), TokenError::Audience),
        ("aud", json!([]), TokenError::Audience),
        ("role", json!("Emperor"), TokenError::Malformed),
        ("sub", json!("ada"), TokenError::Malformed),
        ("exp", json!("soon"), TokenError::Malformed),
        ("auth_time", json!("today"), TokenError::Malformed),
        ("act", json!({}), TokenError::Malformed),
        ("act", json!("ada"), TokenError::Malformed),
        ("exp", json!(0), TokenError::Expired),
        ("exp", json!(i64::MAX), TokenError::Malformed),
        ("iss", json!(["issuer"]), TokenError::Malformed),
        (
            "nbf",
            json!(clock.now().timestamp() + 60),
            TokenError::FromTheFuture,
        ),
        ("nbf", json!("soon"), TokenError::Malformed),
    ] {
        let mut claims = claims(&clock);
        claims[name] = value.clone();
        assert_eq!(verify(&claims), Err(error), "{name} = {value}");
    }
}

#[test]
fn a_token_for_another_use_is_no_access_token() {
    let clock = Clock::system();
    for typ in [None, Some("JWT"), Some("refresh+jwt")] {
        let header = Header {
            typ: typ.map(str::to_owned),
            ..Header::new(Algorithm::HS256)
        };
        let token = signed(&header, &claims(&clock), SECRET);
        assert_eq!(
            tokens(&clock).verify(&token),
            Err(TokenError::Type),
            "{typ:?}"
        );
    }
}

#[test]
fn what_is_no_token_is_malformed() {
    for text in ["", ".", "..", "a.b.c", "a.b.c.d", "\u{0}", "Bearer"] {
        let verified = tokens(&Clock::system()).verify(text);
        assert_eq!(verified, Err(TokenError::Malformed), "{text:?}");
    }
}
