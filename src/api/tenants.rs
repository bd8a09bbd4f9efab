//! `/tenants`: the operators' endpoints, and `/tenant`: one's own.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use uuid::Uuid;

use super::answers::CreatedOnce;
use super::security::{Caller, PlatformCaller};
use super::state::State;
use super::tenant_bodies::{TenantIn, TenantOut, TenantPatch, parse_new};
use super::{ApiError, Body, CONFLICT, Cursor, Limit, Page, Tag, UNAVAILABLE, page_request};
use crate::domains::tenants::{Migrations, Tenants, Transition};

/// Where a tenant stands in the fleet.
#[derive(Object)]
#[oai(rename = "TenantMigrations")]
struct MigrationsOut {
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

/// The endpoints.
pub struct TenantsApi;

type OneTenant<const OWN: u16 = 0> = Result<Json<TenantOut>, ApiError<OWN>>;

#[OpenApi(tag = "Tag::Tenants")]
impl TenantsApi {
    /// All tenants, oldest first. For operators.
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

    /// Change a tenant's name. For operators, and for its own admins.
    #[oai(path = "/tenants/:id", method = "patch", operation_id = "updateTenant")]
    async fn update(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The tenant's id.
        id: Path<Uuid>,
        body: Body<TenantPatch>,
    ) -> OneTenant {
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        let view = tenants.update(id.0, body.0.name).await?;
        Ok(Json(view.into()))
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

    /// One's own tenant.
    #[oai(path = "/tenant", method = "get", operation_id = "getOwnTenant")]
    async fn own(&self, state: Data<&Arc<State>>, caller: Caller) -> OneTenant {
        let tenants = Tenants::new(&state.deps, &state.migrator, caller.0);
        Ok(Json(tenants.own().await?.into()))
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
