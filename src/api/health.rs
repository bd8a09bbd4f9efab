//! Liveness and readiness. Liveness says that the process answers and asks nobody; readiness reads what the parts reported.

use std::collections::BTreeMap;
use std::time::Duration;

use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};

use super::api_error::{ApiError, UNAVAILABLE};
use super::document::Tag;
use crate::error::{Error, ErrorKind, FieldError};
use crate::readiness::{PartState, Readiness};

/// How often a probe is worth repeating.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// `/health` and `/health/ready`.
pub(super) struct HealthApi {
    pub(super) readiness: Readiness,
}

/// A process that lives.
#[derive(Debug, Object)]
struct Alive {
    /// Always `up`.
    status: String,
}

/// A process that may be sent requests.
#[derive(Debug, Object)]
struct Ready {
    /// Always `ready`.
    status: String,
    /// Every part with its state: `up`.
    parts: BTreeMap<String, String>,
}

#[expect(
    clippy::unused_async,
    reason = "endpoints are async, also those that wait for nothing"
)]
#[OpenApi(tag = "Tag::Health")]
impl HealthApi {
    /// Liveness
    ///
    /// Answers as long as the process can; a failure means restart it. Asks neither the database nor anything else.
    #[oai(path = "/health", method = "get", operation_id = "health")]
    async fn live(&self) -> Json<Alive> {
        Json(Alive {
            status: "up".to_owned(),
        })
    }

    /// Readiness
    ///
    /// Whether requests may be sent here. 503 while a part is not up, while migrating and while draining; `errors` names the parts.
    #[oai(path = "/health/ready", method = "get", operation_id = "health_ready")]
    async fn ready(&self) -> Result<Json<Ready>, ApiError<UNAVAILABLE>> {
        if !self.readiness.is_ready() {
            return Err(not_ready(&self.readiness).into());
        }
        let parts = self.readiness.parts();
        Ok(Json(Ready {
            status: "ready".to_owned(),
            parts: parts
                .into_iter()
                .map(|(part, state)| (part.to_owned(), state.as_str().to_owned()))
                .collect(),
        }))
    }
}

fn not_ready(readiness: &Readiness) -> Error {
    let parts = readiness.parts();
    let states: Vec<String> = parts
        .iter()
        .map(|(part, state)| format!("{part} is {}", state.as_str()))
        .collect();
    let (code, first) = if readiness.is_draining() {
        ("draining", "this process is about to stop")
    } else {
        ("not_ready", "this process cannot serve yet")
    };
    let waiting = parts
        .into_iter()
        .filter(|(_, state)| *state != PartState::Up);
    let fields = waiting.map(|(part, state)| {
        let detail = format!("expected up, is {}", state.as_str());
        FieldError::new(format!("/parts/{part}"), state.as_str(), detail)
    });
    Error::new(
        ErrorKind::Unavailable,
        code,
        format!("{first}: {}", states.join(", ")),
    )
    .with_fields(fields.collect())
    .retry_after(PROBE_INTERVAL)
}
