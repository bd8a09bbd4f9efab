//! `/tenants/{id}/migrate`: one tenant's migration, which goes on after the answer.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path};
use uuid::Uuid;

use super::body::NoBody;
use super::operations::Begun;
use super::security::PlatformCaller;
use super::state::State;
use super::{ApiError, CONFLICT, Tag};
use crate::domains::tenants::Tenants;

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
        /// The client's name for this request; the same request again with it gives the same answer, for 24 hours.
        #[oai(name = "Idempotency-Key", validator(min_length = 1, max_length = 255))]
        key: Header<Option<String>>,
        request: NoBody,
    ) -> Result<Begun, ApiError<CONFLICT>> {
        let key = request.key(key.0, &caller.0);
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        Ok(tenants.migrate(id.0, key.as_ref()).await?.into())
    }
}
