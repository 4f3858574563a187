//! A call with its policies: deadline, breaker, further attempts.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;

use super::cached::told;
use super::course::Course;
use super::exchange::{Bounds, Outgoing, exchange, judge};
use super::failure::{Failure, Reason};
use super::roster::Verdict;
use super::visits::Visits;
use super::{Gateway, Upstream};
use crate::cache::Told;
use crate::contract::{Backend, Condition};
use crate::http1::head;
use crate::observe;
use crate::request::{Deadline, Identity};
use crate::reuse::Heard;

/// What is tried again unless the contract says otherwise.
const AGAIN: [Condition; 4] = [
    Condition::Unreachable,
    Condition::Status(502),
    Condition::Status(503),
    Condition::Status(504),
];

/// A call on its way. A clone is the same call, to be made on its own. It owns everything it needs, so it can outlive its request.
#[derive(Clone)]
pub(super) struct Calling {
    pub(super) gateway: Gateway,
    pub(super) backend: &'static Backend,
    pub(super) operation: &'static str,
    pub(super) outgoing: Outgoing,
    /// Whether sending twice means the same as once.
    pub(super) repeatable: bool,
    pub(super) deadline: Deadline,
    /// The longest that the contract gives it.
    pub(super) within: Option<Duration>,
    /// The largest result that is read, in bytes.
    pub(super) most: usize,
    pub(super) identity: Rc<Identity>,
    /// If its outcome is to be kept: statuses of which it is, beside those of success.
    pub(super) keeping: Option<&'static [u16]>,
    /// What the last answer said about that; nothing if it is not to be kept.
    pub(super) told: Cell<Option<Told>>,
    /// Told what answers say about that, if what is made of them is to be kept.
    pub(super) heard: Option<Rc<Heard>>,
}

/// Counts a detached call for as long as it runs.
struct Detached(Gateway);

impl Drop for Detached {
    fn drop(&mut self) {
        let detached = &self.0.0.detached;
        detached.set(detached.get().saturating_sub(1));
    }
}

impl Calling {
    /// Makes the call in a task of its own, which goes on when the returned future is dropped.
    pub(super) async fn run_detached(self) -> Result<Bytes, Failure> {
        let detached = &self.gateway.0.detached;
        detached.set(detached.get() + 1);
        let running = Detached(self.gateway.clone());
        let task = tokio::task::spawn_local(async move {
            let result = self.run().await;
            drop(running);
            result
        });
        match task.await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // Cancelled: the core is shutting down, and this future with it.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// Makes the call: attempts until one is good, or none is left.
    pub(super) async fn run(self) -> Result<Bytes, Failure> {
        match self.asked().await {
            Ok(body) => Ok(body),
            Err(reason) => {
                let failure = Failure::new(self.backend, self.operation, reason);
                observe::within(&self.identity, || observe::call_failed(&failure));
                Err(failure)
            }
        }
    }

    /// The outcome of all attempts, counted.
    pub(super) async fn asked(&self) -> Result<Bytes, Reason> {
        let mut course = Course::begin(self.backend, self.operation, &self.identity);
        let mut visits = Visits::of(&course);
        let result = self.attempts(&mut course, &mut visits).await;
        course.saw(visits.seen());
        drop(visits);
        course.end(&result);
        if let Some(heard) = self.heard.as_ref().filter(|_| self.keeping.is_none()) {
            heard.note(self.told.get());
        }
        result
    }

    async fn attempts(&self, course: &mut Course, visits: &mut Visits) -> Result<Bytes, Reason> {
        let most = if self.repeatable { self.backend.retries } else { 0 };
        let upstream = self.gateway.upstream(self.backend);
        upstream.inspect(|upstream| upstream.budget.call());
        let mut nth = 1;
        let mut last: Option<Reason> = None;
        loop {
            let reason = match self.attempt(visits).await {
                Ok(body) => return Ok(body),
                // A breaker that opened meanwhile, or too much to do, hides nothing.
                Err(reason @ (Reason::Open { .. } | Reason::Full)) => {
                    return Err(last.unwrap_or(reason));
                }
                Err(reason) => reason,
            };
            let pause = visits.pause(nth);
            let again = nth <= most
                && is_tried_again(self.backend, &reason)
                && self.deadline.remaining().is_some_and(|remaining| remaining > pause);
            if !again || !course.afford(upstream) {
                return Err(reason);
            }
            nth += 1;
            course.again(&reason);
            last = Some(reason);
            tokio::time::sleep(pause).await;
        }
    }

    /// One attempt, if the breaker lets it through and there is time left.
    pub(super) async fn attempt(&self, visits: &mut Visits) -> Result<Bytes, Reason> {
        let gateway = &self.gateway.0;
        let upstream = self.gateway.upstream(self.backend).ok_or(Reason::NoAddress)?;
        let remaining = self.deadline.remaining().ok_or(Reason::Timeout)?;
        let permit = match gateway.gates.of(self.backend) {
            Some(gate) => Some(gate.enter().map_err(|retry_after| Reason::Open { retry_after })?),
            None => None,
        };
        let result = self.ask(upstream, remaining.min(upstream.timeout), visits).await;
        visits.note(verdict(result.as_ref().err()), permit);
        visits.leave();
        result
    }

    async fn ask(
        &self,
        upstream: &Upstream,
        limit: Duration,
        visits: &mut Visits,
    ) -> Result<Bytes, Reason> {
        self.told.set(None);
        let most = self.most;
        let bounds = Bounds { size: most, time: limit };
        let asking = async {
            let answer = exchange(upstream, &self.outgoing, bounds, visits).await?;
            if !visits.hear(upstream, answer.status, &answer.headers) {
                return Ok(answer);
            }
            // Another token may do, and what is refused for its token was not done.
            let answer = exchange(upstream, &self.outgoing, bounds, visits).await?;
            visits.hear(upstream, answer.status, &answer.headers);
            Ok(answer)
        };
        let Ok(answer) = tokio::time::timeout(limit, asking).await else {
            return Err(Reason::Timeout);
        };
        let mut answer = answer?;
        if let Some(statuses) = self.keeping.filter(|_| !answer.overflow) {
            self.told.set(told(answer.status.as_u16(), &answer.headers, statuses));
        } else if self.heard.is_some() {
            self.told.set(Told::of(&answer.headers));
        }
        head::recycle(std::mem::take(&mut answer.headers));
        judge(answer, most)
    }
}

/// What the end of an attempt says about the backend; nothing if the caller is to blame.
pub(super) fn verdict(reason: Option<&Reason>) -> Option<Verdict> {
    Some(match reason {
        None | Some(Reason::Invalid(_) | Reason::Status(..500 | 600.., _)) => Verdict::Well,
        Some(Reason::Status(..)) => Verdict::Failing,
        Some(Reason::Unreachable(_) | Reason::NoAddress | Reason::Timeout) => Verdict::Silent,
        Some(Reason::NoToken(_) | Reason::Open { .. } | Reason::Full | Reason::Caller(_)) => {
            return None;
        }
    })
}

/// Whether `backend` is asked again after this.
pub(super) fn is_tried_again(backend: &Backend, reason: &Reason) -> bool {
    let conditions = if backend.retry_on.is_empty() { &AGAIN } else { backend.retry_on };
    conditions.iter().any(|condition| reason.is(*condition))
        // Whoever gives tokens was asked, and is asked again in time.
        && !matches!(reason, Reason::Invalid(_) | Reason::NoToken(_))
}
