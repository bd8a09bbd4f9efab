//! What stands in an access token.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domains::access::Role;
use crate::tenancy::TenantId;

/// As we write them.
#[derive(Serialize)]
pub(super) struct Claims<'a> {
    pub(super) iss: &'a str,
    pub(super) aud: &'a str,
    pub(super) sub: Uuid,
    pub(super) tid: TenantId,
    pub(super) sid: Uuid,
    pub(super) role: Role,
    pub(super) iat: i64,
    pub(super) exp: i64,
    pub(super) jti: Uuid,
}

/// As we read them; `iss` and `aud` are compared by the library.
#[derive(Deserialize)]
pub(super) struct Received {
    pub(super) sub: Uuid,
    pub(super) tid: TenantId,
    pub(super) sid: Uuid,
    pub(super) role: String,
    pub(super) iat: i64,
    pub(super) exp: i64,
}
