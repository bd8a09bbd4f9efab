//! `/operations`: how work goes that a request asked for.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use serde_json::Value;
use uuid::Uuid;

use super::document::PREFIX;
use super::security::PlatformCaller;
use super::state::State;
use super::{ApiError, Tag};
use crate::domains::idempotency::Once;
use crate::domains::operations::{Operation, Operations, Status, Step};

/// Where an operation or a step stands.
#[derive(Enum)]
#[oai(rename = "OperationStatus", rename_all = "snake_case")]
enum StatusOut {
    /// At work, or waiting for the step before.
    Running,
    /// Done.
    Succeeded,
    /// It came to nothing.
    Failed,
}

/// One part of the work.
#[derive(Object)]
#[oai(rename = "OperationStep")]
struct StepOut {
    /// What it does.
    name: String,
    /// Where it stands.
    status: StatusOut,
}

/// Work that a request asked for.
#[derive(Object)]
#[oai(rename = "Operation")]
pub(super) struct OperationOut {
    /// Its id.
    id: Uuid,
    /// What it does, for example `tenant.register`.
    kind: String,
    /// Where it stands.
    status: StatusOut,
    /// Its parts, in order.
    steps: Vec<StepOut>,
    /// What it gave; left out where there is nothing but its end.
    #[oai(skip_serializing_if_is_none)]
    result: Option<Value>,
    /// Why it came to nothing; left out unless it did.
    #[oai(skip_serializing_if_is_none)]
    error: Option<String>,
    /// When it was asked for.
    created_at: DateTime<Utc>,
    /// When it last went on.
    updated_at: DateTime<Utc>,
}

impl From<Status> for StatusOut {
    fn from(status: Status) -> Self {
        match status {
            Status::Running => Self::Running,
            Status::Succeeded => Self::Succeeded,
            Status::Failed => Self::Failed,
        }
    }
}

impl From<Step> for StepOut {
    fn from(step: Step) -> Self {
        Self {
            name: step.name,
            status: step.status.into(),
        }
    }
}

impl From<Operation> for OperationOut {
    fn from(operation: Operation) -> Self {
        Self {
            id: operation.id,
            kind: operation.kind,
            status: operation.status.into(),
            steps: operation.steps.into_iter().map(StepOut::from).collect(),
            result: operation.result,
            error: operation.error,
            created_at: operation.created_at,
            updated_at: operation.updated_at,
        }
    }
}

/// 202 for work that goes on.
#[derive(ApiResponse)]
pub(super) enum Begun {
    /// Begun, or begun before by the same request.
    #[oai(status = 202)]
    Accepted(
        Json<OperationOut>,
        /// Path of the operation.
        #[oai(header = "Location")]
        String,
        /// `true` where this is the answer to an earlier request with the same key.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
}

impl From<Once<Operation>> for Begun {
    fn from(begun: Once<Operation>) -> Self {
        let (operation, before) = begun.into_parts();
        let location = format!("{PREFIX}/operations/{}", operation.id);
        Self::Accepted(Json(operation.into()), location, before.then_some(true))
    }
}

/// The endpoints.
pub struct OperationsApi;

#[OpenApi(tag = "Tag::Operations")]
impl OperationsApi {
    /// One operation, for who asked for it and for operators.
    #[oai(
        path = "/operations/:id",
        method = "get",
        operation_id = "getOperation"
    )]
    async fn find(
        &self,
        state: Data<&Arc<State>>,
        caller: PlatformCaller,
        /// The operation's id.
        id: Path<Uuid>,
    ) -> Result<Json<OperationOut>, ApiError> {
        let operations = Operations::new(&state.deps, caller.0);
        Ok(Json(operations.find(id.0).await?.into()))
    }
}
