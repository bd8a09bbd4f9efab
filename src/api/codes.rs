//! The stable codes that an error response can carry, as the document names them.
//!
//! Invariant: a code has one status, and a response names no code of another.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use poem::http::StatusCode;
use poem_openapi::registry::{MetaOperation, MetaParamIn};

use super::document::PREFIX;
use super::own_codes;
use super::problem::reason;
use super::security::SCHEME;
use super::tenant_context::TENANT_HEADER;

/// When the shell itself answers with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// Any operation.
    Always,
    /// One below `/api/v1`, where requests are counted.
    Limited,
    /// One for a tenant.
    Tenant,
    /// One with a body.
    Body,
    /// One with a body, a query or a header of its own.
    Values,
    /// One with something's name in its path.
    Path,
    /// One that takes an `Idempotency-Key`.
    Again,
    /// One that takes an access token.
    Credential,
    /// One that takes an API key as well.
    ApiKey,
    /// None: it is the operation's own logic, see `own_codes`.
    Own,
}

const CODES: &[(u16, &str, When)] = &[
    (400, "malformed_json", When::Body),
    (400, "malformed_request", When::Body),
    (400, "tenant_required", When::Tenant),
    (400, "tenant_conflict", When::Tenant),
    (400, "credential_conflict", When::Credential),
    (400, "token_invalid", When::Own),
    (401, "unauthenticated", When::Credential),
    (401, "invalid_token", When::Credential),
    (401, "invalid_api_key", When::ApiKey),
    (401, "invalid_credentials", When::Own),
    (401, "invalid_mfa", When::Own),
    (401, "invalid_grant", When::Own),
    (403, "tenant_mismatch", When::Credential),
    (403, "tenant_suspended", When::Tenant),
    (403, "tenant_cancelled", When::Tenant),
    (403, "forbidden", When::Credential),
    (403, "role_hierarchy", When::Own),
    (403, "beyond_own_grants", When::Own),
    (403, "plan_forbidden", When::Own),
    (403, "slug_forbidden", When::Own),
    (403, "not_self", When::Own),
    (403, "not_owner", When::Own),
    (403, "fresh_sign_in_required", When::Own),
    (403, "impersonated", When::Own),
    (403, "email_unverified", When::Own),
    (403, "sign_up_off", When::Own),
    (403, "no_session", When::Own),
    (403, "never_an_operator", When::Own),
    (404, "not_found", When::Path),
    (404, "no_export", When::Own),
    (404, "tenant_not_found", When::Tenant),
    (408, "request_timeout", When::Body),
    (409, "slug_taken", When::Own),
    (409, "email_taken", When::Own),
    (409, "subject_taken", When::Own),
    (409, "name_taken", When::Own),
    (409, "key_taken", When::Own),
    (409, "role_taken", When::Own),
    (409, "builtin_role", When::Own),
    (409, "role_in_use", When::Own),
    (409, "too_many_roles", When::Own),
    (409, "mfa_enabled", When::Own),
    (409, "mfa_not_set_up", When::Own),
    (409, "last_admin", When::Own),
    (409, "already_invited", When::Own),
    (409, "invalid_transition", When::Own),
    (409, "migration_failed", When::Own),
    (409, "copy_refused", When::Own),
    (409, "idempotency_running", When::Again),
    (410, "tenant_deleted", When::Tenant),
    (410, "invite_expired", When::Own),
    (410, "export_gone", When::Own),
    (413, "payload_too_large", When::Body),
    (415, "unsupported_media_type", When::Body),
    (422, "validation_failed", When::Values),
    (422, "unknown_permission", When::Own),
    (422, "scope_beyond_owner", When::Own),
    (422, "invalid_code", When::Own),
    (422, "idempotency_mismatch", When::Again),
    (429, "rate_limited", When::Limited),
    (500, "internal_error", When::Always),
    (503, "tenant_provisioning", When::Tenant),
    (503, "tenant_migration_failed", When::Tenant),
    (503, "tenant_version_unsupported", When::Tenant),
    (503, "tenant_unavailable", When::Tenant),
    (503, "database_busy", When::Tenant),
    (503, "query_timeout", When::Tenant),
    (503, "session_state_unknown", When::Credential),
    (503, "issuer_unavailable", When::Credential),
    (503, "login_busy", When::Own),
    (503, "tenant_busy", When::Own),
    (503, "exports_off", When::Own),
    (503, "schema_changes_off", When::Own),
    (503, "not_ready", When::Own),
    (503, "draining", When::Own),
];

/// What the document says of `status` as an answer of this operation: ``Conflict: `slug_taken`, `idempotency_running` ``.
pub(super) fn describe(path: &str, operation: &MetaOperation, status: StatusCode) -> &'static str {
    let own = own_codes::of(operation.operation_id.unwrap_or_default());
    let named = CODES.iter().filter(|(of, code, when)| {
        *of == status.as_u16() && (own.contains(code) || holds(*when, path, operation))
    });
    let named: Vec<String> = named.map(|(_, code, _)| format!("`{code}`")).collect();
    if named.is_empty() {
        return reason(status);
    }
    kept(format!("{}: {}", reason(status), named.join(", ")))
}

fn holds(when: When, path: &str, operation: &MetaOperation) -> bool {
    let takes = |scheme: &str| operation.security.iter().any(|s| s.contains_key(scheme));
    let params = || operation.params.iter();
    match when {
        When::Always => true,
        When::Limited => path.starts_with(PREFIX),
        When::Tenant => params().any(|p| p.name == TENANT_HEADER),
        When::Body => operation.request.is_some(),
        When::Values => {
            let valued = |place| place != MetaParamIn::Path;
            let mut own = params().filter(|p| p.name != TENANT_HEADER);
            operation.request.is_some() || own.any(|p| valued(p.in_type))
        }
        When::Path => params().any(|p| p.in_type == MetaParamIn::Path),
        When::Again => params().any(|p| p.name == "Idempotency-Key"),
        When::Credential => takes(SCHEME),
        When::ApiKey => takes("api_key"),
        When::Own => false,
    }
}

/// The registry wants words that live for ever; the same words are kept once, however often the document is written.
fn kept(words: String) -> &'static str {
    static KEPT: LazyLock<Mutex<BTreeSet<&'static str>>> = LazyLock::new(Mutex::default);
    let mut all = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = all.get(words.as_str()) {
        return known;
    }
    let words: &'static str = words.leak();
    all.insert(words);
    words
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{CODES, own_codes};

    #[test]
    fn what_is_told_of_an_operations_own_logic_stands_in_the_document() {
        let document = crate::api::openapi_json::<crate::api::Endpoints>();
        let document: Value = serde_json::from_str(&document).unwrap();
        let paths = document["paths"].as_object().unwrap().values();
        let operations: Vec<&Value> = paths
            .flat_map(|path| path.as_object().unwrap().values())
            .collect();
        for (ids, codes) in own_codes::OWN {
            for id in *ids {
                let mut found = operations.iter().filter(|o| o["operationId"] == *id);
                let found = found.next().unwrap_or_else(|| panic!("no operation {id}"));
                for code in *codes {
                    let known = CODES.iter().find(|(_, known, _)| known == code);
                    let (status, ..) = known.unwrap_or_else(|| panic!("no code {code}"));
                    let words = &found["responses"][status.to_string()]["description"];
                    let words = words.as_str().unwrap_or_default();
                    assert!(words.contains(code), "{id} {status}: {words:?}, not {code}");
                }
            }
        }
    }
}
