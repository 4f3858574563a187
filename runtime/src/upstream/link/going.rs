//! The body of a request on its way out over HTTP/2.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::Reason;
use http::HeaderName;
use http_body::{Body, Frame, SizeHint};

use crate::http1::write::behind;
use crate::upstream::upload::Sent;

/// What goes out, and which fields may stand behind it.
pub(super) struct Going {
    pub(super) body: Sent,
    pub(super) announced: Vec<HeaderName>,
}

impl Body for Going {
    type Data = Bytes;
    /// What the backend is told when it ends before its end: that nobody wants the answer.
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        let Going { body, announced } = &mut *self;
        let upload = match body {
            Sent::Whole(whole) if whole.is_empty() => return Poll::Ready(None),
            Sent::Whole(whole) => {
                return Poll::Ready(Some(Ok(Frame::data(std::mem::take(whole)))));
            }
            Sent::Passed(upload) => upload,
        };
        let frame = match ready!(Pin::new(upload).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            Some(Err(_)) => return Poll::Ready(Some(Err(Reason::CANCEL.into()))),
            None => return Poll::Ready(None),
        };
        Poll::Ready(match frame.into_trailers() {
            Ok(fields) => {
                let fields = behind(fields, announced);
                (!fields.is_empty()).then(|| Ok(Frame::trailers(fields)))
            }
            Err(frame) => Some(Ok(frame)),
        })
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            Sent::Whole(body) => body.is_empty(),
            Sent::Passed(upload) => upload.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Sent::Whole(body) => SizeHint::with_exact(body.len() as u64),
            Sent::Passed(upload) => upload.size_hint(),
        }
    }
}
