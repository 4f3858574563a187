//! The body of an answer that is a stream: asks for items as fast as the caller takes them.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{Format, Making, Shared};
use crate::error::{Error, Kind};
use crate::observe;
use crate::request::Identity;
use crate::upstream::Stopped;

/// How long a stream of events may be silent before a comment says that it lives. Proxies and
/// callers give up what says nothing for a minute or so.
const SILENCE: Duration = Duration::from_secs(15);

/// A stream on its way to its caller. Dropped, it takes its calls with it.
pub(crate) struct Feed {
    shared: Rc<Shared>,
    /// Nothing once there are no more items.
    making: Option<Making>,
    /// Whether it ended before its end.
    broken: bool,
    /// Whether what was written before it broke has been handed over.
    flushed: bool,
    /// Nothing where silence cannot be broken.
    silence: Option<Pin<Box<Sleep>>>,
    identity: Rc<Identity>,
}

impl Feed {
    /// What `making` makes from here on; `ended` if it has ended already.
    pub(super) fn new(
        shared: Rc<Shared>,
        making: Making,
        ended: Option<Result<(), Error>>,
        identity: Rc<Identity>,
    ) -> Feed {
        let silence = (shared.format == Format::Events)
            .then(|| Box::pin(sleep_until(Instant::now() + SILENCE)));
        let making = Some(making);
        let mut feed = Feed { shared, making, broken: false, flushed: false, silence, identity };
        if let Some(ended) = ended {
            feed.end(ended);
        }
        feed
    }

    /// Notes how it ended. A caller who reads events is told why; whoever reads lines sees only
    /// that the connection breaks off.
    fn end(&mut self, ended: Result<(), Error>) {
        self.making = None;
        let Err(error) = ended else { return };
        self.broken = true;
        observe::within(&self.identity, || observe::broke_off(&error));
        if self.shared.format == Format::Events {
            let mut buffer = self.shared.buffer.borrow_mut();
            buffer.extend_from_slice(b"event: error\ndata: ");
            buffer.extend_from_slice(&error.into_document(self.identity.id()));
            buffer.extend_from_slice(b"\n\n");
        }
    }

    /// Lets items be made, as far as they can.
    fn make(&mut self, context: &mut Context<'_>) {
        let Some(making) = &mut self.making else { return };
        // What panicked is dropped at once, and what it shares is whole between two statements.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            observe::within(&self.identity, || making.as_mut().poll(context))
        }));
        match polled {
            Ok(Poll::Pending) => {}
            Ok(Poll::Ready(ended)) => self.end(ended),
            Err(_) => self.end(Err(Kind::Internal.into())),
        }
    }

    fn is_silent(&mut self, context: &mut Context<'_>) -> bool {
        let Some(silence) = &mut self.silence else { return false };
        if silence.as_mut().poll(context).is_pending() {
            return false;
        }
        silence.as_mut().reset(Instant::now() + SILENCE);
        true
    }
}

impl Body for Feed {
    type Data = Bytes;
    type Error = Stopped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        let this = &mut *self;
        this.make(context);
        let made = std::mem::take(&mut *this.shared.buffer.borrow_mut());
        if !made.is_empty() {
            if let Some(silence) = &mut this.silence {
                silence.as_mut().reset(Instant::now() + SILENCE);
            }
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from(made)))));
        }
        if this.making.is_some() {
            return match this.is_silent(context) {
                true => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b":\n\n"))))),
                false => Poll::Pending,
            };
        }
        if !this.broken {
            return Poll::Ready(None);
        }
        // What came before is sent first: an error ends the connection with what it still holds.
        if std::mem::replace(&mut this.flushed, true) {
            return Poll::Ready(Some(Err(Stopped)));
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("format", &self.shared.format).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::task::Waker;

    use http::HeaderMap;

    use super::*;

    /// A stream that never has an item, and has been silent for long.
    fn silent(format: Format) -> Feed {
        let (head, begun, buffer) = (Cell::new(None), Cell::new(true), RefCell::default());
        let shared = Rc::new(Shared { format, head, begun, buffer });
        let identity = Rc::new(Identity::of(&HeaderMap::new()));
        let mut feed = Feed::new(shared, Box::pin(std::future::pending()), None, identity);
        if let Some(silence) = &mut feed.silence {
            silence.as_mut().reset(Instant::now());
        }
        feed
    }

    /// What comes next, if anything does.
    fn next(feed: &mut Feed) -> Option<Bytes> {
        let mut context = Context::from_waker(Waker::noop());
        match Pin::new(feed).poll_frame(&mut context) {
            Poll::Ready(Some(Ok(frame))) => frame.into_data().ok(),
            _ => None,
        }
    }

    #[test]
    fn a_comment_breaks_the_silence_of_events_and_of_nothing_else() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let _inside = runtime.as_ref().expect("a runtime").enter();
        assert_eq!(next(&mut silent(Format::Lines)), None);
        let mut events = silent(Format::Events);
        let waited = runtime.as_ref().expect("a runtime").block_on(async {
            tokio::time::sleep(Duration::from_millis(2)).await;
            next(&mut events)
        });
        assert_eq!(waited.as_deref(), Some(b":\n\n".as_slice()));
        assert_eq!(next(&mut events), None, "once in a while is enough");
    }
}
