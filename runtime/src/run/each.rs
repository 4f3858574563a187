//! One call for each element of a list, some of them at once.

use std::cell::OnceCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{End, Pending};
use crate::error::Error;
use crate::result::Body;

/// How many calls of one list are on their way at the same moment: a request takes no more
/// connections of a backend than that for one line of its contract.
const AT_ONCE: usize = 16;

/// The bodies of the results of one list, which are parsed in place.
#[derive(Debug, Default)]
pub struct Bodies(OnceCell<Box<[Body]>>);

impl Bodies {
    /// No bodies yet.
    pub const fn new() -> Bodies {
        Bodies(OnceCell::new())
    }

    /// A body per element. How many there are is decided by the first who asks.
    pub fn of(&self, count: usize) -> &[Body] {
        self.0.get_or_init(|| (0..count).map(|_| Body::new()).collect())
    }
}

/// A result per element, none of them there yet.
#[inline]
pub fn results<T>(count: usize) -> Vec<Pending<T>> {
    (0..count).map(|_| Pending::new()).collect()
}

/// All results in the order of the elements; nothing if one has none.
#[inline]
pub fn collected<T>(results: Vec<Pending<T>>) -> Option<Vec<T>> {
    results.into_iter().map(Pending::into_result).collect()
}

/// Does `work` for every element, with a place for its body and one for its result. At most
/// sixteen calls are on their way at the same moment, started in the order of the elements.
///
/// After a failure no further call is started, and those of later elements are dropped. Those of
/// earlier ones are waited for: the first failure in the order of the elements is the end, whichever
/// came first in time.
#[inline]
pub async fn each<'b, 'p, I, T, F>(
    elements: I,
    (bodies, results): (&'b [Body], &'p [Pending<T>]),
    mut work: impl FnMut(I::Item, &'b Body, &'p Pending<T>) -> F,
) -> End
where
    I: Iterator,
    F: Future<Output = End>,
{
    let mut places = elements.zip(bodies.iter().zip(results));
    let mut running = Running { calls: Vec::new(), started: 0, failed: None };
    poll_fn(|context| {
        loop {
            while running.has_room() {
                let Some((element, (body, result))) = places.next() else { break };
                running.start(Box::pin(work(element, body, result)));
            }
            if !running.advance(context) {
                break;
            }
        }
        running.end()
    })
    .await
}

/// Calls on their way, in the order of their elements.
struct Running<F> {
    calls: Vec<(usize, Pin<Box<F>>)>,
    started: usize,
    /// The first failure in the order of the elements so far.
    failed: Option<(usize, Error)>,
}

impl<F: Future<Output = End>> Running<F> {
    fn has_room(&self) -> bool {
        self.failed.is_none() && self.calls.len() < AT_ONCE
    }

    fn start(&mut self, call: Pin<Box<F>>) {
        self.calls.push((self.started, call));
        self.started += 1;
    }

    /// Polls every call once. True if one ended, which may make room for another.
    fn advance(&mut self, context: &mut Context<'_>) -> bool {
        let before = self.calls.len();
        let failed = &mut self.failed;
        self.calls.retain_mut(|(at, call)| {
            if failed.as_ref().is_some_and(|(first, _)| first < at) {
                return false;
            }
            match call.as_mut().poll(context) {
                Poll::Pending => true,
                Poll::Ready(End::Done | End::NotMade) => false,
                Poll::Ready(End::Failed(error)) => {
                    *failed = Some((*at, error));
                    false
                }
            }
        });
        self.calls.len() < before
    }

    fn end(&mut self) -> Poll<End> {
        if !self.calls.is_empty() {
            return Poll::Pending;
        }
        Poll::Ready(match self.failed.take() {
            Some((_, error)) => End::Failed(error),
            None => End::Done,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::error::Problem;

    static BUSY: Problem = Problem { status: 409, kind: "urn:problem:t:busy", title: "busy" };
    static GONE: Problem = Problem { status: 410, kind: "urn:problem:t:gone", title: "gone" };

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
    }

    async fn turns(count: usize) {
        for _ in 0..count {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn results_are_in_the_order_of_the_elements_and_few_calls_run_at_once() {
        let (running, most) = (&Cell::new(0_usize), &Cell::new(0_usize));
        let bodies = Bodies::new();
        let places = results(50);
        let end =
            block_on(each(0..50_usize, (bodies.of(50), &places), |at, _, result| async move {
                running.set(running.get() + 1);
                most.set(most.get().max(running.get()));
                turns(1 + (50 - at) % 7).await;
                running.set(running.get() - 1);
                result.set(Some(at * 2));
                End::Done
            }));
        assert!(matches!(end, End::Done));
        assert_eq!(most.get(), AT_ONCE);
        assert_eq!(collected(places), Some((0..50).map(|at| at * 2).collect()));
    }

    #[test]
    fn the_first_failure_in_the_order_of_the_elements_wins() {
        let started = &Cell::new(0);
        let bodies = Bodies::new();
        let places = results::<()>(40);
        let end = block_on(each(0..40, (bodies.of(40), &places), |at, _, _| async move {
            started.set(started.get() + 1);
            match at {
                3 => {
                    turns(9).await;
                    End::Failed(Error::declared(&GONE))
                }
                7 => End::Failed(Error::declared(&BUSY)),
                _ => {
                    turns(4).await;
                    End::Done
                }
            }
        }));
        let End::Failed(error) = end else { panic!("{end:?}") };
        assert_eq!(error.status(), 410);
        assert_eq!(started.get(), 8, "nothing is started after a failure");
    }

    #[test]
    fn nothing_is_done_for_an_empty_list() {
        let bodies = Bodies::new();
        let places = results::<u8>(0);
        let end =
            block_on(each(std::iter::empty::<u8>(), (bodies.of(0), &places), |_, _, _| async {
                End::Done
            }));
        assert!(matches!(end, End::Done));
        assert_eq!(collected(places), Some(Vec::new()));
    }
}
