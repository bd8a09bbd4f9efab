//! A request's body on its way in, with an end to patience.
//!
//! Invariant: a body that comes slower than the bound fails with [`io::ErrorKind::TimedOut`], however little it sends in between.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Instant;

use super::alarm::Alarm;
use super::pulse::Pulse;

/// What a body must bring in a second once its bound is over, in bytes.
const PACE: u64 = 64 * 1024;

/// See the module.
pub(super) struct Intake {
    incoming: Incoming,
    pulse: Arc<Pulse>,
    begun: Instant,
    bound: Duration,
    received: u64,
    alarm: Alarm,
}

/// The body of one request, which gets `bound` and as much time as its size needs. One that has ended already costs nothing.
pub(super) fn body(incoming: Incoming, pulse: &Arc<Pulse>, bound: Duration) -> poem::Body {
    if incoming.is_end_stream() {
        return poem::Body::empty();
    }
    let intake = Intake {
        incoming,
        pulse: Arc::clone(pulse),
        begun: Instant::now(),
        bound,
        received: 0,
        alarm: Alarm::default(),
    };
    BoxBody::new(intake).into()
}

impl Body for Intake {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        match Pin::new(&mut this.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, Bytes::len);
                this.received += u64::try_from(length).unwrap_or(u64::MAX);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(io::Error::other(error)))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                let due = this.begun + this.bound + Duration::from_secs(this.received / PACE);
                if this.alarm.is_over(due, cx) {
                    Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())))
                } else {
                    Poll::Pending
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        if !self.incoming.is_end_stream() {
            self.pulse.leave_unread();
        }
    }
}
