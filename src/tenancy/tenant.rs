//! A tenant as the registry knows it, and whether it can be served.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::name::{SchemaName, Slug, TenantId};
use crate::error::{Error, ErrorKind};

/// Where a tenant is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Served.
    Active,
    /// Refused until it is activated again.
    Suspended,
    /// Refused for good; its data is still there.
    Cancelled,
    /// Gone; its name answers 410.
    Deleted,
}

impl Status {
    /// As the table and the API write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Cancelled => "cancelled",
            Self::Deleted => "deleted",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [
            Self::Active,
            Self::Suspended,
            Self::Cancelled,
            Self::Deleted,
        ]
        .into_iter()
        .find(|status| status.as_str() == text)
        .ok_or_else(|| format!("`{text}` is no tenant status"))
    }
}

/// What the fleet ledger says of a tenant's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaState {
    /// Version of the last tenant migration that it has.
    pub version: i32,
    /// Oldest binary (by its newest tenant migration) that can work with it.
    pub needs: i32,
    /// Its last migration failed.
    pub failed: bool,
}

/// Tenant schema versions that this binary can work with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupportedVersions {
    /// Oldest schema that the code can read and write.
    pub oldest: i32,
    /// Newest migration that the binary brings.
    pub newest: i32,
}

/// A deleted tenant's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// When it was deleted.
    pub deleted_at: DateTime<Utc>,
    /// From then on it cannot be restored, and its data may go.
    pub purge_after: DateTime<Utc>,
}

/// A row of the registry.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name in hosts and headers.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// Where it is in its life.
    pub status: Status,
    /// Its schema.
    pub schema: SchemaName,
    /// Its place in the fleet; `None` before the first migration.
    pub state: Option<SchemaState>,
    /// Key of its plan.
    pub plan: String,
    /// Requests of the whole tenant that its plan allows.
    pub requests_per_minute: u32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its row last changed.
    pub updated_at: DateTime<Utc>,
    /// When a temporary one may be taken away; `None` for those that last.
    pub expires_at: Option<DateTime<Utc>>,
    /// While it is deleted.
    pub tombstone: Option<Tombstone>,
}

/// Why a tenant is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody has this name.
    #[error("there is no such tenant")]
    NotFound,
    /// Suspended.
    #[error("this tenant is suspended; ask the operators to activate it")]
    Suspended,
    /// Cancelled.
    #[error("this tenant was cancelled")]
    Cancelled,
    /// Deleted.
    #[error("this tenant was deleted")]
    Deleted,
    /// Not migrated so far.
    #[error("this tenant is being set up; try again soon")]
    Provisioning,
    /// Its last migration failed.
    #[error("this tenant's last migration failed; it is served again once that is mended")]
    MigrationFailed,
    /// Its schema is too old or too new for this binary.
    #[error("this tenant's schema has version {has}, this server works with {oldest} to {newest}")]
    VersionSkew {
        /// Version of the schema.
        has: i32,
        /// Oldest that works.
        oldest: i32,
        /// Newest that is known.
        newest: i32,
    },
}

impl Tenant {
    /// Whether requests of this tenant can be answered.
    ///
    /// # Errors
    /// Says why not.
    pub fn servable(&self, supported: SupportedVersions) -> Result<(), Refusal> {
        match self.status {
            Status::Active => {}
            Status::Suspended => return Err(Refusal::Suspended),
            Status::Cancelled => return Err(Refusal::Cancelled),
            Status::Deleted => return Err(Refusal::Deleted),
        }
        self.schema_fits(supported)
    }

    /// The same for what only takes away, such as signing out: a suspension does not stand in its way.
    ///
    /// # Errors
    /// Says why not.
    pub fn leavable(&self, supported: SupportedVersions) -> Result<(), Refusal> {
        match self.status {
            Status::Suspended => self.schema_fits(supported),
            _ => self.servable(supported),
        }
    }

    /// Whether this binary's statements fit its schema, be it served or not.
    pub fn is_readable(&self, supported: SupportedVersions) -> bool {
        let fits = self.schema_fits(supported);
        matches!(fits, Ok(()) | Err(Refusal::MigrationFailed))
            && self
                .state
                .as_ref()
                .is_some_and(|state| state.version >= supported.oldest)
    }

    fn schema_fits(&self, supported: SupportedVersions) -> Result<(), Refusal> {
        let Some(state) = &self.state else {
            return Err(Refusal::Provisioning);
        };
        let SupportedVersions { oldest, newest } = supported;
        let too_new = state.version > newest && state.needs > newest;
        if state.failed {
            Err(Refusal::MigrationFailed)
        } else if state.version < oldest || too_new {
            Err(Refusal::VersionSkew {
                has: state.version,
                oldest,
                newest,
            })
        } else {
            Ok(())
        }
    }
}

/// A tenant that may be served: the proof that a session asks for. Only [`Tenancy`](super::Tenancy) makes one.
#[derive(Debug, Clone)]
pub struct TenantRef(pub(super) Arc<Tenant>);

impl std::ops::Deref for TenantRef {
    type Target = Tenant;

    fn deref(&self) -> &Tenant {
        &self.0
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let (kind, code, retry) = match refusal {
            Refusal::NotFound => (ErrorKind::NotFound, "tenant_not_found", None),
            Refusal::Suspended => (ErrorKind::Forbidden, "tenant_suspended", None),
            Refusal::Cancelled => (ErrorKind::Forbidden, "tenant_cancelled", None),
            Refusal::Deleted => (ErrorKind::Gone, "tenant_deleted", None),
            Refusal::Provisioning => (ErrorKind::Unavailable, "tenant_provisioning", Some(5)),
            Refusal::MigrationFailed => {
                (ErrorKind::Unavailable, "tenant_migration_failed", Some(60))
            }
            Refusal::VersionSkew { .. } => (
                ErrorKind::Unavailable,
                "tenant_version_unsupported",
                Some(30),
            ),
        };
        let error = Self::new(kind, code, refusal.to_string());
        match retry {
            Some(seconds) => error.retry_after(Duration::from_secs(seconds)),
            None => error,
        }
    }
}
