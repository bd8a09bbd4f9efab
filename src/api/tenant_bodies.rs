//! What `/tenants` hears and says.

use chrono::{DateTime, Utc};
use poem_openapi::Object;
use uuid::Uuid;

use crate::domains::passwords::NewPassword;
use crate::domains::tenants::{NewAdmin, NewTenant, TenantView};
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
    /// Last migration that its schema has; 0 is none.
    schema_version: i32,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl From<TenantView> for TenantOut {
    fn from(view: TenantView) -> Self {
        Self {
            id: view.id,
            slug: view.slug,
            name: view.name,
            status: view.status.to_string(),
            schema_version: view.schema_version,
            created_at: view.created_at,
            updated_at: view.updated_at,
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

/// What changes in a tenant.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "TenantChange")]
pub(super) struct TenantPatch {
    /// The new name for people; 1 to 200 characters.
    #[oai(validator(min_length = 1, max_length = 200))]
    pub(super) name: Option<String>,
}

/// The rules that the schema cannot tell.
pub(super) fn parse_new(body: TenantIn) -> Result<NewTenant, Error> {
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
        (Ok(slug), Ok(email), Ok(password)) => Ok(NewTenant {
            slug,
            name,
            admin: Some(NewAdmin {
                email,
                name: admin.name,
                password,
            }),
        }),
        _ => Err(Error::validation(mistakes)),
    }
}
