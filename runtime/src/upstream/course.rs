//! The course of one call: what is counted and logged of it.

use std::rc::Rc;
use std::time::{Instant, SystemTime};

use http::HeaderValue;

use tokio::time::Instant as Moment;

use super::Upstream;
use super::failure::Reason;
use super::visits::Seen;
use crate::access::Called;
use crate::contract::Backend;
use crate::metrics::{self, Outcome};
use crate::request::Identity;
use crate::trace::{self, Context, Made, Retry};

/// A call on its way, with all its attempts. One that is dropped before its end was given up.
#[derive(Debug)]
pub(super) struct Course {
    backend: &'static Backend,
    operation: &'static str,
    identity: Rc<Identity>,
    start: Instant,
    attempts: u32,
    outcome: Outcome,
    /// What its span says besides, if it is traced.
    span: Option<Box<Span>>,
}

/// What is said of a call that is traced.
#[derive(Debug)]
struct Span {
    context: Context,
    retries: Vec<Retry>,
    seen: Seen,
    copy: bool,
}

/// The most further attempts that a span tells apart.
const TOLD: usize = 8;

impl Course {
    pub(super) fn begin(
        backend: &'static Backend,
        operation: &'static str,
        identity: &Rc<Identity>,
    ) -> Course {
        Course {
            backend,
            operation,
            identity: Rc::clone(identity),
            start: Instant::now(),
            attempts: 1,
            outcome: Outcome::Dropped,
            span: identity.span.map(|above| {
                let (retries, seen) = (Vec::new(), Seen::default());
                let context = Context::below(Some(above));
                Box::new(Span { context, retries, seen, copy: false })
            }),
        }
    }

    /// The place in a trace that its requests carry, if it is traced.
    pub(super) fn place(&self) -> Option<HeaderValue> {
        self.span.as_ref().map(|span| span.context.header())
    }

    /// Nobody waits for it.
    pub(super) fn is_copy(&mut self) {
        if let Some(span) = &mut self.span {
            span.copy = true;
        }
    }

    /// Where it has been, and what was answered there.
    pub(super) fn saw(&mut self, seen: Seen) {
        if let Some(span) = &mut self.span {
            span.seen = seen;
        }
    }

    /// Another attempt is made, after one that ended so.
    pub(super) fn again(&mut self, reason: &Reason) {
        self.attempts += 1;
        if let Some(span) = self.span.as_mut().filter(|span| span.retries.len() < TOLD) {
            span.retries.push(Retry { at: SystemTime::now(), after: reason.outcome() });
        }
        metrics::here(|core| core.retried(self.backend, self.operation));
    }

    /// Whether `upstream` may be asked once more; counted if it may not.
    pub(super) fn afford(&self, upstream: Option<&Upstream>) -> bool {
        let afford = upstream.is_some_and(|upstream| upstream.budget.spend(Moment::now()));
        if !afford {
            metrics::here(|core| core.withheld(self.backend, self.operation));
        }
        afford
    }

    /// It ended well, or for this reason.
    pub(super) fn end<T>(mut self, result: &Result<T, Reason>) {
        self.outcome = result.as_ref().map_or_else(Reason::outcome, |_| Outcome::Ok);
    }
}

impl Drop for Course {
    fn drop(&mut self) {
        let took = self.start.elapsed();
        let Course { backend, operation, attempts, outcome, .. } = *self;
        let span = self.span.as_ref().map(|span| span.context);
        metrics::here(|core| core.called((backend, operation), outcome, took, span));
        if let Some(span) = &self.span {
            let Span { context, retries, seen, copy } = &**span;
            let asked = seen.place.as_ref();
            trace::made(&Made {
                context: *context,
                backend,
                operation,
                outcome,
                took,
                attempts,
                retries,
                copy: *copy,
                asked: asked.and_then(|(host, at)| Some((host.to_str().ok()?, *at))),
                status: seen.status,
            });
        }
        let backend = backend.name;
        self.identity.trail.called(Called {
            backend,
            operation,
            outcome,
            took,
            times: 1,
            attempts,
        });
    }
}
