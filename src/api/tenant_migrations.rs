//! `/tenants/{id}/migrate`: one tenant's migration, which goes on after the answer.

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
use super::{ApiError, CONFLICT, Tag};
use crate::domains::tenants::Tenants;

/// 202 for work that has begun.
#[derive(ApiResponse)]
enum Begun {
    /// Begun; the operation tells how it goes.
    #[oai(status = 202)]
    Accepted(
        Json<OperationOut>,
        /// Path of the operation.
        #[oai(header = "Location")]
        String,
    ),
}

/// The endpoint.
pub struct TenantMigrationsApi;

#[OpenApi(tag = "Tag::Tenants")]
impl TenantMigrationsApi {
    /// Migrate one tenant, as after a migration that failed in it alone. The operation's `result` says `from` and `to` which version, in how many
    /// `tries`; its `error` what PostgreSQL said. Asking again is safe. 409 `invalid_transition` where the tenant is deleted. For operators.
    #[oai(
        path = "/tenants/:id/migrate",
        method = "post",
        operation_id = "migrateTenant"
    )]
    async fn migrate(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The tenant's id.
        id: Path<Uuid>,
    ) -> Result<Begun, ApiError<CONFLICT>> {
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        let operation = tenants.migrate(id.0).await?;
        let location = format!("{PREFIX}/operations/{}", operation.id);
        Ok(Begun::Accepted(Json(operation.into()), location))
    }
}
