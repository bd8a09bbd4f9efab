//! `/tenant`: one's own.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::payload::Json;

use super::security::Caller;
use super::state::State;
use super::tenant_bodies::{TenantOut, UsageOut};
use super::tenant_changes::OwnTenantPatch;
use super::{ApiError, Body, Tag};
use crate::domains::tenants::Tenants;

/// The endpoints.
pub struct OwnTenantApi;

#[OpenApi(tag = "Tag::Tenants")]
impl OwnTenantApi {
    /// One's own tenant.
    #[oai(path = "/tenant", method = "get", operation_id = "getOwnTenant")]
    async fn find(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
    ) -> Result<Json<TenantOut>, ApiError> {
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        Ok(Json(tenants.own().await?.into()))
    }

    /// Change one's own tenant's name. For admins.
    #[oai(path = "/tenant", method = "patch", operation_id = "updateOwnTenant")]
    async fn update(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        body: Body<OwnTenantPatch>,
    ) -> Result<Json<TenantOut>, ApiError> {
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        Ok(Json(tenants.update_own(body.0.into()).await?.into()))
    }

    /// What one's own tenant uses, and what its plan allows.
    #[oai(
        path = "/tenant/usage",
        method = "get",
        operation_id = "getOwnTenantUsage"
    )]
    async fn usage(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
    ) -> Result<Json<UsageOut>, ApiError> {
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        Ok(Json(tenants.usage().await?.into()))
    }
}
