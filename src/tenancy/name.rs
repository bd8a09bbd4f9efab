//! The names of a tenant: slug for people, id for machines, schema name for PostgreSQL.
//!
//! Invariant: a schema name is made from a tenant's id alone, never from input, so it is never reused, never too long (63 bytes), and
//! two slugs cannot meet in one schema.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Longest slug: one label of a host name (RFC 1035).
pub const SLUG_MAX: usize = 63;
/// What a slug looks like, as the document and the table's CHECK say it too.
pub const SLUG_PATTERN: &str = "^[a-z](-?[a-z0-9])+$";
/// The tenant whose users are the operators.
pub const PLATFORM_SLUG: &str = "platform";

/// Slugs that would shadow hosts or words of our own.
const RESERVED: &[&str] = &[
    "admin",
    "api",
    "app",
    "assets",
    "auth",
    "billing",
    "blog",
    "cdn",
    "dashboard",
    "docs",
    "ftp",
    "health",
    "help",
    "internal",
    "localhost",
    "mail",
    "me",
    "metrics",
    "openapi",
    "operations",
    "pg",
    "postgres",
    "public",
    "redoc",
    "root",
    "smtp",
    "static",
    "status",
    "support",
    "system",
    "tenantry",
    "tenants",
    "webhooks",
    "www",
    PLATFORM_SLUG,
];

/// A tenant's id, a UUIDv7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantId(pub Uuid);

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a text is no slug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlugError {
    /// Wrong characters or length.
    #[error(
        "a slug is 2 to {SLUG_MAX} lower-case letters, digits and single hyphens, starts with a letter and does not end with a hyphen (for example `acme-corp`)"
    )]
    Shape,
    /// A word that is ours.
    #[error("the slug `{0}` is reserved; choose another")]
    Reserved(String),
}

impl SlugError {
    /// For programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Shape => "pattern",
            Self::Reserved(_) => "reserved",
        }
    }
}

/// A tenant's name in hosts and headers: one lower-case DNS label, such as `acme-corp`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(Arc<str>);

impl Slug {
    /// A slug that a new tenant may take: of the right shape and not reserved.
    ///
    /// # Errors
    /// Says which of the two it is not.
    pub fn for_new_tenant(text: &str) -> Result<Self, SlugError> {
        // In a header, what looks like an id is one.
        if RESERVED.contains(&text) || Uuid::try_parse(text).is_ok() {
            return Err(SlugError::Reserved(text.to_owned()));
        }
        text.parse()
    }

    /// The platform's own.
    pub fn platform() -> Self {
        Self(PLATFORM_SLUG.into())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = SlugError;

    fn from_str(text: &str) -> Result<Self, SlugError> {
        let bytes = text.as_bytes();
        let shaped = (2..=SLUG_MAX).contains(&bytes.len())
            && bytes[0].is_ascii_lowercase()
            && bytes[bytes.len() - 1] != b'-'
            && bytes
                .iter()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
            && !text.contains("--");
        if shaped {
            Ok(Self(text.into()))
        } else {
            Err(SlugError::Shape)
        }
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a tenant's schema, and of the role that fences it: `t_` and the id's 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SchemaName(Arc<str>);

impl SchemaName {
    /// The schema of the tenant with this id.
    pub fn of(id: TenantId) -> Self {
        Self(format!("t_{}", id.0.simple()).into())
    }

    /// The schema of the tenant with this id while it is deleted. No role wears it.
    pub fn tombstone(id: TenantId) -> Self {
        Self(format!("gone_{}", id.0.simple()).into())
    }

    /// As text, unquoted.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As an SQL identifier.
    pub fn quoted(&self) -> String {
        quote_ident(&self.0)
    }
}

/// The one function that turns a name into an SQL identifier.
///
/// A NUL cannot stand in an SQL text, so it is dropped.
pub fn quote_ident(name: &str) -> String {
    let mut quoted = String::with_capacity(name.len() + 2);
    quoted.push('"');
    for c in name.chars().filter(|c| *c != '\0') {
        if c == '"' {
            quoted.push('"');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// The one function that turns a text into an SQL string, whatever `standard_conforming_strings` says.
///
/// A NUL cannot stand in an SQL text, so it is dropped.
pub fn quote_literal(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    if text.contains('\\') {
        quoted.push_str(" E");
    }
    quoted.push('\'');
    for c in text.chars().filter(|c| *c != '\0') {
        if matches!(c, '\'' | '\\') {
            quoted.push(c);
        }
        quoted.push(c);
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_one_dns_label() {
        for good in ["ab", "acme", "acme-corp", "a1", &"a".repeat(63)] {
            assert!(good.parse::<Slug>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "a",
            "-a",
            "a-",
            "a--b",
            "Acme",
            "acme_corp",
            "1a",
            "a.b",
            "ä-b",
            "a b",
            "a'; --",
            &"a".repeat(64),
        ] {
            assert_eq!(bad.parse::<Slug>(), Err(SlugError::Shape), "{bad}");
        }
    }

    #[test]
    fn reserved_slugs_are_refused_for_new_tenants() {
        assert!(matches!(
            Slug::for_new_tenant("platform"),
            Err(SlugError::Reserved(_))
        ));
        assert!(Slug::for_new_tenant("platforms").is_ok());
    }

    #[test]
    fn identifiers_are_quoted() {
        assert_eq!(
            quote_ident(r#"a"; DROP TABLE x; --"#),
            r#""a""; DROP TABLE x; --""#
        );
    }

    #[test]
    fn strings_are_quoted() {
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal("a\\'; --"), " E'a\\\\''; --'");
        assert_eq!(quote_literal("nul\0"), "'nul'");
    }
}
