//! `/permissions`: what there is to grant, and what each role is granted.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;

use super::answers::NoContent;
use super::role_bodies::{GrantIn, GrantsIn, PermissionOut, RoleOut};
use super::roles::named;
use super::security::Caller;
use super::state::State;
use super::{ApiError, Body, CONFLICT, Page, Tag};
use crate::domains::access::Permission;
use crate::domains::roles::Roles;
use crate::error::Error;

/// The endpoints.
pub struct PermissionsApi;

type OneRole<const OWN: u16 = 0> = Result<Json<RoleOut>, ApiError<OWN>>;

#[expect(
    clippy::unused_async,
    reason = "endpoints are async, also those that wait for nothing"
)]
#[OpenApi(tag = "Tag::Roles")]
impl PermissionsApi {
    /// All that can be granted, and how far the caller holds it. One page holds it all. For admins.
    #[oai(
        path = "/permissions",
        method = "get",
        operation_id = "listPermissions"
    )]
    async fn list(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
    ) -> Result<Json<Page<PermissionOut>>, ApiError> {
        let known = Roles::new(&state.deps, caller.0).permissions()?;
        let known = known.into_iter().map(PermissionOut::from).collect();
        Ok(Json(Page::whole(known)))
    }

    /// What a role is granted. For admins.
    #[oai(
        path = "/permissions/roles/:role",
        method = "get",
        operation_id = "getRole"
    )]
    async fn find(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The role's name.
        role: Path<String>,
    ) -> OneRole {
        let roles = Roles::new(&state.deps, caller.0);
        Ok(Json(roles.find(&named(&role.0)?).await?.into()))
    }

    /// Set all that a role is granted; nothing beyond what the caller holds. In force on every server within a second. For admins.
    #[oai(
        path = "/permissions/roles/:role",
        method = "put",
        operation_id = "replaceRolePermissions"
    )]
    async fn replace(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The role's name.
        role: Path<String>,
        body: Body<GrantsIn>,
    ) -> OneRole<CONFLICT> {
        let grants = body.0.parse()?;
        let roles = Roles::new(&state.deps, caller.0);
        let role = named(&role.0)?;
        Ok(Json(roles.replace(&role, grants).await?.into()))
    }

    /// Grant a role one thing more, or another extent of what it was granted. For admins.
    #[oai(
        path = "/permissions/roles/:role/permissions",
        method = "post",
        operation_id = "addRolePermission"
    )]
    async fn add(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The role's name.
        role: Path<String>,
        body: Body<GrantIn>,
    ) -> OneRole<CONFLICT> {
        let granted = body.0.parse()?;
        let roles = Roles::new(&state.deps, caller.0);
        let role = named(&role.0)?;
        Ok(Json(roles.grant(&role, granted).await?.into()))
    }

    /// Take one grant from a role. For admins.
    #[oai(
        path = "/permissions/roles/:role/permissions/:permission",
        method = "delete",
        operation_id = "removeRolePermission"
    )]
    async fn remove(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The role's name.
        role: Path<String>,
        /// What is taken away, such as `projects:write`.
        permission: Path<String>,
    ) -> Result<NoContent, ApiError<CONFLICT>> {
        let roles = Roles::new(&state.deps, caller.0);
        let role = named(&role.0)?;
        let permission = permission.0.parse::<Permission>();
        let permission = permission.map_err(|_| Error::not_found("permission"))?;
        roles.withdraw(&role, permission).await?;
        Ok(NoContent::Done)
    }
}
