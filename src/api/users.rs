//! `/users`: a tenant's people.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use uuid::Uuid;

use super::answers::{CreatedOnce, NoContent};
use super::key_or_caller::KeyOrCaller;
use super::security::Caller;
use super::state::State;
use super::{ApiError, Body, CONFLICT, Cursor, Limit, Page, Tag, UNAVAILABLE, page_request};
use crate::domains::access::RoleName;
use crate::domains::passwords::NewPassword;
use crate::domains::users::{Email, NewUser, Subject, User, Users};
use crate::error::{Error, FieldError};

/// A user of the tenant.
#[derive(Object)]
#[oai(rename = "User")]
pub(super) struct UserOut {
    /// Their id.
    id: Uuid,
    /// What they sign in with, in lower case.
    email: String,
    /// Whether somebody proved that they read what is sent there, or an admin vouched for it.
    email_verified: bool,
    /// Their name.
    name: String,
    /// Their role in the tenant: `guest`, `member`, `admin`, `super_admin` (the platform's alone), or one of the tenant's own.
    role: String,
    /// How the outside issuer knows them (`sub` of its tokens); null for those who sign in here alone.
    #[oai(nullable)]
    external_subject: Option<String>,
    /// When they were made.
    created_at: DateTime<Utc>,
    /// When they last changed.
    updated_at: DateTime<Utc>,
}

