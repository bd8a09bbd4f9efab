//! Runs an app on a listener, and ends without cutting anybody off.
//!
//! The first stop: not ready, go on answering until nothing is under way or the drain limit is over, then stop. The second stop: at once.

use std::io;
use std::time::Duration;

use poem::http::{HeaderValue, Version, header};
use poem::listener::TcpAcceptor;
use poem::{Endpoint, IntoResponse, Request, Response, Result};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::readiness::Readiness;

/// What connections get to close in good order once nothing is under way, or the drain limit is over.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves `app` until told to stop by `stops` (see [`crate::signals::stops`]); a closed channel stops too.
///
/// # Errors
/// The listener cannot be used.
pub async fn serve(
    listener: TcpListener,
    app: impl Endpoint + 'static,
    readiness: Readiness,
    drain_limit: Duration,
    mut stops: mpsc::Receiver<()>,
) -> io::Result<()> {
    let under_way = TaskTracker::new();
    let close = CancellationToken::new();
    let counted = Counted {
        inner: app,
        under_way: under_way.clone(),
        readiness: readiness.clone(),
    };
    let acceptor = TcpAcceptor::from_tokio(listener)?;
    let server = poem::Server::new_with_acceptor(acceptor).run_with_graceful_shutdown(
        counted,
        close.clone().cancelled_owned(),
        Some(FAREWELL),
    );
    tokio::pin!(server);

    tokio::select! {
        ended = &mut server => return ended,
        _ = stops.recv() => {}
    }
    readiness.drain();
    under_way.close();
    tracing::info!(limit_s = drain_limit.as_secs_f64(), "draining");

    tokio::select! {
        ended = &mut server => return ended,
        _ = stops.recv() => return Ok(()),
        drained = tokio::time::timeout(drain_limit, under_way.wait()) => {
            if drained.is_err() {
                tracing::warn!(under_way = under_way.len(), "drain limit is over, requests are cut off");
            }
        }
    }
    close.cancel();

    tokio::select! {
        ended = &mut server => ended,
        _ = stops.recv() => Ok(()),
    }
}

/// Knows how many requests are under way, and sends their connections away while draining.
struct Counted<E> {
    inner: E,
    under_way: TaskTracker,
    readiness: Readiness,
}

impl<E: Endpoint> Endpoint for Counted<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let _under_way = self.under_way.token();
        let persistent = request.version() == Version::HTTP_11;
        let mut response = self.inner.call(request).await?.into_response();
        if persistent && self.readiness.is_draining() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        Ok(response)
    }
}
