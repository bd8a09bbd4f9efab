//! `/tenants`: the operators' endpoints, and those for whoever belongs to a tenant.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use uuid::Uuid;

use super::answers::CreatedOnce;
use super::security::PlatformCaller;
use super::state::State;
use super::tenant_bodies::{MigrationsOut, TenantIn, TenantOut, parse_new};
use super::tenant_changes::{TenantPatch, TenantPut};
use super::users::{UserIn, UserOut};
use super::{ApiError, Body, CONFLICT, Cursor, Limit, Page, Tag, UNAVAILABLE, page_request};
use crate::domains::tenants::{Tenants, Transition};

/// The endpoints.
pub struct TenantsApi;

type OneTenant<const OWN: u16 = 0> = Result<Json<TenantOut>, ApiError<OWN>>;

#[OpenApi(tag = "Tag::Tenants")]
impl TenantsApi {
    /// All tenants, oldest first, deleted ones that can still be restored among them. For operators.
    #[oai(path = "/tenants", method = "get", operation_id = "listTenants")]
    async fn list(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// Entries of a page, 1 to 100.
        #[oai(default)]
        limit: Query<Limit>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Json<Page<TenantOut>>, ApiError> {
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        let page = tenants.list(page_request(limit.0, cursor.0)).await?;
        Ok(Json(page.map(TenantOut::from).into()))
    }

    /// Make a tenant with its first admin; it is ready when this answers. For operators.
    #[oai(path = "/tenants", method = "post", operation_id = "createTenant")]
    async fn create(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The client's name for this request; the same request again with it gives the same answer, for 24 hours.
        #[oai(name = "Idempotency-Key", validator(min_length = 1, max_length = 255))]
        key: Header<Option<String>>,
        body: Body<TenantIn>,
    ) -> Result<CreatedOnce<TenantOut>, ApiError<{ CONFLICT | UNAVAILABLE }>> {
        let key = body.key(key.0, &caller.0);
        let new = parse_new(body.0)?;
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        let made = tenants.create(new, key.as_ref()).await?;
        Ok(CreatedOnce::at("/tenants", made, |tenant| tenant.id))
    }

    /// One tenant: any for operators, their own for its people.
    #[oai(path = "/tenants/:id", method = "get", operation_id = "getTenant")]
    async fn find(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The tenant's id.
        id: Path<Uuid>,
    ) -> OneTenant {
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        Ok(Json(tenants.find(id.0).await?.into()))
    }

    /// Replace a tenant's profile. For operators, and for its own admins, who leave slug and plan out.
    #[oai(path = "/tenants/:id", method = "put", operation_id = "replaceTenant")]
    async fn replace(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The tenant's id.
        id: Path<Uuid>,
        body: Body<TenantPut>,
    ) -> OneTenant<CONFLICT> {
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        Ok(Json(tenants.update(id.0, body.0.try_into()?).await?.into()))
    }

    /// Change some of a tenant's profile. For operators, and for its own admins, who leave slug and plan out.
    #[oai(path = "/tenants/:id", method = "patch", operation_id = "updateTenant")]
    async fn update(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The tenant's id.
        id: Path<Uuid>,
        body: Body<TenantPatch>,
    ) -> OneTenant<CONFLICT> {
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        Ok(Json(tenants.update(id.0, body.0.try_into()?).await?.into()))
    }

    /// Make a user in a tenant, with a role up to `admin`. For operators.
    #[oai(
        path = "/tenants/:id/users",
        method = "post",
        operation_id = "createTenantUser"
    )]
    async fn add_user(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The tenant's id.
        id: Path<Uuid>,
        /// The client's name for this request; the same request again with it gives the same answer, for 24 hours.
        #[oai(name = "Idempotency-Key", validator(min_length = 1, max_length = 255))]
        key: Header<Option<String>>,
        body: Body<UserIn>,
    ) -> Result<CreatedOnce<UserOut>, ApiError<{ CONFLICT | UNAVAILABLE }>> {
        let key = body.key(key.0, &caller.0);
        let new = body.0.parse()?;
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        let made = tenants.add_user(id.0, new, key.as_ref()).await?;
        Ok(CreatedOnce::at("/users", made, |user| user.id))
    }

    /// Refuse a tenant's requests until it is activated again. For operators.
    #[oai(
        path = "/tenants/:id/suspend",
        method = "post",
        operation_id = "suspendTenant"
    )]
    async fn suspend(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The tenant's id.
        id: Path<Uuid>,
    ) -> OneTenant<CONFLICT> {
        lead(&state, caller, id.0, Transition::Suspend).await
    }

    /// Serve a suspended tenant again. For operators.
    #[oai(
        path = "/tenants/:id/activate",
        method = "post",
        operation_id = "activateTenant"
    )]
    async fn activate(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The tenant's id.
        id: Path<Uuid>,
    ) -> OneTenant<CONFLICT> {
        lead(&state, caller, id.0, Transition::Activate).await
    }

    /// Refuse a tenant's requests for good. For operators.
    #[oai(
        path = "/tenants/:id/cancel",
        method = "post",
        operation_id = "cancelTenant"
    )]
    async fn cancel(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The tenant's id.
        id: Path<Uuid>,
    ) -> OneTenant<CONFLICT> {
        lead(&state, caller, id.0, Transition::Cancel).await
    }

    /// Where a tenant stands in the fleet, and what was applied to it. For operators.
    #[oai(
        path = "/tenants/:id/migrations",
        method = "get",
        operation_id = "getTenantMigrations"
    )]
    async fn migrations(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The tenant's id.
        id: Path<Uuid>,
    ) -> Result<Json<MigrationsOut>, ApiError> {
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        Ok(Json(tenants.migrations(id.0).await?.into()))
    }
}

async fn lead(
    state: &State,
    caller: PlatformCaller,
    id: Uuid,
    to: Transition,
) -> OneTenant<CONFLICT> {
    let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
    Ok(Json(tenants.lead(id, to).await?.into()))
}
