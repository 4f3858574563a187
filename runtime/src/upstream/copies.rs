//! Requests that another backend is sent as well, to see how it does: nobody waits for what it answers.

use std::cell::Cell;
use std::rc::Rc;

use super::attempt::Calling;
use super::course::Course;
use super::failure::Reason;
use super::visits::Visits;
use super::{Gateway, Upstream};
use crate::request::Deadline;

/// The most copies that one core has on their way. Beyond it none are made: a backend that is tried
/// out must not cost the gateway its memory.
const MOST: usize = 64;
/// The most of an answer that is read, in bytes. It is thrown away; a connection whose answers are
/// small can carry the next copy.
const READ: usize = 64 * 1024;

/// How many copies are on their way.
#[derive(Default)]
pub(super) struct Copies(Cell<usize>);

/// Counts a copy for as long as it is on its way.
struct Copying(Gateway);

impl Drop for Copying {
    fn drop(&mut self) {
        let copies = &self.0.0.copies.0;
        copies.set(copies.get().saturating_sub(1));
    }
}

impl Calling {
    /// Sends this as a copy: once, in a task of its own, with the timeout of its backend, whatever
    /// becomes of the request that it is a copy of. One too many is dropped, and counted as such.
    pub(super) fn send_as_copy(mut self, upstream: &Upstream) {
        self.deadline = Deadline::after(upstream.timeout);
        self.most = self.most.min(READ);
        // What a copy does is none of what the log says of the request.
        self.identity = Rc::new(self.identity.beside());
        let mut course = Course::begin(self.backend, self.operation, &self.identity);
        course.is_copy();
        let copies = &self.gateway.0.copies.0;
        if copies.get() >= MOST {
            return;
        }
        copies.set(copies.get() + 1);
        let copying = Copying(self.gateway.clone());
        tokio::task::spawn_local(async move {
            let mut visits = Visits::of(&course);
            let ended = match self.attempt(&mut visits).await {
                // A large answer is as good as any.
                Ok(_) | Err(Reason::Invalid(_)) => Ok(()),
                Err(reason) => Err(reason),
            };
            course.saw(visits.seen());
            course.end(&ended);
            drop(copying);
        });
    }
}
