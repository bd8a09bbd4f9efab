//! The outermost layer: each request gets its facts and its span, each response its id and the headers that every response has, and the log one line.

use std::time::{Duration, Instant};

use ipnet::IpNet;
use poem::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, IntoResponse, Request, Response, Result};
use tracing::Instrument;

use super::limits;
use super::request::{REQUEST_ID, RequestFacts};

/// Headers of every response that does not say otherwise: answers are data for one caller, never a page.
pub(super) const DEFAULT_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
];

/// The outermost layer around `inner`.
pub(super) struct Boundary<E> {
    pub(super) inner: E,
    pub(super) trusted_proxies: Vec<IpNet>,
}

impl<E: Endpoint> Endpoint for Boundary<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let facts = RequestFacts::of(&request, &self.trusted_proxies);
        let mut line = LogLine::begin(request.method().clone(), facts.clone());
        let span = tracing::info_span!(
            target: "tenantry::http",
            "request",
            request_id = facts.request_id(),
            trace_id = facts.trace_id(),
        );
        request.set_data(facts.clone());
        let mut response = self
            .inner
            .call(request)
            .instrument(span)
            .await
            .map_or_else(poem::Error::into_response, IntoResponse::into_response);
        let headers = response.headers_mut();
        for (name, value) in DEFAULT_HEADERS {
            headers.entry(name).or_insert(value);
        }
        if let Some(standing) = facts.standing() {
            limits::tell(standing, headers);
        }
        headers.insert(REQUEST_ID, facts.request_id_header());
        line.status = Some(response.status());
        Ok(response)
    }
}

/// Writes one line when the request is over, also when it was cut off before its answer.
struct LogLine {
    begun: Instant,
    method: Method,
    facts: RequestFacts,
    status: Option<StatusCode>,
}

impl LogLine {
    fn begin(method: Method, facts: RequestFacts) -> Self {
        Self {
            begun: Instant::now(),
            method,
            facts,
            status: None,
        }
    }
}

macro_rules! write_line {
    ($level:ident, $line:expr, $status:expr) => {
        tracing::$level!(
            target: "tenantry::http",
            method = $line.method.as_str(),
            route = $line.facts.route(),
            status = $status,
            duration_ms = milliseconds($line.begun.elapsed()),
            request_id = $line.facts.request_id(),
            tenant = $line.facts.tenant(),
            user = $line.facts.user().map(tracing::field::display),
            client = $line.facts.client().map(tracing::field::display),
            trace_id = $line.facts.trace_id(),
            parent_id = $line.facts.parent_id(),
            code = $line.facts.failure().map(|(code, _)| *code),
            error = $line.facts.failure().and_then(|(_, cause)| cause.as_deref()),
            "request"
        )
    };
}

impl Drop for LogLine {
    fn drop(&mut self) {
        /// No status of HTTP: the client hung up, or the server's drain limit was over, before there was one.
        const CUT_OFF: u16 = 499;
        match self.status {
            Some(status) if status.is_server_error() => {
                write_line!(error, self, status.as_u16());
            }
            Some(status) => write_line!(info, self, status.as_u16()),
            None => {
                self.facts.set_failure("connection_closed", None);
                write_line!(info, self, CUT_OFF);
            }
        }
    }
}

/// To the microsecond.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
