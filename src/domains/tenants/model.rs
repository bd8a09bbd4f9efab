//! What callers say about tenants, and what they hear.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::error::TenantsError;
use crate::domains::passwords::NewPassword;
use crate::domains::users::Email;
use crate::migrations::LedgerLine;
use crate::tenancy::{Slug, Status, Tenant, Tombstone};

/// The first admin of a new tenant.
#[derive(Debug, Clone)]
pub struct NewAdmin {
    /// E-mail to sign in with.
    pub email: Email,
    /// Name for people.
    pub name: String,
    /// Password to sign in with.
    pub password: NewPassword,
}

/// Characters in the name of a tenant or of its first admin.
const NAME: std::ops::RangeInclusive<usize> = 1..=200;

/// A name for people, as long as the API allows, whoever brings it.
pub(super) fn check_name(at: &'static str, name: &str) -> Result<(), TenantsError> {
    let got = name.chars().count();
    if NAME.contains(&got) && !name.contains('\0') {
        return Ok(());
    }
    Err(TenantsError::Name { at, got })
}

/// What a caller says to make a tenant.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// Its name in hosts and headers.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// Its first admin, if it gets one right away.
    pub admin: Option<NewAdmin>,
}

/// A tenant, as callers see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantView {
    /// Its id.
    pub id: Uuid,
    /// Its name in hosts and headers.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Where it is in its life.
    pub status: Status,
    /// Key of its plan.
    pub plan: String,
    /// Last migration that its schema has; 0 is none.
    pub schema_version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// While it is deleted.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub tombstone: Option<Tombstone>,
}

impl From<&Tenant> for TenantView {
    fn from(tenant: &Tenant) -> Self {
        Self {
            id: tenant.id.0,
            slug: tenant.slug.to_string(),
            name: tenant.name.clone(),
            status: tenant.status,
            plan: tenant.plan.clone(),
            schema_version: tenant.state.as_ref().map_or(0, |state| state.version),
            created_at: tenant.created_at,
            updated_at: tenant.updated_at,
            tombstone: tenant.tombstone,
        }
    }
}

/// What changes in a tenant; `None` leaves a value as it is.
#[derive(Debug, Clone, Default)]
pub struct TenantChange {
    /// The new name in hosts and headers; for operators.
    pub slug: Option<Slug>,
    /// The new name for people.
    pub name: Option<String>,
    /// Key of the new plan; for operators.
    pub plan: Option<String>,
}

/// What a tenant uses, and may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Key of its plan.
    pub plan: String,
    /// Requests of the whole tenant that the plan allows.
    pub requests_per_minute: u32,
    /// What its tables hold.
    pub stored: Stored,
}

/// What a tenant's tables hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its users.
    pub users: i64,
    /// Its projects.
    pub projects: i64,
    /// Sign-ins that have not ended.
    pub sessions: i64,
    /// Bytes on disk, indexes included.
    pub bytes: i64,
}

/// A tenant's place in the fleet, with what was applied to it.
#[derive(Debug, Clone)]
pub struct Migrations {
    /// Its line in the ledger.
    pub line: LedgerLine,
    /// Newest migration of this binary.
    pub target: i32,
    /// What its own history says; `None` where its schema cannot be read.
    pub history: Option<Vec<AppliedMigration>>,
}

/// One line of a schema's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppliedMigration {
    /// Version.
    pub version: i32,
    /// Name, from the file's name.
    pub name: String,
    /// When, RFC 3339.
    pub applied_at: String,
}

/// What the audit keeps of a tenant.
pub(super) fn audited(view: &TenantView) -> Value {
    serde_json::json!({
        "slug": view.slug,
        "name": view.name,
        "status": view.status,
        "plan": view.plan,
    })
}
