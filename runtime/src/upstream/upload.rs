//! The body of a request to a backend: whole, or what the caller sends, as it arrives.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
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
    /// Who waits for the caller.
    sender: RefCell<Option<Waker>>,
    /// Who looks at the time, where that is somebody else.
    watcher: RefCell<Option<Waker>>,
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
            sender: RefCell::new(None),
            watcher: RefCell::new(None),
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
        if let Some(sender) = self.0.sender.take() {
            sender.wake();
        }
    }

    /// Ends what was begun of it: nobody wants the rest.
    pub(super) fn abandon(&self) {
        if self.touched() && self.fault().is_none() {
            self.give_up(Fault::Broken);
        }
    }

    /// Has this task look again when the caller begins to let everybody wait.
    pub(super) fn watch(&self, context: &Context<'_>) {
        keep(&self.0.watcher, context);
    }

    /// Begins to wait for the caller.
    fn wait(&self, context: &Context<'_>) {
        let state = &*self.0;
        keep(&state.sender, context);
        if state.waiting.get().is_none() {
            state.waiting.set(Some(Instant::now()));
            let watcher = state.watcher.take();
            if let Some(watcher) = watcher.filter(|one| !one.will_wake(context.waker())) {
                watcher.wake();
            }
        }
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Stopped>>> {
        let state = &*self.0;
        state.touched.set(true);
        if state.fault.get().is_some() {
            return Poll::Ready(Some(Err(Stopped)));
        }
        let polled = Pin::new(&mut *state.body.borrow_mut()).poll_frame(context);
        if polled.is_pending() {
            self.wait(context);
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

/// Remembers whom to wake.
fn keep(slot: &RefCell<Option<Waker>>, context: &Context<'_>) {
    let mut slot = slot.borrow_mut();
    if !slot.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
        *slot = Some(context.waker().clone());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Sender;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    /// A caller who sends nothing.
    struct Silent;

    impl Sender for Silent {
        fn poll_part(
            &self,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, crate::upstream::Stopped>>> {
            Poll::Pending
        }

        fn is_at_end(&self) -> bool {
            false
        }

        fn left(&self) -> SizeHint {
            SizeHint::default()
        }

        fn abandon(&self) {}
    }

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn who_looks_at_the_time_learns_of_a_wait_and_who_waits_of_its_end() {
        let upload = Upload::new(Arriving::from(Rc::new(Silent) as Rc<dyn Sender>), 10);
        let upload = upload.expect("its length is not known");
        let (watches, sends) = (Arc::<Count>::default(), Arc::<Count>::default());
        let woken = || (watches.0.load(Ordering::Relaxed), sends.0.load(Ordering::Relaxed));
        let (watcher, sender) = (Waker::from(watches.clone()), Waker::from(sends.clone()));
        let [mut watcher, mut sender] = [&watcher, &sender].map(Context::from_waker);
        upload.watch(&watcher);
        assert!(upload.poll(&mut sender).is_pending() && upload.due().is_some());
        assert_eq!(woken(), (1, 0));
        upload.watch(&watcher);
        assert!(upload.poll(&mut sender).is_pending());
        assert_eq!(woken(), (1, 0), "it waits for the same as before");
        upload.abandon();
        assert_eq!(woken(), (1, 1));
        assert!(upload.poll(&mut sender).is_ready());
        // Who does both has not to be woken.
        let alone = Upload::new(Arriving::from(Rc::new(Silent) as Rc<dyn Sender>), 10);
        let alone = alone.expect("its length is not known");
        alone.abandon();
        alone.watch(&watcher);
        assert!(alone.poll(&mut watcher).is_pending(), "nothing of it was begun before");
        assert_eq!(woken(), (1, 1));
    }
}
