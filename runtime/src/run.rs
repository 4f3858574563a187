//! Runs the calls of an endpoint: all that can run at once, in the order that the data asks.

mod each;

use std::cell::OnceCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::Error;

pub use each::{Bodies, collected, each, results};

/// How one step of an endpoint ended.
#[derive(Debug)]
pub enum End {
    /// Its result is there, or a value stands in for it.
    Done,
    /// Its condition did not hold, or nobody needs its result.
    NotMade,
    /// It failed, and the endpoint with it.
    Failed(Error),
}

/// One step of an endpoint: a call and what is made of its result.
pub struct Step<'f> {
    /// The work. It may wait for another step's [`Pending`] result.
    pub call: Pin<&'f mut dyn Future<Output = End>>,
    /// Whether its failure can fail the endpoint.
    pub required: bool,
}

impl fmt::Debug for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step").field("required", &self.required).finish_non_exhaustive()
    }
}

/// The result of a step, for the steps that wait for it. It is set once.
#[derive(Debug, Default)]
pub struct Pending<T>(OnceCell<Option<T>>);

impl<T> Pending<T> {
    /// A result that is not there yet.
    #[inline]
    pub const fn new() -> Pending<T> {
        Pending(OnceCell::new())
    }

    /// Gives the result to those who wait; `None` says that there is none. The first one counts.
    #[inline]
    pub fn set(&self, result: Option<T>) {
        let _ = self.0.set(result);
    }

    /// The result, if it is there already.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        self.0.get().and_then(Option::as_ref)
    }

    /// The result, once nobody waits for it any more.
    #[inline]
    pub fn into_result(self) -> Option<T> {
        self.0.into_inner().flatten()
    }

    /// Waits until the step has ended; `None` when it ended without a result.
    ///
    /// Only for steps of one [`run`], which polls them again after every step that ends.
    #[inline]
    pub async fn ready(&self) -> Option<&T> {
        poll_fn(|_| match self.0.get() {
            Some(result) => Poll::Ready(result.as_ref()),
            None => Poll::Pending,
        })
        .await
    }
}

/// Runs all steps at once and waits for their ends.
///
/// A step that failed answers as soon as every earlier required step has ended, so the first
/// failure in the order of the text wins, whichever came first in time. What is still running is
/// then dropped.
///
/// # Errors
///
/// The first failure, in the order of the steps.
pub async fn run(steps: &mut [Step<'_>]) -> Result<(), Error> {
    let mut ends: Vec<Option<End>> = steps.iter().map(|_| None).collect();
    poll_fn(|context| {
        while advance(steps, &mut ends, context) {
            if let Some(outcome) = outcome(steps, &mut ends) {
                return Poll::Ready(outcome);
            }
        }
        if steps.is_empty() { Poll::Ready(Ok(())) } else { Poll::Pending }
    })
    .await
}

/// Polls every running step once. True if one ended, which may let another go on.
fn advance(steps: &mut [Step<'_>], ends: &mut [Option<End>], context: &mut Context<'_>) -> bool {
    let mut ended = false;
    for (step, end) in steps.iter_mut().zip(ends).filter(|(_, end)| end.is_none()) {
        if let Poll::Ready(value) = step.call.as_mut().poll(context) {
            *end = Some(value);
            ended = true;
        }
    }
    ended
}

/// What the ends so far decide, or nothing while an earlier failure may still come.
fn outcome(steps: &[Step<'_>], ends: &mut [Option<End>]) -> Option<Result<(), Error>> {
    let mut running = false;
    for (step, end) in steps.iter().zip(ends) {
        match end {
            Some(End::Failed(_)) => {
                let Some(End::Failed(error)) = end.take() else { continue };
                return Some(Err(error));
            }
            Some(End::Done | End::NotMade) => {}
            None if step.required => return None,
            None => running = true,
        }
    }
    (!running).then_some(Ok(()))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::pin;

    use super::*;
    use crate::error::Problem;

    static FIRST: Problem = Problem { status: 404, kind: "urn:problem:t:first", title: "first" };
    static SECOND: Problem = Problem { status: 409, kind: "urn:problem:t:second", title: "second" };

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
    }

    async fn turns(count: u32) {
        for _ in 0..count {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn steps_wait_for_results_of_others_in_any_order() {
        let number: Pending<u32> = Pending::new();
        let double: Pending<u32> = Pending::new();
        let mut later = pin!(async {
            if let Some(number) = number.ready().await {
                double.set(Some(number * 2));
            }
            End::Done
        });
        let mut earlier = pin!(async {
            turns(3).await;
            number.set(Some(21));
            End::Done
        });
        let mut steps = [
            Step { call: later.as_mut(), required: true },
            Step { call: earlier.as_mut(), required: true },
        ];
        block_on(run(&mut steps)).expect("both end");
        assert_eq!(double.get(), Some(&42));
    }

    #[test]
    fn the_first_failure_in_order_wins_over_the_first_in_time() {
        let mut slow = pin!(async {
            turns(5).await;
            End::Failed(Error::declared(&FIRST))
        });
        let mut fast = pin!(async { End::Failed(Error::declared(&SECOND)) });
        let mut steps = [
            Step { call: slow.as_mut(), required: true },
            Step { call: fast.as_mut(), required: true },
        ];
        let error = block_on(run(&mut steps)).expect_err("both fail");
        assert_eq!(error.status(), 404);
    }

    #[test]
    fn a_failure_does_not_wait_for_what_cannot_fail_the_endpoint() {
        let dropped = Cell::new(true);
        let mut optional = pin!(async {
            std::future::pending::<()>().await;
            dropped.set(false);
            End::Done
        });
        let mut failing = pin!(async { End::Failed(Error::declared(&SECOND)) });
        let mut steps = [
            Step { call: optional.as_mut(), required: false },
            Step { call: failing.as_mut(), required: true },
        ];
        assert_eq!(block_on(run(&mut steps)).expect_err("the second fails").status(), 409);
        assert!(dropped.get());
    }

    #[test]
    fn no_steps_are_done_at_once() {
        assert!(block_on(run(&mut [])).is_ok());
    }

    #[test]
    fn a_step_without_a_result_lets_those_who_wait_go_on() {
        let nothing: Pending<u32> = Pending::new();
        let mut waiting =
            pin!(async { if nothing.ready().await.is_none() { End::NotMade } else { End::Done } });
        let mut ends = pin!(async {
            nothing.set(None);
            End::NotMade
        });
        let mut steps = [
            Step { call: waiting.as_mut(), required: true },
            Step { call: ends.as_mut(), required: false },
        ];
        assert!(block_on(run(&mut steps)).is_ok());
    }
}
