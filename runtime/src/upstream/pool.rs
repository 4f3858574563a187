//! Connections to one backend that a request can go over: idle ones, the last used first, and those
//! that requests share.

mod coming;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

pub(super) use self::coming::{Coming, Making};
use super::link::{Link, Look, One, STREAMS, Shared, Wanted};

/// The most idle connections that one core keeps to one backend.
const MOST: usize = 256;
/// How long a connection may be idle.
const AGE: Duration = Duration::from_secs(30);
/// How long until it keeps no room for answers.
const SLEEP: Duration = Duration::from_secs(2);

/// Connections to one address, of one core.
#[derive(Default)]
pub(super) struct Pool {
    /// The longest idle first.
    #[expect(clippy::vec_box, reason = "each goes out and comes back with every request")]
    idle: RefCell<Vec<Box<One>>>,
    shared: RefCell<Vec<Rc<Shared>>>,
    /// Whether requests share the next connection, as far as is known.
    shares: Cell<bool>,
    /// Those that are being made.
    coming: RefCell<Vec<Rc<Coming>>>,
}

impl Pool {
    /// Of an address whose connections requests `share`, as far as is known.
    pub(super) fn new(share: bool) -> Pool {
        Pool { shares: Cell::new(share), ..Pool::default() }
    }

    /// A connection that is being made and will have room for one more request; nothing where each
    /// request is to make its own.
    pub(super) fn coming(&self, wanted: Wanted) -> Option<Rc<Coming>> {
        if wanted != Wanted::Any || !self.shares.get() {
            return None;
        }
        self.coming.borrow().iter().find_map(Coming::join)
    }

    /// Lets others wait for a connection, if they will share it.
    pub(super) fn makes(&self, wanted: Wanted) -> Option<Making> {
        if wanted != Wanted::Any || !self.shares.get() {
            return None;
        }
        let (making, coming) = Making::begin();
        let mut all = self.coming.borrow_mut();
        all.retain(|one| !one.has_ended());
        all.push(coming);
        Some(making)
    }

    /// A connection that is still open as far as can be seen.
    pub(super) fn take(&self, wanted: Wanted, look: Look) -> Option<Link> {
        if wanted == Wanted::Any {
            let mut shared = self.shared.borrow_mut();
            shared.retain(|one| !one.is_closed());
            if let Some(two) = shared.iter().find_map(Shared::share) {
                return Some(Link::Two(two));
            }
        }
        loop {
            let mut link = self.idle.borrow_mut().pop()?;
            if link.idle_since.elapsed() < AGE && !link.is_stale(look) {
                return Some(Link::One(link));
            }
        }
    }

    /// Lets others use a fresh connection that requests share, unless there is one with room: several
    /// that were made at once are one too many.
    pub(super) fn share(&self, link: &Link, wanted: Wanted) {
        let Link::Two(two) = link else {
            if wanted == Wanted::Any {
                self.shares.set(false);
            }
            return;
        };
        self.shares.set(true);
        let mut shared = self.shared.borrow_mut();
        if shared.len() < MOST && !shared.iter().any(Shared::has_room) {
            shared.push(Rc::clone(two.shared()));
        }
    }

    /// Keeps a connection after an answer, unless it cannot carry another one.
    pub(super) fn put(&self, link: Link) {
        let Link::One(mut link) = link else { return };
        let mut idle = self.idle.borrow_mut();
        if link.is_reusable() && idle.len() < MOST {
            link.idles();
            idle.push(link);
        }
    }

    /// Closes what has been idle too long, or has been closed by the other side.
    pub(super) fn sweep(&self) {
        self.idle.borrow_mut().retain_mut(|link| {
            let idle = link.idle_since.elapsed();
            let stays = idle < AGE && !link.is_stale(Look::Asked);
            if stays && idle >= SLEEP {
                link.sleeps();
            }
            stays
        });
        self.shared.borrow_mut().retain(|one| !one.is_closed() && one.idle() < AGE);
    }
}
