//! What `/tenants` hears and says.

use chrono::{DateTime, Utc};
use poem_openapi::Object;
use uuid::Uuid;

use crate::domains::passwords::NewPassword;
use crate::domains::tenants::{Migrations, NewAdmin, NewTenant, Registration, TenantView, Usage};
use crate::domains::users::Email;
use crate::error::{Error, FieldError};
use crate::tenancy::Slug;

/// A tenant.
#[derive(Object)]
#[oai(rename = "Tenant")]
pub(super) struct TenantOut {
    /// Its id.
    id: Uuid,
    /// Its name in hosts and in `X-Tenant-ID`.
    slug: String,
    /// Its name for people.
    name: String,
    /// `active`, `suspended`, `cancelled` or `deleted`.
    status: String,
    /// Its plan, which says how much it may ask for.
    plan: String,
    /// Last migration that its schema has; 0 is none.
    schema_version: i32,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
    /// When it was deleted; left out unless it was.
    #[oai(skip_serializing_if_is_none)]
    deleted_at: Option<DateTime<Utc>>,
    /// Until when a deleted tenant can be restored; then its data goes for good, and its slug is free.
    #[oai(skip_serializing_if_is_none)]
    purge_after: Option<DateTime<Utc>>,
}

impl From<TenantView> for TenantOut {
    fn from(view: TenantView) -> Self {
        Self {
            id: view.id,
            slug: view.slug,
            name: view.name,
            status: view.status.to_string(),
            plan: view.plan,
            schema_version: view.schema_version,
            created_at: view.created_at,
            updated_at: view.updated_at,
            deleted_at: view.tombstone.map(|tombstone| tombstone.deleted_at),
            purge_after: view.tombstone.map(|tombstone| tombstone.purge_after),
        }
    }
}

/// What makes a tenant.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "TenantNew")]
pub(super) struct TenantIn {
    /// Its name in hosts and in `X-Tenant-ID`: 2 to 63 lower-case letters, digits and single hyphens; some words are reserved.
    #[oai(validator(min_length = 2, max_length = 63, pattern = "^[a-z](-?[a-z0-9])+$"))]
    slug: String,
    /// Its name for people; 1 to 200 characters.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: String,
    /// Its first admin.
    admin: AdminIn,
}

/// The first admin of a tenant.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "TenantAdminNew")]
pub(super) struct AdminIn {
    /// E-mail to sign in with.
    #[oai(validator(max_length = 254))]
    email: String,
    /// Name for people; 1 to 200 characters.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: String,
    /// Password to sign in with, 12 to 128 characters; common ones are refused.
    #[oai(validator(min_length = 12, max_length = 128))]
    password: String,
}

/// What a tenant uses, and may.
#[derive(Object)]
#[oai(rename = "TenantUsage")]
pub(super) struct UsageOut {
    /// Its plan.
    plan: String,
    /// Requests of the whole tenant that its plan allows in a minute.
    requests_per_minute: u32,
    /// Its users.
    users: i64,
    /// Its projects.
    projects: i64,
    /// Sign-ins that have not ended.
    sessions: i64,
    /// What its tables take on disk, in bytes, indexes included.
    storage_bytes: i64,
}

impl From<Usage> for UsageOut {
    fn from(usage: Usage) -> Self {
        Self {
            plan: usage.plan,
            requests_per_minute: usage.requests_per_minute,
            users: usage.stored.users,
            projects: usage.stored.projects,
            sessions: usage.stored.sessions,
            storage_bytes: usage.stored.bytes,
        }
    }
}

/// Where a tenant stands in the fleet.
#[derive(Object)]
#[oai(rename = "TenantMigrations")]
pub(super) struct MigrationsOut {
    /// Last migration that its schema has; 0 is none.
    version: i32,
    /// Newest migration that this server knows.
    target: i32,
    /// Whether its last migration failed; then it answers 503.
    failed: bool,
    /// Tries since the last success.
    attempts: i32,
    /// What the last failure said.
    #[oai(nullable)]
    last_error: Option<String>,
    /// How long the last successful run took, in milliseconds.
    #[oai(nullable)]
    duration_ms: Option<i32>,
    /// When this last changed.
    #[oai(nullable)]
    updated_at: Option<DateTime<Utc>>,
    /// What the schema's own history says; `null` where the schema cannot be read.
    #[oai(nullable)]
    history: Option<Vec<AppliedOut>>,
}

/// One migration in a schema's history.
#[derive(Object)]
#[oai(rename = "AppliedMigration")]
struct AppliedOut {
    /// Its version.
    version: i32,
    /// Its name.
    name: String,
    /// When it was applied, RFC 3339.
    applied_at: String,
}

impl From<Migrations> for MigrationsOut {
    fn from(migrations: Migrations) -> Self {
        let Migrations {
            line,
            target,
            history,
        } = migrations;
        let history = history.map(|lines| {
            let lines = lines.into_iter();
            lines
                .map(|line| AppliedOut {
                    version: line.version,
                    name: line.name,
                    applied_at: line.applied_at,
                })
                .collect()
        });
        Self {
            version: line.version,
            target,
            failed: line.failed,
            attempts: line.attempts,
            last_error: line.last_error,
            duration_ms: line.duration_ms,
            updated_at: line.updated_at,
            history,
        }
    }
}

/// The rules that the schema cannot tell.
pub(super) fn parse_new(body: TenantIn) -> Result<NewTenant, Error> {
    let Registration { slug, name, admin } = parse_registration(body)?;
    Ok(NewTenant {
        slug,
        name,
        admin: Some(admin),
    })
}

/// The same for who makes a tenant of their own.
pub(super) fn parse_registration(body: TenantIn) -> Result<Registration, Error> {
    let TenantIn { slug, name, admin } = body;
    let mut mistakes = Vec::new();
    let slug = Slug::for_new_tenant(&slug)
        .map_err(|e| mistakes.push(FieldError::new("/slug", e.code(), e.to_string())));
    let email = admin
        .email
        .parse::<Email>()
        .map_err(|e| mistakes.push(FieldError::new("/admin/email", "format", e.to_string())));
    let password = NewPassword::parse(admin.password.into())
        .map_err(|e| mistakes.push(FieldError::new("/admin/password", e.code(), e.to_string())));
    match (slug, email, password) {
        (Ok(slug), Ok(email), Ok(password)) => Ok(Registration {
            slug,
            name,
            admin: NewAdmin {
                email,
                name: admin.name,
                password,
            },
        }),
        _ => Err(Error::validation(mistakes)),
    }
}
