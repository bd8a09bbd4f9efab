//! `/auth/sessions`, `/users/{id}/sessions`: sign-ins, seen and ended.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use uuid::Uuid;

use super::answers::NoContent;
use super::security::Caller;
use super::state::State;
use super::{ApiError, Cursor, Limit, Page, Tag, page_request};
use crate::domains::auth::{AuthError, OpenSession, Sessions, Which};
use crate::pagination::PageRequest;

/// A sign-in that can go on.
#[derive(Object)]
#[oai(rename = "Session")]
struct SessionOut {
    /// Its id.
    id: Uuid,
    /// Whether it is the one that asks.
    current: bool,
    /// When the user signed in.
    created_at: DateTime<Utc>,
    /// When its tokens were last refreshed.
    last_used_at: DateTime<Utc>,
    /// When it ends, however often it is refreshed.
    ends_at: DateTime<Utc>,
    /// The client's address at the sign-in.
    #[oai(nullable)]
    address: Option<String>,
    /// The client's name for itself at the sign-in.
    #[oai(nullable)]
    user_agent: Option<String>,
    /// The operator who acts as the user in it; `null` for the user's own. It has no refresh token, and ends within 15 minutes.
    #[oai(nullable)]
    impersonator_id: Option<Uuid>,
}

impl SessionOut {
    fn of(session: OpenSession, current: Option<Uuid>) -> Self {
        Self {
            id: session.id,
            current: Some(session.id) == current,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            ends_at: session.ends_at,
            address: session.address,
            user_agent: session.user_agent,
            impersonator_id: session.impersonator_id,
        }
    }
}

async fn page_of(
    sessions: &Sessions<'_>,
    user: Uuid,
    request: PageRequest,
) -> Result<Json<Page<SessionOut>>, AuthError> {
    let current = sessions.current().ok();
    let page = sessions.list(user, request).await?;
    let page = page.map(|session| SessionOut::of(session, current));
    Ok(Json(page.into()))
}

/// The endpoints.
pub struct SessionsApi;

#[OpenApi]
impl SessionsApi {
    /// The caller's sessions, oldest first.
    #[oai(
        path = "/auth/sessions",
        method = "get",
        operation_id = "listOwnSessions",
        tag = "Tag::Auth"
    )]
    async fn list_own(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// Entries of a page, 1 to 100.
        #[oai(default)]
        limit: Query<Limit>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Json<Page<SessionOut>>, ApiError> {
        let sessions = Sessions::new(&state.deps, caller.0);
        let user = sessions.owner()?;
        Ok(page_of(&sessions, user, page_request(limit.0, cursor.0)).await?)
    }

    /// End all of the caller's sessions but the one that asks, at once and on every node.
    #[oai(
        path = "/auth/sessions",
        method = "delete",
        operation_id = "endOtherSessions",
        tag = "Tag::Auth"
    )]
    async fn end_others(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
    ) -> Result<NoContent, ApiError> {
        let sessions = Sessions::new(&state.deps, caller.0);
        let which = Which::AllBut(sessions.current()?);
        sessions.end(sessions.owner()?, which).await?;
        Ok(NoContent::Done)
    }

    /// End one of the caller's sessions, at once and on every node.
    #[oai(
        path = "/auth/sessions/:id",
        method = "delete",
        operation_id = "endOwnSession",
        tag = "Tag::Auth"
    )]
    async fn end_own(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The session's id.
        id: Path<Uuid>,
    ) -> Result<NoContent, ApiError> {
        let sessions = Sessions::new(&state.deps, caller.0);
        sessions.end(sessions.owner()?, Which::One(id.0)).await?;
        Ok(NoContent::Done)
    }

    /// A user's sessions, oldest first: one's own, or for admins anybody's.
    #[oai(
        path = "/users/:id/sessions",
        method = "get",
        operation_id = "listSessions",
        tag = "Tag::Users"
    )]
    async fn list(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The user's id.
        id: Path<Uuid>,
        /// Entries of a page, 1 to 100.
        #[oai(default)]
        limit: Query<Limit>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Json<Page<SessionOut>>, ApiError> {
        let sessions = Sessions::new(&state.deps, caller.0);
        Ok(page_of(&sessions, id.0, page_request(limit.0, cursor.0)).await?)
    }

    /// End all sessions of a user, at once and on every node: one's own, or those of somebody below.
    #[oai(
        path = "/users/:id/sessions",
        method = "delete",
        operation_id = "endSessions",
        tag = "Tag::Users"
    )]
    async fn end_all(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The user's id.
        id: Path<Uuid>,
    ) -> Result<NoContent, ApiError> {
        let sessions = Sessions::new(&state.deps, caller.0);
        sessions.end(id.0, Which::All).await?;
        Ok(NoContent::Done)
    }

    /// End one session of a user, at once and on every node: one's own, or that of somebody below.
    #[oai(
        path = "/users/:id/sessions/:sid",
        method = "delete",
        operation_id = "endSession",
        tag = "Tag::Users"
    )]
    async fn end_one(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The user's id.
        id: Path<Uuid>,
        /// The session's id.
        sid: Path<Uuid>,
    ) -> Result<NoContent, ApiError> {
        let sessions = Sessions::new(&state.deps, caller.0);
        sessions.end(id.0, Which::One(sid.0)).await?;
        Ok(NoContent::Done)
    }
}
