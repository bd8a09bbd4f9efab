//! Which tables of a tenant go into a copy of it, and which stay behind.
//!
//! Invariant: every table of a tenant's schema stands in one of the lists; what stands in neither is neither taken nor left silently, and a
//! copy is refused until somebody has decided. A test holds the lists against the migrations.

/// Tables that a copy has, row by row.
pub const CARRIED: &[&str] = &[
    "users",
    "audit_log",
    "audit_head",
    "projects",
    "roles",
    "role_permissions",
    "totp",
    "recovery_codes",
    "features",
];

/// Tables that are empty in a copy, and why: what opens the source must not open its copy.
pub const LEFT_BEHIND: &[(&str, &str)] = &[
    (
        "sessions",
        "a sign-in is for the tenant that it was made in",
    ),
    ("refresh_tokens", "they belong to sessions"),
    (
        "one_time_tokens",
        "what a mail of the source carries works in the source alone",
    ),
    (
        "invites",
        "the link in the mail works once, in the source; invite again",
    ),
    (
        "api_keys",
        "a program that has a key of the source must not reach its copy; make new ones",
    ),
    (
        "idempotency_keys",
        "they keep answers of the source for a day",
    ),
];

/// What the deployment's secret sealed: under another secret it cannot be opened.
pub const SEALED: &[&str] = &["totp", "recovery_codes"];

/// refinery's own; the migrations write it.
const HISTORY: &str = "refinery_schema_history";

/// What becomes of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Carried,
    LeftBehind,
}

/// What becomes of the table of this name; `None` where nobody has decided.
pub(super) fn fate(table: &str) -> Option<Fate> {
    if CARRIED.contains(&table) {
        Some(Fate::Carried)
    } else if table == HISTORY || LEFT_BEHIND.iter().any(|(left, _)| *left == table) {
        Some(Fate::LeftBehind)
    } else {
        None
    }
}
