//! `/admin/impersonations`: operators acting as a tenant's user.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use uuid::Uuid;

use super::answers::NoContent;
use super::document::PREFIX;
use super::security::PlatformCaller;
use super::state::State;
use super::{ApiError, Body, CONFLICT, Cursor, Limit, Page, Tag, UNAVAILABLE, page_request};
use crate::domains::impersonation::{Impersonation, Impersonations, NewImpersonation, Started};
use crate::error::Error;
use crate::tenancy::Refusal;

/// Whom to act as, and why.
#[derive(Object)]
#[oai(deny_unknown_fields, rename = "ImpersonationNew")]
struct ImpersonationIn {
    /// Slug or id of the user's tenant.
    #[oai(validator(min_length = 1, max_length = 63))]
    tenant: String,
    /// The user's id; never an operator's.
    user_id: Uuid,
    /// Why, for both audit logs; 1 to 500 characters, not blank.
    #[oai(validator(min_length = 1, max_length = 500, pattern = r"\S"))]
    reason: String,
}

/// A token to act with. There is none to refresh it by.
#[derive(Object)]
#[oai(rename = "ImpersonationStarted")]
struct StartedOut {
    /// The impersonation's id, to end it by.
    id: Uuid,
    /// For the header `Authorization: Bearer …`, in the user's tenant. Its claim `act` names the operator.
    access_token: String,
    /// Always `Bearer`.
    token_type: String,
    /// Life of the access token, in seconds: at most 900.
    expires_in: i64,
    /// Id of the user's tenant.
    tenant_id: Uuid,
    /// The user's id.
    user_id: Uuid,
    /// When it ends.
    expires_at: DateTime<Utc>,
}

impl From<Started> for StartedOut {
    fn from(started: Started) -> Self {
        let Started {
            impersonation: it,
            access_token,
        } = started;
        Self {
            id: it.id,
            access_token,
            token_type: "Bearer".to_owned(),
            expires_in: (it.expires_at - it.created_at).num_seconds(),
            tenant_id: it.tenant_id.0,
            user_id: it.user_id,
            expires_at: it.expires_at,
        }
    }
}

/// An operator acting as a user, now or in the past.
#[derive(Object)]
#[oai(rename = "Impersonation")]
struct ImpersonationOut {
    /// Its id.
    id: Uuid,
    /// Id of the operator who acts.
    operator_id: Uuid,
    /// Id of the user's tenant.
    tenant_id: Uuid,
    /// Id of the user as whom they act.
    user_id: Uuid,
    /// The session among the user's in which they do.
    session_id: Uuid,
    /// Why.
    reason: String,
    /// Whether it goes on.
    running: bool,
    /// When it began.
    created_at: DateTime<Utc>,
    /// When it ends at the latest.
    expires_at: DateTime<Utc>,
    /// When it ended before that; `null` where it did not.
    #[oai(nullable)]
    ended_at: Option<DateTime<Utc>>,
}

impl ImpersonationOut {
    fn of(it: Impersonation, now: DateTime<Utc>) -> Self {
        Self {
            running: it.is_running(now),
            id: it.id,
            operator_id: it.operator_id,
            tenant_id: it.tenant_id.0,
            user_id: it.user_id,
            session_id: it.session_id,
            reason: it.reason,
            created_at: it.created_at,
            expires_at: it.expires_at,
            ended_at: it.ended_at,
        }
    }
}

/// A new token, which nobody on the way may keep.
#[derive(ApiResponse)]
enum Begun {
    /// Begun, or begun before by the same request.
    #[oai(status = 201)]
    Now(
        Json<StartedOut>,
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

/// The endpoints.
pub struct ImpersonationApi;

#[OpenApi(tag = "Tag::Impersonation")]
impl ImpersonationApi {
    /// Who acts and acted as whom, newest first. For operators.
    #[oai(
        path = "/admin/impersonations",
        method = "get",
        operation_id = "listImpersonations"
    )]
    async fn list(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// Entries of a page, 1 to 100.
        #[oai(default)]
        limit: Query<Limit>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Json<Page<ImpersonationOut>>, ApiError> {
        let all = Impersonations::new(&state.deps, &state.auth, caller.0);
        let page = all.list(page_request(limit.0, cursor.0)).await?;
        let now = state.deps.clock.now();
        Ok(Json(page.map(|it| ImpersonationOut::of(it, now)).into()))
    }

    /// Act as a tenant's user for 15 minutes. For operators who signed in within the last ten minutes. The user sees the session, and what ends
    /// theirs ends it, as does the operator's own sign-out. Passwords, addresses, second factors, API keys, roles and accounts stay out of reach.
    #[oai(
        path = "/admin/impersonations",
        method = "post",
        operation_id = "startImpersonation"
    )]
    async fn start(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The client's name for this request; the same request again with it gives the same answer, for 24 hours.
        #[oai(name = "Idempotency-Key", validator(min_length = 1, max_length = 255))]
        key: Header<Option<String>>,
        body: Body<ImpersonationIn>,
    ) -> Result<Begun, ApiError<{ CONFLICT | UNAVAILABLE }>> {
        let again = body.key(key.0, &caller.0);
        let tenant = body.0.tenant.parse();
        let new = NewImpersonation {
            tenant: tenant.map_err(|_| Error::from(Refusal::NotFound))?,
            user_id: body.0.user_id,
            reason: body.0.reason,
        };
        let all = Impersonations::new(&state.deps, &state.auth, caller.0);
        let (started, before) = all.start(new, again.as_ref()).await?.into_parts();
        let location = format!("{PREFIX}/admin/impersonations/{}", started.impersonation.id);
        Ok(Begun::Now(
            Json(started.into()),
            location,
            before.then_some(true),
            "no-store".to_owned(),
        ))
    }

    /// End an impersonation, at once and on every node. Can be repeated. For operators.
    #[oai(
        path = "/admin/impersonations/:id",
        method = "delete",
        operation_id = "endImpersonation"
    )]
    async fn end(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The impersonation's id.
        id: Path<Uuid>,
    ) -> Result<NoContent, ApiError> {
        let all = Impersonations::new(&state.deps, &state.auth, caller.0);
        all.end(id.0).await?;
        Ok(NoContent::Done)
    }
}
