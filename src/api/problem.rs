//! The one answer for every failure: RFC 9457, `application/problem+json`.
//!
//! `type` is always `about:blank`, so `title` is the status in words and the meaning is in `code`: it is stable, and no page has to be kept for it.

use poem::http::{HeaderValue, StatusCode, header};
use poem::{Body, Response};
use poem_openapi::Object;
use poem_openapi::types::ToJSON;

use super::failure::Failure;
use super::request::RequestFacts;

/// The media type of every failure.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong (RFC 9457).
#[derive(Debug, Clone, Object)]
pub struct Problem {
    /// Always `about:blank`: the meaning is in `code`.
    r#type: String,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// For a person: what was expected, what came, what to do.
    detail: String,
    /// The path that was asked for.
    instance: String,
    /// Stable, `snake_case`; programs branch on it.
    code: String,
    /// Names this request in the log.
    request_id: String,
    /// The single mistakes, where there can be several.
    #[oai(default, skip_serializing_if_is_empty)]
    errors: Vec<ProblemField>,
}

/// One mistake.
#[derive(Debug, Clone, Object)]
pub struct ProblemField {
    /// JSON pointer (RFC 6901) into the request body; for a parameter a slash and its name.
    pointer: String,
    /// Stable, `snake_case`.
    code: String,
    /// What was expected, and what came.
    detail: String,
}

/// The body for `failure`, of the request with this path and id.
pub(super) fn text(failure: &Failure, instance: &str, request_id: &str) -> String {
    let problem = Problem {
        r#type: "about:blank".to_owned(),
        title: reason(failure.status).to_owned(),
        status: failure.status.as_u16(),
        detail: failure.detail.clone(),
        instance: instance.to_owned(),
        code: failure.code.to_owned(),
        request_id: request_id.to_owned(),
        errors: failure
            .fields
            .iter()
            .map(|field| ProblemField {
                pointer: field.pointer.clone(),
                code: field.code.to_owned(),
                detail: field.detail.clone(),
            })
            .collect(),
    };
    problem.to_json_string()
}

/// The answer for `failure`.
pub(super) fn answer(failure: &Failure, facts: &RequestFacts) -> Response {
    let text = text(failure, facts.path(), facts.request_id());
    let mut response = Response::builder()
        .status(failure.status)
        .content_type(MEDIA_TYPE)
        .body(Body::from_string(text));
    let headers = response.headers_mut();
    if failure.status == StatusCode::UNAUTHORIZED {
        let challenge = if facts.token_sent() {
            "Bearer error=\"invalid_token\""
        } else {
            "Bearer"
        };
        headers.insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static(challenge),
        );
    }
    if let Some(delay) = failure.retry_after {
        // A whole second at least: `Retry-After: 0` would invite a storm.
        let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    if let Some(allow) = &failure.allow {
        headers.insert(header::ALLOW, allow.clone());
    }
    response
}

/// The status in words.
pub(super) fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}
