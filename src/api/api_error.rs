//! What an endpoint method fails with. Its type names the statuses that its own logic can give, so that the document claims no 409 where there is none.
//!
//! What the shell itself can answer (400, 413, 415 and 422 for a body, 401 and 403 for a credential, …) is added by `document`.

use poem::http::StatusCode;
use poem_openapi::ApiResponse;
use poem_openapi::registry::{
    MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry,
};
use poem_openapi::types::Type;

use super::problem::{MEDIA_TYPE, Problem, reason};
use crate::error::Error;

/// 400 beyond a body that cannot be read.
pub const MALFORMED: u16 = 1;
/// 401 where the operation has no security scheme of its own, such as a login.
pub const UNAUTHENTICATED: u16 = 1 << 1;
/// 403 where the operation has no security scheme of its own.
pub const FORBIDDEN: u16 = 1 << 2;
/// 404 where the path has no parameter.
pub const NOT_FOUND: u16 = 1 << 3;
/// 409
pub const CONFLICT: u16 = 1 << 4;
/// 410
pub const GONE: u16 = 1 << 5;
/// 422 where there is neither body nor query.
pub const INVALID: u16 = 1 << 6;
/// 429
pub const RATE_LIMITED: u16 = 1 << 7;
/// 503
pub const UNAVAILABLE: u16 = 1 << 8;

const STATUSES: [(u16, StatusCode); 9] = [
    (MALFORMED, StatusCode::BAD_REQUEST),
    (UNAUTHENTICATED, StatusCode::UNAUTHORIZED),
    (FORBIDDEN, StatusCode::FORBIDDEN),
    (NOT_FOUND, StatusCode::NOT_FOUND),
    (CONFLICT, StatusCode::CONFLICT),
    (GONE, StatusCode::GONE),
    (INVALID, StatusCode::UNPROCESSABLE_ENTITY),
    (RATE_LIMITED, StatusCode::TOO_MANY_REQUESTS),
    (UNAVAILABLE, StatusCode::SERVICE_UNAVAILABLE),
];

/// A failed operation. `OWN` are the statuses that its own logic can give: `ApiError<{ CONFLICT | GONE }>`.
///
/// Every slice's error becomes one by `?`.
#[derive(Debug)]
pub struct ApiError<const OWN: u16 = 0>(Error);

impl<E: Into<Error>, const OWN: u16> From<E> for ApiError<OWN> {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl<const OWN: u16> From<ApiError<OWN>> for poem::Error {
    fn from(error: ApiError<OWN>) -> Self {
        error.0.into()
    }
}

impl<const OWN: u16> ApiResponse for ApiError<OWN> {
    fn meta() -> MetaResponses {
        let own = STATUSES.iter().filter(|(bit, _)| OWN & bit != 0);
        MetaResponses {
            responses: own.map(|(_, status)| problem(*status)).collect(),
        }
    }

    fn register(registry: &mut Registry) {
        Problem::register(registry);
    }
}

/// The description of a problem answered with `status`.
pub(super) fn problem(status: StatusCode) -> MetaResponse {
    let headers = match status {
        StatusCode::UNAUTHORIZED => vec![header("WWW-Authenticate", String::schema_ref())],
        StatusCode::SERVICE_UNAVAILABLE => vec![header("Retry-After", u64::schema_ref())],
        StatusCode::TOO_MANY_REQUESTS => vec![
            header("Retry-After", u64::schema_ref()),
            header("RateLimit-Policy", String::schema_ref()),
            header("RateLimit", String::schema_ref()),
        ],
        _ => Vec::new(),
    };
    MetaResponse {
        description: reason(status),
        status: Some(status.as_u16()),
        status_range: None,
        content: vec![MetaMediaType {
            content_type: MEDIA_TYPE,
            schema: Problem::schema_ref(),
        }],
        headers,
    }
}

/// The description of a response header that is always there.
pub(super) fn header(name: &str, schema: MetaSchemaRef) -> MetaHeader {
    MetaHeader {
        name: name.to_owned(),
        description: None,
        required: true,
        deprecated: false,
        schema,
    }
}

/// The description of a response header that is there where it is needed.
pub(super) fn optional_header(name: &str) -> MetaHeader {
    MetaHeader {
        required: false,
        ..header(name, String::schema_ref())
    }
}
