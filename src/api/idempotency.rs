//! `Idempotency-Key`: the header, and what tells one request from another.

use aws_lc_rs::digest;
use serde_json::Value;

use crate::domains::access::Context;
use crate::domains::idempotency::IdempotencyKey;

/// The key of this request, if it carries one. `told` is what its body says.
pub(super) fn key_of(
    header: Option<String>,
    caller: &Context,
    operation: &str,
    told: &Value,
) -> Option<IdempotencyKey> {
    let request = format!("{operation}\n{told}");
    let fingerprint = digest::digest(&digest::SHA256, request.as_bytes());
    Some(IdempotencyKey {
        actor: caller.user_id()?,
        key: header?,
        fingerprint: fingerprint.as_ref().to_vec(),
    })
}
