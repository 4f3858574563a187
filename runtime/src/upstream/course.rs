//! The course of one call: what is counted and logged of it.

use std::rc::Rc;
use std::time::Instant;

use tokio::time::Instant as Moment;

use super::Upstream;
use super::failure::Reason;
use crate::access::Called;
use crate::contract::Backend;
use crate::metrics::{self, Outcome};
use crate::request::Identity;

/// A call on its way, with all its attempts. One that is dropped before its end was given up.
#[derive(Debug)]
pub(super) struct Course {
    backend: &'static Backend,
    operation: &'static str,
    identity: Rc<Identity>,
    start: Instant,
    attempts: u32,
    outcome: Outcome,
}

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
        }
    }

    /// Another attempt is made.
    pub(super) fn again(&mut self) {
        self.attempts += 1;
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
        metrics::here(|core| core.called((backend, operation), outcome, took));
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
