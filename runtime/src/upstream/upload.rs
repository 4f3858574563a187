//! The body of a request to a backend: whole, or what the caller sends, as it arrives.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use crate::error::Kind;
use crate::request::Arriving;

/// How long a caller may send nothing of a body that it has begun.
const PATIENCE: Duration = Duration::from_secs(30);

/// The body of a request on its way to a backend.
pub(super) enum Sent {
    Whole(Bytes),
    Passed(Upload),
}

/// What a caller sends, passed on as it arrives. A clone is another handle to the same body.
#[derive(Clone)]
pub(crate) struct Upload(Rc<State>);

struct State {
    body: RefCell<Arriving>,
    /// The most bytes that are passed on.
    limit: usize,
    taken: Cell<usize>,
    /// Whether anybody has asked for a part of it: then it cannot be sent a second time.
    touched: Cell<bool>,
    /// Since when the caller has sent nothing, while the backend would take it.
    waiting: Cell<Option<Instant>>,
    /// When the last part was passed on.
    moved: Cell<Instant>,
    fault: Cell<Option<Fault>>,
}

/// Why the caller's body did not arrive whole.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// It has more bytes than this.
    TooLarge(usize),
    /// It ended early or is not framed well.
    Broken,
    /// Nothing of it came for too long.
    Slow,
}

impl Fault {
    /// What the caller is told.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Fault::TooLarge(limit) => Kind::BodyTooLarge { limit },
            Fault::Broken => Kind::Malformed("the body ended early"),
            Fault::Slow => Kind::Slow,
        }
    }
}

impl Upload {
    /// The body of a request, of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// When it says that it will be larger.
    pub(crate) fn new(body: Arriving, limit: usize) -> Result<Upload, Fault> {
        if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
            return Err(Fault::TooLarge(limit));
        }
        Ok(Upload(Rc::new(State {
            body: RefCell::new(body),
            limit,
            taken: Cell::new(0),
            touched: Cell::new(false),
            waiting: Cell::new(None),
            moved: Cell::new(Instant::now()),
            fault: Cell::new(None),
        })))
    }

    /// Whether a part of it may have been sent.
    pub(super) fn touched(&self) -> bool {
        self.0.touched.get()
    }

    /// What was wrong with it, so far.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.0.fault.get()
    }

    /// When the wait for the caller ends, if it is the caller who lets everybody wait.
    pub(super) fn due(&self) -> Option<Instant> {
        self.0.waiting.get().map(|since| since + PATIENCE)
    }

    /// When the last part of it was passed on.
    pub(super) fn moved(&self) -> Instant {
        self.0.moved.get()
    }

    /// Ends it for a reason.
    pub(super) fn give_up(&self, fault: Fault) {
        self.0.fault.set(Some(fault));
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        let state = &*self.0;
        state.touched.set(true);
        if state.fault.get().is_some() {
            return Poll::Ready(Some(Err(Stopped)));
        }
        let polled = Pin::new(&mut *state.body.borrow_mut()).poll_frame(context);
        if polled.is_pending() && state.waiting.get().is_none() {
            state.waiting.set(Some(Instant::now()));
        }
        let frame = ready!(polled);
        state.waiting.set(None);
        state.moved.set(Instant::now());
        Poll::Ready(match frame {
            None => None,
            Some(Ok(frame)) => {
                let size = frame.data_ref().map_or(0, Bytes::len);
                let taken = state.taken.get().saturating_add(size);
                state.taken.set(taken);
                if taken > state.limit {
                    state.fault.set(Some(Fault::TooLarge(state.limit)));
                    return Poll::Ready(Some(Err(Stopped)));
                }
                Some(Ok(frame))
            }
            Some(Err(_)) => {
                state.fault.set(Some(Fault::Broken));
                Some(Err(Stopped))
            }
        })
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("limit", &self.0.limit).finish_non_exhaustive()
    }
}

/// A body ended before its end.
#[derive(Debug)]
pub(crate) struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body ended early")
    }
}

impl std::error::Error for Stopped {}

impl Body for Upload {
    type Data = Bytes;
    type Error = Stopped;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        self.poll(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.body.borrow().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.body.borrow().size_hint()
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Stopped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        match &mut *self {
            Sent::Whole(body) if body.is_empty() => Poll::Ready(None),
            Sent::Whole(body) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(body))))),
            Sent::Passed(upload) => upload.poll(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Sent::Whole(body) => body.is_empty(),
            Sent::Passed(upload) => upload.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Sent::Whole(body) => SizeHint::with_exact(body.len() as u64),
            Sent::Passed(upload) => upload.size_hint(),
        }
    }
}
