//! What a backend answers, passed on as it arrives. Whoever takes it drives the connection.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use super::link::Link;
use super::replicas::Picked;
use super::upload::{Stopped, Upload};
use crate::contract::Backend;
use crate::observe;
use crate::request::Identity;

/// How long a backend may send nothing of an answer that it has begun. Long enough for streams of
/// events with a sign of life now and then.
const PATIENCE: Duration = Duration::from_secs(120);

/// The body of a backend's answer and the connection that it comes over. Dropped before its end,
/// it takes the connection with it.
pub(crate) struct Download {
    body: Incoming,
    /// Nothing once the body has ended.
    link: Option<Link>,
    patience: Pin<Box<Sleep>>,
    /// Whether the backend has been asked for more than it has sent.
    waiting: bool,
    /// Whether it ended before its end.
    broken: bool,
    from: From,
}

/// Where an answer comes from.
pub(super) struct From {
    /// The address; a request counts as on its way to it until the end.
    pub(super) picked: Option<Picked>,
    pub(super) backend: &'static Backend,
    pub(super) operation: &'static str,
    pub(super) identity: Rc<Identity>,
    /// The body that the caller may still be sending.
    pub(super) upload: Option<Upload>,
}

impl Download {
    pub(super) fn new(body: Incoming, link: Link, from: From) -> Download {
        let patience = Box::pin(sleep_until(Instant::now() + PATIENCE));
        Download { body, link: Some(link), patience, waiting: false, broken: false, from }
    }

    /// Gives the connection back, for the next request.
    fn done(&mut self) {
        if let (Some(link), Some(picked)) = (self.link.take(), self.from.picked.take()) {
            picked.pool.put(link);
        }
    }

    /// Notes that it breaks off. What came before is sent first: whoever asks for more ends the
    /// caller's connection with what it still holds.
    fn broke(
        &mut self,
        what: &str,
        context: &Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        self.link = None;
        self.broken = true;
        let From { backend, operation, identity, .. } = &self.from;
        observe::within(identity, || observe::cut_short(backend, operation, what));
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = Stopped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        let this = &mut *self;
        if this.broken {
            return Poll::Ready(Some(Err(Stopped)));
        }
        let Some(link) = &mut this.link else { return Poll::Ready(None) };
        link.drive(context);
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                this.waiting = false;
                if this.body.is_end_stream() {
                    // Nobody asks again once the announced length has come.
                    link.drive(context);
                    this.done();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                let what = super::link::describe(&error);
                this.broke(&what, context)
            }
            Poll::Ready(None) => {
                // The connection learns that it can carry another request.
                link.drive(context);
                this.done();
                Poll::Ready(None)
            }
            Poll::Pending => {
                // It is the backend's turn from here on: before, the caller may have been slow.
                if !std::mem::replace(&mut this.waiting, true) {
                    this.patience.as_mut().reset(Instant::now() + PATIENCE);
                }
                if this.patience.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                // A caller who still sends is a sign of life too.
                let moved = this.from.upload.as_ref().map(Upload::moved);
                match moved.map(|moved| moved + PATIENCE).filter(|due| *due > Instant::now()) {
                    Some(due) => {
                        this.patience.as_mut().reset(due);
                        context.waker().wake_by_ref();
                        Poll::Pending
                    }
                    None => this.broke("nothing came for too long", context),
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("backend", &self.from.backend.name).finish_non_exhaustive()
    }
}
