//! `/users/{id}/password`, `/users/{id}/role`: how a user gets in, and what they may do there.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use uuid::Uuid;

use super::answers::NoContent;
use super::security::Caller;
use super::state::State;
use super::users::UserOut;
use super::{ApiError, Body, CONFLICT, Tag, UNAVAILABLE};
use crate::domains::access::{RoleName, RoleNameError};
use crate::domains::passwords::NewPassword;
use crate::domains::users::{PasswordChange, Users};
use crate::error::{Error, FieldError};

/// A new password.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "PasswordChange")]
struct PasswordIn {
    /// The one of now; needed to change one's own.
    #[oai(validator(max_length = 1024))]
    current_password: Option<String>,
    /// 12 to 128 characters; common passwords are refused.
    #[oai(validator(min_length = 12, max_length = 128))]
    new_password: String,
}

/// A role for a user.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "RoleChange")]
struct RoleIn {
    /// Strictly below the caller's own, and with nothing that the caller may not do.
    #[oai(validator(max_length = 63, pattern = "^[a-z][a-z0-9_]{0,62}$"))]
    role: String,
}

/// The endpoints.
pub struct UserAccessApi;

#[OpenApi(tag = "Tag::Users")]
impl UserAccessApi {
    /// Set a password: one's own with the current one, or that of somebody below. The user's other sessions end.
    #[oai(
        path = "/users/:id/password",
        method = "post",
        operation_id = "setPassword"
    )]
    async fn password(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The user's id.
        id: Path<Uuid>,
        body: Body<PasswordIn>,
    ) -> Result<NoContent, ApiError<UNAVAILABLE>> {
        let new = NewPassword::parse(body.0.new_password.into());
        let new = new.map_err(|e| {
            Error::validation(vec![FieldError::new(
                "/new_password",
                e.code(),
                e.to_string(),
            )])
        })?;
        let change = PasswordChange {
            current: body.0.current_password.map(Into::into),
            new,
        };
        let users = Users::new(&state.deps, caller.0);
        users.set_password(id.0, change).await?;
        Ok(NoContent::Done)
    }

    /// Give somebody below another role, or step down oneself. Their sessions end. For admins.
    #[oai(path = "/users/:id/role", method = "put", operation_id = "setRole")]
    async fn role(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The user's id.
        id: Path<Uuid>,
        body: Body<RoleIn>,
    ) -> Result<Json<UserOut>, ApiError<CONFLICT>> {
        let role: RoleName = body.0.role.parse().map_err(|e: RoleNameError| {
            Error::validation(vec![FieldError::new("/role", "format", e.to_string())])
        })?;
        let users = Users::new(&state.deps, caller.0);
        Ok(Json(users.set_role(id.0, role).await?.into()))
    }
}
