//! What changes of a tenant, as `/tenants` and `/tenant` hear it.

use poem_openapi::Object;

use crate::domains::tenants::TenantChange;
use crate::error::{Error, FieldError};
use crate::tenancy::Slug;

/// A tenant's whole profile.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "TenantProfile")]
pub(super) struct TenantPut {
    /// Its name for people; 1 to 200 characters.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: String,
    /// Its name in hosts and in `X-Tenant-ID`; for operators alone. It stays as it is where this is left out.
    #[oai(validator(min_length = 2, max_length = 63, pattern = "^[a-z](-?[a-z0-9])+$"))]
    slug: Option<String>,
    /// Its plan; for operators alone. It stays as it is where this is left out.
    #[oai(validator(min_length = 1, max_length = 63))]
    plan: Option<String>,
}

impl TryFrom<TenantPut> for TenantChange {
    type Error = Error;

    fn try_from(body: TenantPut) -> Result<Self, Error> {
        Ok(Self {
            slug: body.slug.as_deref().map(parse_slug).transpose()?,
            name: Some(body.name),
            plan: body.plan,
        })
    }
}

/// What changes in a tenant; a field that is left out stays as it is.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "TenantChange")]
pub(super) struct TenantPatch {
    /// The new name for people; 1 to 200 characters.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: Option<String>,
    /// The new name in hosts and in `X-Tenant-ID`; for operators alone. The old one is free at once, and nobody is signed out.
    #[oai(validator(min_length = 2, max_length = 63, pattern = "^[a-z](-?[a-z0-9])+$"))]
    slug: Option<String>,
    /// The new plan; for operators alone.
    #[oai(validator(min_length = 1, max_length = 63))]
    plan: Option<String>,
}

impl TryFrom<TenantPatch> for TenantChange {
    type Error = Error;

    fn try_from(body: TenantPatch) -> Result<Self, Error> {
        Ok(Self {
            slug: body.slug.as_deref().map(parse_slug).transpose()?,
            name: body.name,
            plan: body.plan,
        })
    }
}

/// What changes in one's own tenant; a field that is left out stays as it is.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "OwnTenantChange")]
pub(super) struct OwnTenantPatch {
    /// The new name for people; 1 to 200 characters.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: Option<String>,
}

impl From<OwnTenantPatch> for TenantChange {
    fn from(body: OwnTenantPatch) -> Self {
        Self {
            slug: None,
            name: body.name,
            plan: None,
        }
    }
}

fn parse_slug(text: &str) -> Result<Slug, Error> {
    Slug::for_new_tenant(text).map_err(|e| {
        let mistake = FieldError::new("/slug", e.code(), e.to_string());
        Error::validation(vec![mistake])
    })
}
