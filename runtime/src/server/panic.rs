//! Keeps a panic inside the request that caused it.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use crate::observe;
use crate::request::Identity;

/// A request's work panicked. What it was has been logged where it happened.
pub(super) struct Panicked;

/// Waits for the future that `start` makes, and survives its panics. What it logs names the
/// request.
pub(super) async fn caught<T>(
    identity: &Rc<Identity>,
    start: impl FnOnce() -> Pin<Box<dyn Future<Output = T>>>,
) -> Result<T, Panicked> {
    let started = catch_unwind(AssertUnwindSafe(|| observe::within(identity, start)));
    let mut work = started.map_err(|_| Panicked)?;
    poll_fn(|context| {
        // The future is never polled again after a panic, and it shares nothing but cells whose
        // values are whole between any two statements.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            observe::within(identity, || work.as_mut().poll(context))
        }));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    })
    .await
}
