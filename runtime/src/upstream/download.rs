//! What a backend answers, passed on as it arrives. Whoever takes it drives the connection.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::link::Link;
use super::replicas::Picked;
use super::upload::{Stopped, Upload};
use crate::contract::Backend;
use crate::observe;
use crate::pipe::{Pipe, Pours};
use crate::request::Identity;

/// How long a backend may send nothing of an answer that it has begun. Long enough for streams of
/// events with a sign of life now and then.
const PATIENCE: Duration = Duration::from_secs(120);

/// The body of a backend's answer and the connection that it comes over. Dropped before its end,
/// it takes the connection with it.
pub(crate) struct Download {
    /// Nothing once the body has ended.
    link: Option<Link>,
    /// When the wait for the backend ends, while it has sent less than it was asked for.
    patience: Option<Pin<Box<Sleep>>>,
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
    pub(super) fn new(link: Link, from: From) -> Download {
        Download { link: Some(link), patience: None, broken: false, from }
    }

    /// Gives the connection back, for the next request.
    fn done(&mut self) {
        if let (Some(link), Some(picked)) = (self.link.take(), self.from.picked.take()) {
            picked.pool.put(link);
        }
    }

    /// Waits for the backend, but not for ever.
    fn wait<T>(&mut self, context: &mut Context<'_>) -> Poll<T> {
        // It is the backend's turn from here on: before, the caller may have been slow.
        let due = || Box::pin(sleep_until(Instant::now() + PATIENCE));
        let patience = self.patience.get_or_insert_with(due);
        ready!(patience.as_mut().poll(context));
        // A caller who still sends is a sign of life too.
        let moved = self.from.upload.as_ref().map(Upload::moved);
        match moved.map(|moved| moved + PATIENCE).filter(|due| *due > Instant::now()) {
            Some(due) => {
                patience.as_mut().reset(due);
                context.waker().wake_by_ref();
                Poll::Pending
            }
            None => self.broke("nothing came for too long", context),
        }
    }

    /// Notes that it breaks off. What came before is sent first: whoever asks for more ends the
    /// caller's connection with what it still holds.
    fn broke<T>(&mut self, what: &str, context: &Context<'_>) -> Poll<T> {
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
        match link.poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                this.patience = None;
                if link.is_end_stream() {
                    // Nobody asks again once the announced length has come.
                    this.done();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(what))) => this.broke(&what, context),
            Poll::Ready(None) => {
                this.done();
                Poll::Ready(None)
            }
            Poll::Pending => this.wait(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        !self.broken && self.link.as_ref().is_none_or(Link::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.link {
            Some(link) => link.size_hint(),
            None if self.broken => SizeHint::default(),
            None => SizeHint::with_exact(0),
        }
    }
}

impl Pours for Download {
    fn pours(&self) -> u64 {
        match &self.link {
            Some(Link::One(one)) if !self.broken => one.pours(),
            _ => 0,
        }
    }

    fn poll_pour(
        &mut self,
        pipe: &mut Pipe,
        most: u64,
        context: &mut Context<'_>,
    ) -> Poll<Result<u64, Stopped>> {
        let Some(Link::One(one)) = &mut self.link else { return Poll::Ready(Ok(0)) };
        match one.poll_pour(pipe, most, context) {
            Poll::Ready(Ok(size)) => {
                self.patience = None;
                if one.is_end_stream() {
                    self.done();
                }
                Poll::Ready(Ok(size))
            }
            Poll::Ready(Err(what)) => self.broke(&what, context),
            Poll::Pending => self.wait(context),
        }
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("backend", &self.from.backend.name).finish_non_exhaustive()
    }
}
