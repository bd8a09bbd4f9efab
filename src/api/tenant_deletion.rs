//! `DELETE /tenants/{id}` and its way back.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use uuid::Uuid;

use super::document::PREFIX;
use super::operations::OperationOut;
use super::security::PlatformCaller;
use super::state::State;
use super::tenant_bodies::TenantOut;
use super::{ApiError, CONFLICT, GONE, Tag, UNAVAILABLE};
use crate::domains::tenants::{Deleted, Tenants};

/// 202 for a deletion: the tenant is out of reach, its data goes when its time is over.
#[derive(ApiResponse)]
enum Deletion {
    /// It answers 410 from now on.
    #[oai(status = 202)]
    Accepted(
        Json<OperationOut>,
        /// Path of the operation.
        #[oai(header = "Location")]
        String,
    ),
}

/// The endpoints.
pub struct TenantDeletionApi;

#[OpenApi(tag = "Tag::Tenants")]
impl TenantDeletionApi {
    /// Delete a tenant. It answers 410 `tenant_deleted` at once, everybody is signed out, and its schema is out of reach. Its data stays until
    /// `purge_after` (`TENANT_RETENTION_DAYS`), and its slug stays taken as long; then both go. A tenant that is deleted already answers
    /// 409, and keeps its time. For operators.
    #[oai(
        path = "/tenants/:id",
        method = "delete",
        operation_id = "deleteTenant"
    )]
    async fn delete(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The tenant's id.
        id: Path<Uuid>,
    ) -> Result<Deletion, ApiError<{ CONFLICT | UNAVAILABLE }>> {
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        let Deleted { operation, .. } = tenants.delete(id.0, state.retention).await?;
        let location = format!("{PREFIX}/operations/{}", operation.id);
        Ok(Deletion::Accepted(Json(operation.into()), location))
    }

    /// Restore a deleted tenant before its time is over: with its data, its slug and the status that it had, and with the migrations that it
    /// missed. API keys work again; who was signed in signs in anew. For operators.
    #[oai(
        path = "/tenants/:id/restore",
        method = "post",
        operation_id = "restoreTenant"
    )]
    async fn restore(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The tenant's id.
        id: Path<Uuid>,
    ) -> Result<Json<TenantOut>, ApiError<{ CONFLICT | GONE | UNAVAILABLE }>> {
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        Ok(Json(tenants.restore(id.0).await?.into()))
    }
}
