//! An answer's body on its way out: the request is under way until its last byte.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::body::{Body, Frame, SizeHint};

use super::pulse::UnderWay;

/// See the module.
pub(super) struct Answer {
    body: BoxBody<Bytes, io::Error>,
    _under_way: UnderWay,
}

impl Answer {
    /// What hyper sends for `response`.
    pub(super) fn of(response: poem::Response, under_way: UnderWay) -> hyper::Response<Self> {
        hyper::Response::from(response).map(|body| Self {
            body,
            _under_way: under_way,
        })
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
