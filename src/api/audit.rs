//! `/audit`: the tenant's own log.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::{Binary, Json};
use poem_openapi::{ApiResponse, Enum, OpenApi, ResponseContent};
use uuid::Uuid;

use super::audit_bodies::{EntryOut, VerdictOut};
use super::audit_export::{Form, stream};
use super::security::Caller;
use super::state::State;
use super::{ApiError, Cursor, Limit, Page, Tag, page_request};
use crate::domains::audit::{Audit, Filter};

/// How an export is written.
#[derive(Enum, Clone, Copy, Default)]
#[oai(rename = "AuditExportFormat", rename_all = "snake_case")]
enum FormatIn {
    /// A JSON object a line, as `GET /audit/logs` shows them.
    #[default]
    Ndjson,
    /// For spreadsheets.
    Csv,
}

/// The exported log.
#[derive(ResponseContent)]
enum ExportBody {
    #[oai(content_type = "application/x-ndjson")]
    Ndjson(Binary<poem::Body>),
    #[oai(content_type = "text/csv")]
    Csv(Binary<poem::Body>),
}

#[derive(ApiResponse)]
enum ExportOut {
    /// The entries, oldest first. If it breaks off, it is not whole.
    #[oai(status = 200)]
    Whole(
        ExportBody,
        /// Names the file.
        #[oai(header = "Content-Disposition")]
        String,
    ),
}

/// The endpoints.
pub struct AuditApi;

#[OpenApi(tag = "Tag::Audit")]
impl AuditApi {
    /// The tenant's log, newest first. All filters that are given must hold. For admins.
    #[oai(path = "/audit/logs", method = "get", operation_id = "listAuditLogs")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each filter is a parameter of the document"
    )]
    async fn list(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// By this user, operator or key.
        actor: Query<Option<Uuid>>,
        /// Of this action, such as `project.created`.
        #[oai(validator(max_length = 100, pattern = r"^[a-z_]+\.[a-z_]+$"))]
        action: Query<Option<String>>,
        /// To this kind of thing, such as `project`.
        #[oai(validator(max_length = 100, pattern = "^[a-z_]+$"))]
        resource: Query<Option<String>>,
        /// To the thing with this id.
        resource_id: Query<Option<Uuid>>,
        /// At this time or later.
        from: Query<Option<DateTime<Utc>>>,
        /// Before this time.
        to: Query<Option<DateTime<Utc>>>,
        /// Entries of a page, 1 to 100.
        #[oai(default)]
        limit: Query<Limit>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<Cursor>>,
    ) -> Result<Json<Page<EntryOut>>, ApiError> {
        let filter = Filter {
            actor: actor.0,
            action: action.0,
            resource: resource.0,
            resource_id: resource_id.0,
            from: from.0,
            to: to.0,
        };
        let audit = Audit::new(&state.deps, caller.0);
        let page = audit.list(&filter, page_request(limit.0, cursor.0)).await?;
        Ok(Json(page.map(EntryOut::from).into()))
    }

    /// One entry of the tenant's log. For admins.
    #[oai(path = "/audit/logs/:id", method = "get", operation_id = "getAuditLog")]
    async fn find(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// The entry's id.
        id: Path<Uuid>,
    ) -> Result<Json<EntryOut>, ApiError> {
        let audit = Audit::new(&state.deps, caller.0);
        Ok(Json(audit.find(id.0).await?.into()))
    }

    /// The tenant's log as a file, oldest first, with the filters of `GET /audit/logs`. It is sent while it is read, so a failure on the way breaks the
    /// answer off: what ended by itself is whole. In CSV, a cell that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or a
    /// line break) gets a `'` in front; NDJSON has every value as it is. For admins.
    #[oai(path = "/audit/export", method = "get", operation_id = "exportAudit")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each filter is a parameter of the document"
    )]
    async fn export(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
        /// How it is written.
        #[oai(default)]
        format: Query<FormatIn>,
        /// By this user, operator or key.
        actor: Query<Option<Uuid>>,
        /// Of this action, such as `project.created`.
        #[oai(validator(max_length = 100, pattern = r"^[a-z_]+\.[a-z_]+$"))]
        action: Query<Option<String>>,
        /// To this kind of thing, such as `project`.
        #[oai(validator(max_length = 100, pattern = "^[a-z_]+$"))]
        resource: Query<Option<String>>,
        /// To the thing with this id.
        resource_id: Query<Option<Uuid>>,
        /// At this time or later.
        from: Query<Option<DateTime<Utc>>>,
        /// Before this time.
        to: Query<Option<DateTime<Utc>>>,
    ) -> Result<ExportOut, ApiError> {
        let filter = Filter {
            actor: actor.0,
            action: action.0,
            resource: resource.0,
            resource_id: resource_id.0,
            from: from.0,
            to: to.0,
        };
        let export = Audit::new(&state.deps, caller.0).export(filter)?;
        let (body, name) = match format.0 {
            FormatIn::Ndjson => {
                let body = stream(export, Form::Ndjson).await?;
                (ExportBody::Ndjson(Binary(body)), "audit.ndjson")
            }
            FormatIn::Csv => {
                let body = stream(export, Form::Csv).await?;
                (ExportBody::Csv(Binary(body)), "audit.csv")
            }
        };
        let disposition = format!("attachment; filename=\"{name}\"");
        Ok(ExportOut::Whole(body, disposition))
    }

    /// Whether the log is whole. Every entry carries a hash of itself and of the entry before; this computes all of them anew and tells the first entry that
    /// was altered, removed or inserted. For admins.
    #[oai(path = "/audit/verify", method = "get", operation_id = "verifyAudit")]
    async fn verify(
        &self,
        state: Data<&Arc<State>>,
        caller: Caller,
    ) -> Result<Json<VerdictOut>, ApiError> {
        let audit = Audit::new(&state.deps, caller.0);
        Ok(Json(audit.verify().await?.into()))
    }
}
