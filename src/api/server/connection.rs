//! One connection: HTTP/1.1, or HTTP/2 by prior knowledge, until either side has enough.
//!
//! Invariant: when the connection is over, so is every handler on it, which cancels its statement in PostgreSQL.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use poem::http::uri::Scheme;
use poem::http::{HeaderValue, Request, Response, Version, header};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, RequestParts};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::answer::Answer;
use super::bounds::Bounds;
use super::intake;
use super::pulse::Pulse;
use super::wire::Wire;
use crate::readiness::Readiness;

/// The most that a head may have, and what is buffered of an answer, in bytes.
const BUFFER: usize = 64 * 1024;
/// HTTP/2: requests at once on one connection.
const STREAMS: u32 = 100;
/// HTTP/2: the most that a head may have, in bytes.
const HEADER_LIST: u32 = 16 * 1024;
/// HTTP/2: requests that were taken back before we looked at them; more end the connection.
const TAKEN_BACK: usize = 20;

/// What all connections share.
pub(super) struct Site<E> {
    app: E,
    bounds: Bounds,
    readiness: Readiness,
    local: LocalAddr,
    builder: auto::Builder<TokioExecutor>,
}

impl<E: Endpoint + 'static> Site<E> {
    pub(super) fn new(app: E, bounds: Bounds, readiness: Readiness, local: SocketAddr) -> Self {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            // The wire has an eye on the time, with one timer for a connection instead of one for each request.
            .header_read_timeout(None)
            // A client that has closed its side has gone; see docs/adr/0016.
            .half_close(false)
            .max_buf_size(BUFFER);
        builder
            .http2()
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(HEADER_LIST)
            .max_pending_accept_reset_streams(TAKEN_BACK);
        Self {
            app,
            bounds,
            readiness,
            local: LocalAddr(local.into()),
            builder,
        }
    }

    /// Serves one connection to its end. With `close` it ends once nothing is under way.
    pub(super) async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        close: CancellationToken,
    ) {
        let pulse = Pulse::start();
        let wire = Wire::new(stream, peer.ip(), Arc::clone(&pulse), self.bounds);
        let service = service_fn(|request| Arc::clone(&self).answer(request, peer, &pulse));
        let connection = self.builder.serve_connection(TokioIo::new(wire), service);
        tokio::pin!(connection);
        let ended = tokio::select! {
            biased;
            ended = &mut connection => ended,
            () = close.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        // Asked again after an error, hyper would go on with what is under way, for nobody.
        if let Err(error) = ended {
            tracing::debug!(error, "a connection broke off");
        }
    }

    fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: SocketAddr,
        pulse: &Arc<Pulse>,
    ) -> impl Future<Output = Result<Response<Answer>, Infallible>> + use<E> {
        let under_way = pulse.begin();
        let (parts, body) = request.into_parts();
        let body = intake::body(body, pulse, self.bounds.body);
        let persistent = parts.version == Version::HTTP_11;
        let remote = RemoteAddr(peer.into());
        let parts = RequestParts::from((parts, self.local.clone(), remote, Scheme::HTTP));
        let request = poem::Request::from_parts(parts, body);
        async move {
            let mut response = self.app.get_response(request).await;
            let last = under_way.has_left_unread() || self.readiness.is_draining();
            if persistent && last {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            Ok(Answer::of(response, under_way))
        }
    }
}
