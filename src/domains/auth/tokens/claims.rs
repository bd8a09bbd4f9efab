//! What stands in an access token.

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

/// As we read them; `iss` and `aud` are compared by the library.
#[derive(Deserialize)]
pub(super) struct Received {
    pub(super) sub: Uuid,
    pub(super) tid: TenantId,
    pub(super) sid: Uuid,
    pub(super) role: String,
    pub(super) auth_time: i64,
    pub(super) act: Option<Act>,
    pub(super) iat: i64,
    pub(super) exp: i64,
}
