//! `/api-keys`: credentials of programs. For signed-in people alone: a key makes no keys.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use uuid::Uuid;

use super::answers::NoContent;
use super::document::PREFIX;
use super::security::Caller;
use super::state::State;
use super::{ApiError, Body, CONFLICT, Cursor, Limit, Page, Tag, page_request};
use crate::domains::api_keys::{ApiKey, ApiKeys, IssuedKey, NewApiKey};

/// An API key, without the key.
#[derive(Object)]
#[oai(rename = "ApiKey")]
struct KeyOut {
    /// Its id.
    id: Uuid,
    /// What its owner calls it.
    name: String,
    /// How the key begins, to tell keys apart.
    prefix: String,
    /// Id of the user as whom it acts.
    owner_id: Uuid,
    /// The permissions that it is limited to; of these it has what its owner has.
    scopes: Vec<String>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it ends; `null` for never.
    #[oai(nullable)]
    expires_at: Option<DateTime<Utc>>,
    /// When it was last used, give or take a minute; `null` for never.
    #[oai(nullable)]
    last_used_at: Option<DateTime<Utc>>,
}

impl From<ApiKey> for KeyOut {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            owner_id: key.owner_id,
            scopes: key.scopes,
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
        }
    }
}

/// A key that was just made or rotated.
#[derive(Object)]
#[oai(rename = "ApiKeyIssued")]
struct IssuedOut {
    /// What is kept of it.
    api_key: KeyOut,
    /// For the header `X-API-Key`. It is shown this once.
    key: String,
}

impl From<IssuedKey> for IssuedOut {
    fn from(issued: IssuedKey) -> Self {
        Self {
            api_key: issued.key.into(),
            key: issued.secret.reveal(),
        }
    }
}

/// What makes an API key.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "ApiKeyNew")]
struct KeyIn {
    /// What to call it; 1 to 200 characters.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: String,
    /// Permissions to limit it to, such as `projects:read`; each must be the caller's own.
    #[oai(validator(min_items = 1, max_items = 100, unique_items))]
    scopes: Vec<String>,
    /// When it ends; never, if left out.
    expires_at: Option<DateTime<Utc>>,
}

/// A new key, which nobody on the way may keep.
#[derive(ApiResponse)]
enum Made {
    /// Made, or made before by the same request.
    #[oai(status = 201)]
    Now(
        Json<IssuedOut>,
        /// Path of what was made.
        #[oai(header = "Location")]
        String,
        /// `true` where this is the answer to an earlier request with the same key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
        /// Always `no-store`.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

/// A key in the place of another, which nobody on the way may keep.
#[derive(ApiResponse)]
enum Rotated {
    /// The old key is dead.
    #[oai(status = 200)]
    Now(
        Json<IssuedOut>,
        /// Always `no-store`.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

/// The endpoints.
pub struct ApiKeysApi;

#[OpenApi(tag = "Tag::ApiKeys")]
impl ApiKeysApi {
    /// The caller's API keys, oldest first; for admins, all of the tenant's.
    #[oai(path = "/api-keys", method = "get", operation_id = "listApiKeys")]
    async fn list(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// Entries of a page, 1 to 100.
        #[oai(default)]
        limit: Query<Limit>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Json<Page<KeyOut>>, ApiError> {
        let keys = ApiKeys::new(&state.deps, caller.0);
        let page = keys.list(page_request(limit.0, cursor.0)).await?;
        Ok(Json(page.map(KeyOut::from).into()))
    }

    /// Make an API key that acts as the caller, limited to some of their permissions. The key itself is shown this once.
    #[oai(path = "/api-keys", method = "post", operation_id = "createApiKey")]
    async fn create(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The client's name for this request; the same request again with it gives the same answer, for 24 hours.
        #[oai(name = "Idempotency-Key", validator(min_length = 1, max_length = 255))]
        key: Header<Option<String>>,
        body: Body<KeyIn>,
    ) -> Result<Made, ApiError<CONFLICT>> {
        let again = body.key(key.0, &caller.0);
        let new = NewApiKey {
            name: body.0.name,
            scopes: body.0.scopes,
            expires_at: body.0.expires_at,
        };
        let keys = ApiKeys::new(&state.deps, caller.0);
        let (issued, before) = keys.create(new, again.as_ref()).await?.into_parts();
        let location = format!("{PREFIX}/api-keys/{}", issued.key.id);
        let replayed = before.then_some(true);
        Ok(Made::Now(
            Json(issued.into()),
            location,
            replayed,
            no_store(),
        ))
    }

    /// One API key.
    #[oai(path = "/api-keys/:id", method = "get", operation_id = "getApiKey")]
    async fn find(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The API key's id.
        id: Path<Uuid>,
    ) -> Result<Json<KeyOut>, ApiError> {
        let key = ApiKeys::new(&state.deps, caller.0).find(id.0).await?;
        Ok(Json(key.into()))
    }

    /// Delete an API key. It is dead at once, on every node.
    #[oai(
        path = "/api-keys/:id",
        method = "delete",
        operation_id = "deleteApiKey"
    )]
    async fn delete(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The API key's id.
        id: Path<Uuid>,
    ) -> Result<NoContent, ApiError> {
        ApiKeys::new(&state.deps, caller.0).delete(id.0).await?;
        Ok(NoContent::Done)
    }

    /// Trade an API key for a new one with the same name, scopes and end. The old key is dead at once, on every node.
    #[oai(
        path = "/api-keys/:id/rotate",
        method = "post",
        operation_id = "rotateApiKey"
    )]
    async fn rotate(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The API key's id.
        id: Path<Uuid>,
    ) -> Result<Rotated, ApiError> {
        let issued = ApiKeys::new(&state.deps, caller.0).rotate(id.0).await?;
        Ok(Rotated::Now(Json(issued.into()), no_store()))
    }
}

fn no_store() -> String {
    "no-store".to_owned()
}