impl From<User> for UserOut {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email.to_string(),
            email_verified: user.email_verified,
            name: user.name,
            role: user.role.to_string(),
            external_subject: user.external_subject.map(|subject| subject.to_string()),
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// What makes a user.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "UserNew")]
pub(super) struct UserIn {
    /// What they sign in with; unique in the tenant.
    #[oai(validator(max_length = 254))]
    email: String,
    /// Their name; 1 to 200 characters.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: String,
    /// Strictly below the caller's own.
    #[oai(validator(max_length = 63, pattern = "^[a-z][a-z0-9_]{0,62}$"))]
    role: String,
    /// 12 to 128 characters; common passwords are refused.
    #[oai(validator(min_length = 12, max_length = 128))]
    password: String,
    /// How the outside issuer knows them (`sub` of its tokens), which are then theirs; unique in the tenant.
    #[oai(validator(min_length = 1, max_length = 255, pattern = "^[!-~]*$"))]
    external_subject: Option<String>,
}

/// A user's profile.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "UserProfile")]
struct Profile {
    /// Their name; 1 to 200 characters.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: String,
}

/// What changes in a user's profile; a field that is left out stays as it is.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "UserChange")]
struct ProfilePatch {
    /// The new name; 1 to 200 characters.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: Option<String>,
}

impl UserIn {
    pub(super) fn parse(self) -> Result<NewUser, Error> {
        let mut mistakes = Vec::new();
        let email = self.email.parse::<Email>();
        let email =
            email.map_err(|e| mistakes.push(FieldError::new("/email", "format", e.to_string())));
        let password = NewPassword::parse(self.password.into());
        let password = password
            .map_err(|e| mistakes.push(FieldError::new("/password", e.code(), e.to_string())));
        let role = self.role.parse::<RoleName>();
        let role =
            role.map_err(|e| mistakes.push(FieldError::new("/role", "format", e.to_string())));
        let subject = self.external_subject.map(|text| text.parse::<Subject>());
        let subject = subject.transpose().map_err(|e| {
            mistakes.push(FieldError::new(
                "/external_subject",
                "format",
                e.to_string(),
            ));
        });
        match (email, password, role, subject) {
            (Ok(email), Ok(password), Ok(role), Ok(external_subject)) => Ok(NewUser {
                email,
                name: self.name,
                role,
                external_subject,
                password,
            }),
            _ => Err(Error::validation(mistakes)),
        }
    }
}

/// The endpoints.
pub struct UsersApi;

type OneUser<const OWN: u16 = 0> = Result<Json<UserOut>, ApiError<OWN>>;

#[OpenApi(tag = "Tag::Users")]
impl UsersApi {
    /// The tenant's users, oldest first; who may see only themselves gets a list of one.
    #[oai(path = "/users", method = "get", operation_id = "listUsers")]
    async fn list(
        &self,
        state: Data<&Arc<State>>,
        caller: KeyOrCaller,
        /// Entries of a page, 1 to 100.
        #[oai(default)]
        limit: Query<Limit>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Json<Page<UserOut>>, ApiError> {
        let users = Users::new(&state.deps, caller.0);
        let page = users.list(page_request(limit.0, cursor.0)).await?;
        Ok(Json(page.map(UserOut::from).into()))
    }

    /// Make a user with a role below the caller's. For admins.
    #[oai(path = "/users", method = "post", operation_id = "createUser")]
    async fn create(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The client's name for this request; the same request again with it gives the same answer, for 24 hours.
        #[oai(name = "Idempotency-Key", validator(min_length = 1, max_length = 255))]
        key: Header<Option<String>>,
        body: Body<UserIn>,
    ) -> Result<CreatedOnce<UserOut>, ApiError<{ CONFLICT | UNAVAILABLE }>> {
        let key = body.key(key.0, &caller.0);
        let new = body.0.parse()?;
        let users = Users::new(&state.deps, caller.0);
        let made = users.create(new, key.as_ref()).await?;
        Ok(CreatedOnce::at("/users", made, |user| user.id))
    }

    /// The caller.
    #[oai(path = "/users/me", method = "get", operation_id = "getMe")]
    async fn me(&self, state: Data<&Arc<State>>, caller: Caller) -> OneUser {
        let user = Users::new(&state.deps, caller.0).me().await?;
        Ok(Json(user.into()))
    }

    /// Change some of the caller's own profile.
    #[oai(path = "/users/me", method = "patch", operation_id = "updateMe")]
    async fn update_me(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        body: Body<ProfilePatch>,
    ) -> OneUser {
        let users = Users::new(&state.deps, caller.0);
        let me = users.me().await?;
        Ok(Json(users.rename(me.id, body.0.name).await?.into()))
    }

    /// Delete the caller's own account; needs a sign-in of the last ten minutes. What they made stays with the tenant.
    #[oai(path = "/users/me", method = "delete", operation_id = "deleteMe")]
    async fn delete_me(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
    ) -> Result<NoContent, ApiError<CONFLICT>> {
        Users::new(&state.deps, caller.0).delete_me().await?;
        Ok(NoContent::Done)
    }

    /// One user.
    #[oai(path = "/users/:id", method = "get", operation_id = "getUser")]
    async fn find(
        &self,
        state: Data<&Arc<State>>,
        caller: KeyOrCaller,
        /// The user's id.
        id: Path<Uuid>,
    ) -> OneUser {
        let user = Users::new(&state.deps, caller.0).find(id.0).await?;
        Ok(Json(user.into()))
    }

    /// Replace a user's profile: one's own, or that of somebody below.
    #[oai(path = "/users/:id", method = "put", operation_id = "replaceUser")]
    async fn replace(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The user's id.
        id: Path<Uuid>,
        body: Body<Profile>,
    ) -> OneUser {
        let users = Users::new(&state.deps, caller.0);
        Ok(Json(users.rename(id.0, Some(body.0.name)).await?.into()))
    }

    /// Change some of a user's profile: one's own, or that of somebody below.
    #[oai(path = "/users/:id", method = "patch", operation_id = "updateUser")]
    async fn update(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The user's id.
        id: Path<Uuid>,
        body: Body<ProfilePatch>,
    ) -> OneUser {
        let users = Users::new(&state.deps, caller.0);
        Ok(Json(users.rename(id.0, body.0.name).await?.into()))
    }

    /// Delete somebody below. What they made stays with the tenant; their sessions end. For admins.
    #[oai(path = "/users/:id", method = "delete", operation_id = "deleteUser")]
    async fn delete(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The user's id.
        id: Path<Uuid>,
    ) -> Result<NoContent, ApiError<CONFLICT>> {
        Users::new(&state.deps, caller.0).delete(id.0).await?;
        Ok(NoContent::Done)
    }
}
