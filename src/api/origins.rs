//! CORS for a list of exact origins.
//!
//! Another origin is served without CORS headers and its browser keeps the answer from it; it is not refused, for browsers name the origin of
//! a page of our own (`/docs`) too.

use std::collections::HashSet;

use poem::http::{HeaderValue, Method, header};
use poem::middleware::{Cors, CorsEndpoint};
use poem::{Endpoint, IntoResponse, Middleware, Request, Response, Result};

/// Response headers that a script of an allowed origin may read.
const EXPOSED: [&str; 7] = [
    "x-request-id",
    "location",
    "retry-after",
    "ratelimit",
    "ratelimit-policy",
    "idempotency-replayed",
    "www-authenticate",
];

/// `inner`, open to scripts of the allowed origins.
pub(super) struct Origins<E> {
    cors: CorsEndpoint<E>,
    same: E,
    allowed: HashSet<HeaderValue>,
}

impl<E: Endpoint + Clone> Origins<E> {
    pub(super) fn new(inner: E, origins: &[String]) -> Self {
        // What is no header value can be no browser's `Origin` either.
        let allowed: HashSet<HeaderValue> = origins
            .iter()
            .filter_map(|origin| HeaderValue::from_str(origin).ok())
            .collect();
        let cors = Cors::new()
            .allow_origins(allowed.iter().cloned())
            .allow_credentials(false)
            .expose_headers(EXPOSED)
            .max_age(600);
        Self {
            cors: cors.transform(inner.clone()),
            same: inner,
            allowed,
        }
    }

    fn is_cors(&self, request: &Request) -> bool {
        let headers = request.headers();
        let preflight = headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        headers
            .get(header::ORIGIN)
            .is_some_and(|origin| self.allowed.contains(origin))
            && (preflight || request.method() != Method::OPTIONS)
    }
}

impl<E: Endpoint + Clone> Endpoint for Origins<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let mut response = if !self.allowed.is_empty() && self.is_cors(&request) {
            self.cors.call(request).await?
        } else {
            self.same.call(request).await?.into_response()
        };
        if !self.allowed.is_empty() {
            let vary = HeaderValue::from_static("Origin");
            response.headers_mut().append(header::VARY, vary);
        }
        Ok(response)
    }
}
