//! Runs an app on a listener, and ends without cutting anybody off.
//!
//! The first stop: not ready, still taking connections for a notice, then finishing what is under way up to the drain limit. The second stop: at once.

mod alarm;
mod answer;
mod bounds;
mod connection;
mod intake;
mod pulse;
mod unread;
mod wire;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use poem::Endpoint;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

pub use bounds::Bounds;
use connection::Site;

use crate::readiness::Readiness;

/// Before the next try where the system has no room for one more connection.
const NO_ROOM: Duration = Duration::from_millis(200);
/// What handlers that are cut off get to let go of what they hold.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves `app` within `bounds` until told to stop by `stops` (see [`crate::signals::stops`]); a closed channel stops too.
///
/// # Errors
/// The listener cannot be used.
pub async fn serve(
    listener: TcpListener,
    app: impl Endpoint + 'static,
    readiness: Readiness,
    bounds: Bounds,
    mut stops: mpsc::Receiver<()>,
) -> io::Result<()> {
    let local = listener.local_addr()?;
    let mut connections = Connections {
        site: Arc::new(Site::new(app, bounds, readiness.clone(), local)),
        most: bounds.connections,
        tasks: JoinSet::new(),
        close: CancellationToken::new(),
    };
    tokio::select! {
        never = connections.take_in(&listener) => match never {},
        _ = stops.recv() => {}
    }
    readiness.drain();
    tokio::select! {
        () = connections.drain(listener, bounds) => {}
        _ = stops.recv() => {}
    }
    let _ = timeout(FAREWELL, connections.tasks.shutdown()).await;
    Ok(())
}

/// The connections that there are.
struct Connections<E> {
    site: Arc<Site<E>>,
    most: usize,
    tasks: JoinSet<()>,
    close: CancellationToken,
}

impl<E: Endpoint + 'static> Connections<E> {
    /// Takes connections in as long as it is polled, never more at once than there may be.
    async fn take_in(&mut self, listener: &TcpListener) -> Infallible {
        loop {
            tokio::select! {
                Some(_) = self.tasks.join_next() => {}
                accepted = listener.accept(), if self.tasks.len() < self.most => match accepted {
                    Ok((stream, peer)) => self.begin(stream, peer),
                    Err(error) => {
                        tracing::warn!(%error, connections = self.tasks.len(), "a connection could not be taken");
                        sleep(NO_ROOM).await;
                    }
                }
            }
        }
    }

    fn begin(&mut self, stream: TcpStream, peer: SocketAddr) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection was gone before it began");
            return;
        }
        // A token of its own, since each connection looks at it with each of its turns.
        let close = self.close.child_token();
        let site = Arc::clone(&self.site);
        self.tasks.spawn(site.serve(stream, peer, close));
    }

    /// Whoever sends requests here hears that they belong elsewhere; then the door is shut, idle connections end, and the others with their requests.
    async fn drain(&mut self, listener: TcpListener, bounds: Bounds) {
        let Bounds { notice, drain, .. } = bounds;
        let connections = self.tasks.len();
        let (notice_s, limit_s) = (notice.as_secs_f64(), drain.as_secs_f64());
        tracing::info!(connections, notice_s, limit_s, "draining");
        let _ = timeout(notice, self.take_in(&listener)).await;
        drop(listener);
        self.close.cancel();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(drain, all).await.is_err() {
            let connections = self.tasks.len();
            tracing::warn!(connections, "drain limit is over, requests are cut off");
        }
    }
}
