//! Connections that are being made, and who waits to share them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tokio::sync::Notify;

use super::STREAMS;
use crate::upstream::failure::Reason;

/// What a connection that is being made comes to.
#[derive(Default)]
pub(in crate::upstream) struct Coming {
    /// How it ended; a failure is that of all who waited.
    end: RefCell<Option<Result<(), Reason>>>,
    /// How many requests it is for.
    wanted: Cell<usize>,
    told: Notify,
}

impl Coming {
    /// One more that waits for it, if it will have room as far as can be known.
    pub(super) fn join(self: &Rc<Coming>) -> Option<Rc<Coming>> {
        if self.wanted.get() >= STREAMS || self.has_ended() {
            return None;
        }
        self.wanted.set(self.wanted.get() + 1);
        Some(Rc::clone(self))
    }

    pub(super) fn has_ended(&self) -> bool {
        self.end.borrow().is_some()
    }

    /// Waits for its end, which may also be that nobody makes it any more.
    ///
    /// # Errors
    ///
    /// Why there is no connection.
    pub(in crate::upstream) async fn end(&self) -> Result<(), Reason> {
        // Whoever is told later has registered before: all of it happens on one thread.
        let told = self.told.notified();
        if !self.has_ended() {
            told.await;
        }
        self.end.borrow().clone().unwrap_or(Ok(()))
    }
}

/// A connection that its holder makes. Dropped before the end, it is for another one to make.
pub(in crate::upstream) struct Making(Rc<Coming>);

impl Making {
    pub(super) fn begin() -> (Making, Rc<Coming>) {
        let coming = Rc::new(Coming { wanted: Cell::new(1), ..Coming::default() });
        (Making(Rc::clone(&coming)), coming)
    }

    /// Tells those who wait how it ended.
    pub(in crate::upstream) fn ends(self, end: Result<(), Reason>) {
        self.0.end.replace(Some(end));
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        self.0.end.borrow_mut().get_or_insert(Ok(()));
        self.0.told.notify_waiters();
    }
}
