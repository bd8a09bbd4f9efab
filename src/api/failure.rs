//! Every failure, the framework's own too, in the one form that is answered and logged.
//!
//! Of a failure of our own the caller learns nothing; its cause goes to the log.

use std::io;
use std::time::Duration;

use poem::error::{ReadBodyError, ResponseError};
use poem::http::{HeaderValue, StatusCode};
use poem_openapi::error::{ParseParamError, ParsePathError};

use crate::error::{Error, ErrorKind, FieldError};

/// When to come back where an unavailable part gives no time of its own.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What is answered, and what is logged.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) detail: String,
    pub(super) fields: Vec<FieldError>,
    pub(super) retry_after: Option<Duration>,
    /// The methods that a 405 must name.
    pub(super) allow: Option<HeaderValue>,
    /// For the log alone.
    pub(super) cause: Option<String>,
}

impl ResponseError for Error {
    fn status(&self) -> StatusCode {
        match self.kind() {
            ErrorKind::Malformed => StatusCode::BAD_REQUEST,
            ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
            ErrorKind::Forbidden => StatusCode::FORBIDDEN,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Conflict => StatusCode::CONFLICT,
            ErrorKind::Gone => StatusCode::GONE,
            ErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        if error.kind() == ErrorKind::Internal {
            return Self::internal(error.chain());
        }
        let status = error.status();
        let unavailable = error.kind() == ErrorKind::Unavailable;
        Self {
            fields: error.fields().to_vec(),
            retry_after: error.delay().or(unavailable.then_some(RETRY_AFTER)),
            cause: status.is_server_error().then(|| error.chain()),
            ..Self::new(status, error.code(), error.detail())
        }
    }
}

impl From<&poem::Error> for Failure {
    fn from(error: &poem::Error) -> Self {
        if let Some(ours) = error.downcast_ref::<Error>() {
            return ours.into();
        }
        if let Some(parameter) = error.downcast_ref::<ParseParamError>() {
            let pointer = format!("/{}", parameter.name);
            let mistake = FieldError::new(pointer, "invalid_parameter", parameter.reason.clone());
            return (&Error::validation(vec![mistake])).into();
        }
        if let Some(ReadBodyError::Io(error)) = error.downcast_ref()
            && error.kind() == io::ErrorKind::TimedOut
        {
            return Self::too_slow();
        }
        // What is named by a path that cannot be read does not exist.
        if error.is::<ParsePathError>() || error.is::<poem::error::ParsePathError>() {
            return Self::by_status(StatusCode::NOT_FOUND, error);
        }
        Self::by_status(error.status(), error)
    }
}

impl Failure {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            fields: Vec::new(),
            retry_after: None,
            allow: None,
            cause: None,
        }
    }

    /// A failure of our own.
    pub(super) fn internal(cause: String) -> Self {
        let told = Error::internal(cause.clone());
        Self {
            cause: Some(cause),
            ..Self::new(told.status(), told.code(), told.detail())
        }
    }

    /// An address longer than we read.
    pub(super) fn uri_too_long(limit: usize) -> Self {
        let detail = format!("expected at most {limit} bytes of path and query");
        Self::new(StatusCode::URI_TOO_LONG, "uri_too_long", detail)
    }

    /// A request that names several hosts.
    pub(super) fn several_hosts() -> Self {
        let detail = "expected one `Host`, found several; send one";
        Self::new(StatusCode::BAD_REQUEST, "malformed_request", detail)
    }

    /// A request that comes slower than it may.
    pub(super) fn too_slow() -> Self {
        let detail = "the request came too slowly, or not to its end; send it again";
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", detail)
    }

    /// A request whose head could not be read, by the status that it gets.
    pub(super) fn unread(status: StatusCode) -> Option<Self> {
        let (code, detail) = match status {
            StatusCode::BAD_REQUEST => (
                "malformed_request",
                "expected a request of HTTP/1.1; its first lines are none",
            ),
            StatusCode::URI_TOO_LONG => ("uri_too_long", "the path and query are too long"),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => (
                "headers_too_large",
                "expected at most 64 KiB and 100 lines of headers",
            ),
            _ => return None,
        };
        Some(Self::new(status, code, detail))
    }

    fn by_status(status: StatusCode, error: &poem::Error) -> Self {
        let (code, detail) = match status {
            StatusCode::BAD_REQUEST => ("malformed_request", error.to_string()),
            StatusCode::UNAUTHORIZED => (
                "unauthenticated",
                "a credential is needed: send `Authorization: Bearer <token>`".to_owned(),
            ),
            StatusCode::FORBIDDEN => ("forbidden", error.to_string()),
            StatusCode::NOT_FOUND => ("not_found", "there is nothing at this path".to_owned()),
            StatusCode::METHOD_NOT_ALLOWED => (
                "method_not_allowed",
                "this path exists, but not for this method; see `Allow`".to_owned(),
            ),
            StatusCode::PAYLOAD_TOO_LARGE => (
                "payload_too_large",
                "the body is larger than this path accepts".to_owned(),
            ),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => ("unsupported_media_type", error.to_string()),
            other if other.is_client_error() => ("request_refused", error.to_string()),
            _ => return Self::internal(error.to_string()),
        };
        Self::new(status, code, detail)
    }
}
