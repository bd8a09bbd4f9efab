//! Answers to requests that could not be read, so that no endpoint ever sees them: written to the wire as they are, and logged like any other.

use std::fmt::Write as _;
use std::net::IpAddr;

use bytes::Bytes;
use poem::http::StatusCode;

use crate::api::boundary::DEFAULT_HEADERS;
use crate::api::failure::Failure;
use crate::api::problem::{self, MEDIA_TYPE};
use crate::api::request::{REQUEST_ID, new_request_id};
use crate::clock::Clock;

/// What hyper answers by itself, and closes: a head without a body, and without a request's id.
const BARE: &[u8] = b"HTTP/1.1 4";
const EMPTY: &[u8] = b"content-length: 0\r\n";
const BARE_AT_MOST: usize = 256;

/// The failure behind `written`, if that is an answer of hyper's own.
pub(super) fn failure_of(written: &[u8]) -> Option<Failure> {
    let has = |what: &[u8]| written.windows(what.len()).any(|part| part == what);
    let bare = written.starts_with(BARE)
        && written.len() <= BARE_AT_MOST
        && has(EMPTY)
        && !has(REQUEST_ID.as_bytes());
    let status = bare.then(|| written.get(9..12)).flatten()?;
    Failure::unread(StatusCode::from_bytes(status).ok()?)
}

/// The whole answer for `failure`, after which the connection ends; also leaves the request's line in the log.
pub(super) fn answer(failure: &Failure, client: IpAddr) -> Bytes {
    let status = failure.status.as_u16();
    let request_id = new_request_id();
    let request_id = request_id.to_str().unwrap_or_default();
    tracing::info!(
        target: "tenantry::http",
        status,
        request_id,
        client = %client.to_canonical(),
        code = failure.code,
        "request"
    );
    let body = problem::text(failure, "", request_id);
    let reason = problem::reason(failure.status);
    let date = Clock::system().now().format("%a, %d %b %Y %H:%M:%S GMT");
    let mut text = format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {}\r\nconnection: close\r\ndate: {date}\r\n{REQUEST_ID}: {request_id}\r\n",
        body.len()
    );
    for (name, value) in DEFAULT_HEADERS {
        let _ = write!(text, "{name}: {}\r\n", value.to_str().unwrap_or_default());
    }
    text.push_str("\r\n");
    text.push_str(&body);
    text.into()
}
