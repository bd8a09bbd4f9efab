//! A connection's bytes: no client may be slower than its bounds, and what hyper answers by itself becomes a problem like every other failure.
//!
//! Invariant: waiting for a client ends, also in the middle of a head, between two requests and while it does not take its answer.

use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::alarm::Alarm;
use super::bounds::Bounds;
use super::pulse::Pulse;
use super::unread;
use crate::api::failure::Failure;

/// What the first bytes of HTTP/2 are.
const PREFACE: &[u8] = b"PRI";
/// How long a client that was refused may go on sending. Closing at once would reset the connection, and the answer with it.
const LINGER: Duration = Duration::from_secs(1);

/// See the module.
pub(super) struct Wire {
    stream: TcpStream,
    client: IpAddr,
    pulse: Arc<Pulse>,
    bounds: Bounds,
    http2: bool,
    /// When the next head began to come, and how many requests there had been.
    head: Option<(Instant, u64)>,
    reading: Alarm,
    /// Since when the client takes nothing.
    stuck: Option<(Instant, Alarm)>,
    /// What is still to be written in place of hyper's own answer.
    refusal: Option<Bytes>,
    /// Until when what still comes is read and thrown away.
    lingering: Option<Instant>,
}

impl Wire {
    pub(super) fn new(
        stream: TcpStream,
        client: IpAddr,
        pulse: Arc<Pulse>,
        bounds: Bounds,
    ) -> Self {
        Self {
            stream,
            client,
            pulse,
            bounds,
            http2: false,
            head: None,
            reading: Alarm::default(),
            stuck: None,
            refusal: None,
            lingering: None,
        }
    }

    /// Whether a head has come in part.
    fn is_in_head(&self) -> Option<Instant> {
        let (since, begun) = self.head?;
        (begun == self.pulse.begun()).then_some(since)
    }

    /// When waiting for the client ends; never while it waits for us.
    fn patience(&self) -> Option<Instant> {
        let quiet_since = self.pulse.quiet_since()?;
        Some(match self.is_in_head() {
            Some(since) => since + self.bounds.head,
            None if self.pulse.begun() == 0 => quiet_since + self.bounds.head,
            None => quiet_since + self.bounds.idle,
        })
    }

    fn note(&mut self, came: &[u8]) {
        if self.pulse.begun() == 0 && self.head.is_none() {
            self.http2 = came.starts_with(PREFACE);
        }
        // In HTTP/2 much comes that is no head; there only `idle` counts.
        let quiet = !self.http2 && self.pulse.quiet_since().is_some();
        if quiet && self.is_in_head().is_none() {
            self.head = Some((Instant::now(), self.pulse.begun()));
        }
    }

    /// The client was too slow. It is told so where it has begun to ask, as far as that goes at once.
    fn give_up(&self) -> io::Error {
        if self.is_in_head().is_some() {
            let told = unread::answer(&Failure::too_slow(), self.client);
            let _ = self.stream.try_write(&told);
        }
        io::ErrorKind::TimedOut.into()
    }

    /// Whether `written`, which hyper wants to write, is its own answer and another goes out in its place.
    fn is_replaced(&mut self, written: &[u8]) -> bool {
        if self.refusal.is_none() && !self.http2 && self.pulse.quiet_since().is_some() {
            let failure = unread::failure_of(written);
            self.refusal = failure.map(|failure| unread::answer(&failure, self.client));
        }
        self.refusal.is_some()
    }

    fn poll_refuse(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.refusal.as_mut()
            && rest.has_remaining()
        {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, rest))?;
            rest.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    /// What a write comes to, unless the client has taken nothing for too long.
    fn bound_write(
        &mut self,
        written: Poll<io::Result<usize>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let begin = || (Instant::now(), Alarm::default());
        let (since, alarm) = self.stuck.get_or_insert_with(begin);
        if alarm.is_over(*since + self.bounds.body, cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if let Poll::Ready(result) = Pin::new(&mut self.stream).poll_read(cx, buf) {
            self.note(&buf.filled()[before..]);
            return Poll::Ready(result);
        }
        let patience = self.patience();
        // hyper does not ask again when a request has ended, so the alarm is set while it is under way.
        let due = patience.unwrap_or_else(|| Instant::now() + self.bounds.idle);
        if self.reading.is_over(due, cx) && patience.is_some() {
            return Poll::Ready(Err(self.give_up()));
        }
        Poll::Pending
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_replaced(buf) {
            ready!(self.poll_refuse(cx))?;
            return Poll::Ready(Ok(buf.len()));
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.bound_write(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if bufs.first().is_some_and(|first| self.is_replaced(first)) {
            ready!(self.poll_refuse(cx))?;
            return Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()));
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.bound_write(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let until = if let Some(until) = self.lingering {
            until
        } else {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            if self.refusal.is_none() && !self.pulse.has_left_unread() {
                return Poll::Ready(Ok(()));
            }
            *self.lingering.insert(Instant::now() + LINGER)
        };
        let mut scratch = [0; 4096];
        while Instant::now() < until {
            let mut buf = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {}
                Poll::Ready(_) => break,
                Poll::Pending if self.reading.is_over(until, cx) => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }
}
