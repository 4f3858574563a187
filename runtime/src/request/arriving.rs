//! The body of a request while it comes over its connection.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::upstream::Stopped;

/// The body of a request, whatever the connection speaks. Dropped before its end, the rest is nobody's.
#[derive(Debug)]
pub(crate) enum Arriving {
    /// There is none, or nothing is left of it.
    Nothing,
    /// Over HTTP/1.1: read off the connection by whoever asks for more.
    One(Rest),
    /// Over HTTP/2.
    Two(Incoming),
}

/// What is read off a connection of HTTP/1.1 as a body.
pub(crate) trait Sender {
    /// The next part. Nothing once it has ended.
    fn poll_part(&self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Stopped>>>;
    /// Whether nothing is left of it.
    fn is_at_end(&self) -> bool;
    /// How much is left, as far as that was said.
    fn left(&self) -> SizeHint;
    /// Nobody asks for the rest.
    fn abandon(&self);
}

/// What is left of a body over HTTP/1.1.
pub(crate) struct Rest(Rc<dyn Sender>);

impl Drop for Rest {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rest").finish_non_exhaustive()
    }
}

impl Arriving {
    /// The body that `sender` reads, until its end.
    pub(crate) fn from(sender: Rc<dyn Sender>) -> Arriving {
        Arriving::One(Rest(sender))
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = Stopped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        match &mut *self {
            Arriving::Nothing => Poll::Ready(None),
            Arriving::One(Rest(sender)) => {
                let polled = sender.poll_part(context);
                if sender.is_at_end() {
                    // The connection may read another request before this is dropped.
                    *self = Arriving::Nothing;
                }
                polled
            }
            Arriving::Two(body) => Pin::new(body).poll_frame(context).map_err(|_| Stopped),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Arriving::Nothing => true,
            Arriving::One(Rest(sender)) => sender.is_at_end(),
            Arriving::Two(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Arriving::Nothing => SizeHint::with_exact(0),
            Arriving::One(Rest(sender)) => sender.left(),
            Arriving::Two(body) => body.size_hint(),
        }
    }
}
