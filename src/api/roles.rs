//! `/roles`: which roles the tenant has.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path};
use poem_openapi::payload::Json;

use super::answers::{CreatedOnce, NoContent};
use super::role_bodies::{RoleIn, RoleOut};
use super::security::Caller;
use super::state::State;
use super::{ApiError, Body, CONFLICT, Page, Tag};
use crate::domains::access::RoleName;
use crate::domains::roles::{RoleError, Roles};

/// The endpoints.
pub struct RolesApi;

#[OpenApi(tag = "Tag::Roles")]
impl RolesApi {
    /// All roles of the tenant, built-in ones too, from the lowest. They are few: one page holds them all. For admins.
    #[oai(path = "/roles", method = "get", operation_id = "listRoles")]
    async fn list(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
    ) -> Result<Json<Page<RoleOut>>, ApiError> {
        let roles = Roles::new(&state.deps, caller.0).list().await?;
        let roles = roles.into_iter().map(RoleOut::from).collect();
        Ok(Json(Page::whole(roles)))
    }

    /// Make a role below the caller's own, which holds nothing that the caller does not. For admins.
    #[oai(path = "/roles", method = "post", operation_id = "createRole")]
    async fn create(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The client's name for this request; the same request again with it gives the same answer, for 24 hours.
        #[oai(name = "Idempotency-Key", validator(min_length = 1, max_length = 255))]
        key: Header<Option<String>>,
        body: Body<RoleIn>,
    ) -> Result<CreatedOnce<RoleOut>, ApiError<CONFLICT>> {
        let key = body.key(key.0, &caller.0);
        let new = body.0.parse()?;
        let roles = Roles::new(&state.deps, caller.0);
        let made = roles.create(new, key.as_ref()).await?;
        Ok(CreatedOnce::at("/permissions/roles", made, |role| {
            role.name.to_string()
        }))
    }

    /// Delete a role of the tenant's own that nobody has. For admins.
    #[oai(path = "/roles/:role", method = "delete", operation_id = "deleteRole")]
    async fn delete(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The role's name.
        role: Path<String>,
    ) -> Result<NoContent, ApiError<CONFLICT>> {
        let roles = Roles::new(&state.deps, caller.0);
        roles.delete(&named(&role.0)?).await?;
        Ok(NoContent::Done)
    }
}

/// The role of this name; what can name none names none.
pub(super) fn named(text: &str) -> Result<RoleName, RoleError> {
    text.parse().map_err(|_| RoleError::NotFound)
}
