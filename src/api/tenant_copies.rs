//! `/tenants/…/export`, `/tenants/import` and `/tenants/…/clone`: copies, which go on after the answer.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::{Header, Path};
use poem_openapi::{Object, OpenApi};
use uuid::Uuid;

use super::body::NoBody;
use super::operations::Begun;
use super::security::PlatformCaller;
use super::state::State;
use super::{ApiError, Body, CONFLICT, Tag, UNAVAILABLE};
use crate::domains::tenants::{NewCopy, Tenants};
use crate::error::{Error, FieldError};
use crate::tenancy::Slug;

/// What makes a tenant of an export.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "TenantImport")]
struct ImportIn {
    /// Name of a file in the deployment's `EXPORT_DIR`, without a path; the `result` of an export names it.
    #[oai(validator(
        min_length = 1,
        max_length = 200,
        pattern = "^[A-Za-z0-9_-][A-Za-z0-9._-]*$"
    ))]
    file: String,
    /// The new tenant's name in hosts and in `X-Tenant-ID`: 2 to 63 lower-case letters, digits and single hyphens; some words are reserved.
    #[oai(validator(min_length = 2, max_length = 63, pattern = "^[a-z](-?[a-z0-9])+$"))]
    slug: String,
    /// Its name for people, 1 to 200 characters; the source's if left out.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: Option<String>,
    /// Import also where the second factors are sealed under another secret, and leave them behind: a password alone then signs their
    /// users in.
    #[oai(default)]
    without_second_factors: bool,
}

/// What makes a tenant of another.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "TenantClone")]
struct CloneIn {
    /// The new tenant's name in hosts and in `X-Tenant-ID`: 2 to 63 lower-case letters, digits and single hyphens; some words are reserved.
    #[oai(validator(min_length = 2, max_length = 63, pattern = "^[a-z](-?[a-z0-9])+$"))]
    slug: String,
    /// Its name for people, 1 to 200 characters; the source's if left out.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: Option<String>,
}

/// The endpoints.
pub struct TenantCopiesApi;

#[OpenApi(tag = "Tag::Tenants")]
impl TenantCopiesApi {
    /// Write all of a tenant but its credentials into one file, as it is at one moment. The operation's `result` names the `file`, which
    /// is in the deployment's `EXPORT_DIR`. For operators.
    #[oai(
        path = "/tenants/:id/export",
        method = "post",
        operation_id = "exportTenant"
    )]
    async fn export(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The tenant's id.
        id: Path<Uuid>,
        /// The client's name for this request; the same request again with it gives the same answer, for 24 hours.
        #[oai(name = "Idempotency-Key", validator(min_length = 1, max_length = 255))]
        key: Header<Option<String>>,
        request: NoBody,
    ) -> Result<Begun, ApiError<{ CONFLICT | UNAVAILABLE }>> {
        let key = request.key(key.0, &caller.0);
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        let begun = tenants.start_export(id.0, &state.copies, key.as_ref());
        Ok(begun.await?.into())
    }

    /// Make a tenant of an export. It is served when the operation has succeeded; its `result` tells the tenant's id. For operators.
    #[oai(
        path = "/tenants/import",
        method = "post",
        operation_id = "importTenant"
    )]
    async fn import(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The client's name for this request; the same request again with it gives the same answer, for 24 hours.
        #[oai(name = "Idempotency-Key", validator(min_length = 1, max_length = 255))]
        key: Header<Option<String>>,
        body: Body<ImportIn>,
    ) -> Result<Begun, ApiError<{ CONFLICT | UNAVAILABLE }>> {
        let key = body.key(key.0, &caller.0);
        let ImportIn {
            file,
            slug,
            name,
            without_second_factors,
        } = body.0;
        let new = NewCopy {
            slug: parse(&slug)?,
            name,
            without_second_factors,
        };
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        let begun = tenants.start_import(&file, new, &state.copies, key.as_ref());
        Ok(begun.await?.into())
    }

    /// Make a tenant that has what another has at this moment, but for its credentials. It is served when the operation has succeeded; its
    /// `result` tells the tenant's id. For operators.
    #[oai(
        path = "/tenants/:id/clone",
        method = "post",
        operation_id = "cloneTenant"
    )]
    async fn copy(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The tenant's id.
        id: Path<Uuid>,
        /// The client's name for this request; the same request again with it gives the same answer, for 24 hours.
        #[oai(name = "Idempotency-Key", validator(min_length = 1, max_length = 255))]
        key: Header<Option<String>>,
        body: Body<CloneIn>,
    ) -> Result<Begun, ApiError<CONFLICT>> {
        let key = body.key(key.0, &caller.0);
        let CloneIn { slug, name } = body.0;
        let new = NewCopy {
            slug: parse(&slug)?,
            name,
            without_second_factors: false,
        };
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        let begun = tenants.start_clone(id.0, new, &state.copies, key.as_ref());
        Ok(begun.await?.into())
    }
}

/// The words that the schema cannot refuse.
fn parse(slug: &str) -> Result<Slug, Error> {
    let refused = |e: crate::tenancy::SlugError| {
        Error::validation(vec![FieldError::new("/slug", e.code(), e.to_string())])
    };
    Slug::for_new_tenant(slug).map_err(refused)
}
