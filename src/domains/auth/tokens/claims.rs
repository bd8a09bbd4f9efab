//! What stands in an access token.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::tenancy::TenantId;

/// As we write them.
#[derive(Serialize)]
pub(super) struct Claims<'a> {
    pub(super) iss: &'a str,
    pub(super) aud: &'a str,
    pub(super) sub: Uuid,
    pub(super) tid: TenantId,
    pub(super) sid: Uuid,
    pub(super) role: &'a str,
    pub(super) auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) act: Option<Act>,
    pub(super) iat: i64,
    pub(super) exp: i64,
    pub(super) jti: Uuid,
}

/// Who really acts (RFC 8693); always an operator, so their tenant is the platform's.
#[derive(Serialize, Deserialize)]
pub(super) struct Act {
    pub(super) sub: Uuid,
}

/// As we read them. A claim that is there twice is refused.
#[derive(Deserialize)]
pub(super) struct Received<'a> {
    #[serde(borrow)]
    pub(super) iss: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) aud: Audience<'a>,
    pub(super) sub: Uuid,
    pub(super) tid: TenantId,
    pub(super) sid: Uuid,
    #[serde(borrow)]
    pub(super) role: Cow<'a, str>,
    pub(super) auth_time: i64,
    pub(super) act: Option<Act>,
    pub(super) iat: i64,
    pub(super) nbf: Option<i64>,
    pub(super) exp: i64,
}

/// One, or several (RFC 7519, section 4.1.3).
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Audience<'a> {
    One(#[serde(borrow)] Cow<'a, str>),
    Several(Vec<String>),
}

impl Audience<'_> {
    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Several(all) => all.iter().any(|one| one == name),
        }
    }
}
