//! Connections that wait for their next request: where there is room for no more, the one that has waited
//! longest makes room for whoever comes.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::task::Waker;

use tokio::time::Instant;

/// How many places are looked through before those of connections that have ended are given back.
const SPARE: usize = 64;

/// What is seen of one connection from outside.
#[derive(Debug, Default)]
pub(super) struct Rest {
    /// Since when it has waited for its next request, if it does.
    since: Cell<Option<Instant>>,
    /// Whether it is to make room.
    leaves: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Rest {
    /// It waits for its next request since then. Whoever looks after it is woken by `waker`.
    pub(super) fn begins(&self, since: Instant, waker: &Waker) {
        if self.since.replace(Some(since)) == Some(since) {
            return;
        }
        let mut known = self.waker.borrow_mut();
        if known.as_ref().is_none_or(|known| !known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }

    /// It is busy, or will never wait again.
    pub(super) fn ends(&self) {
        self.since.set(None);
        self.leaves.set(false);
    }

    /// Whether it is to make room for another one.
    pub(super) fn leaves(&self) -> bool {
        self.leaves.get()
    }

    fn wake(&self) {
        self.leaves.set(true);
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }
}

/// The connections of one core.
#[derive(Debug, Default)]
pub(super) struct Resting {
    all: RefCell<Vec<Weak<Rest>>>,
    /// Those that were waiting when they were looked through last, the longest one last.
    order: RefCell<Vec<(Instant, Weak<Rest>)>>,
}

impl Resting {
    /// Looks after one more connection, of so many that are open.
    pub(super) fn join(&self, open: usize) -> Rc<Rest> {
        let rest = Rc::<Rest>::default();
        let mut all = self.all.borrow_mut();
        if all.len() >= 2 * open + SPARE {
            all.retain(|one| one.strong_count() > 0);
        }
        all.push(Rc::downgrade(&rest));
        rest
    }

    /// Whether there is one that waits.
    pub(super) fn any(&self) -> bool {
        self.longest().is_some()
    }

    /// Lets the one go that has waited longest. Says whether there was one; what it was sent meanwhile
    /// is answered all the same.
    pub(super) fn let_go(&self) -> bool {
        let Some(rest) = self.longest() else { return false };
        rest.wake();
        self.order.borrow_mut().pop();
        true
    }

    /// The one that has waited longest, and was not told to go. All are looked through only once those
    /// of the last time are used up: each look pays for as many as it finds.
    fn longest(&self) -> Option<Rc<Rest>> {
        self.last().or_else(|| {
            let all = self.all.borrow();
            let waits = |one: &Weak<Rest>| {
                let rest = one.upgrade().filter(|rest| !rest.leaves.get())?;
                Some((rest.since.get()?, one.clone()))
            };
            let mut order: Vec<_> = all.iter().filter_map(waits).collect();
            order.sort_unstable_by_key(|(since, _)| std::cmp::Reverse(*since));
            self.order.replace(order);
            drop(all);
            self.last()
        })
    }

    /// The last of the order that has waited ever since.
    fn last(&self) -> Option<Rc<Rest>> {
        let mut order = self.order.borrow_mut();
        loop {
            let (since, rest) = order.last()?;
            let rest = rest.upgrade();
            let rest = rest.filter(|rest| rest.since.get() == Some(*since) && !rest.leaves.get());
            if rest.is_some() {
                return rest;
            }
            order.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_one_that_has_waited_longest_goes_first_and_busy_ones_stay() {
        let begun = Instant::now();
        let at = |milliseconds| begun + Duration::from_millis(milliseconds);
        let resting = Resting::default();
        let all: Vec<_> = (0..4).map(|open| resting.join(open)).collect();
        let [first, second, third, busy] = &all[..] else { unreachable!("four") };
        for (rest, since) in [(first, 30), (second, 10), (third, 20)] {
            rest.begins(at(since), Waker::noop());
        }
        let gone = || all.iter().map(|rest| rest.leaves()).collect::<Vec<_>>();
        assert!(resting.any() && resting.let_go());
        assert_eq!(gone(), [false, true, false, false]);
        // It was sent a request meanwhile, and waits again.
        third.ends();
        third.begins(at(40), Waker::noop());
        assert!(resting.let_go());
        assert_eq!(gone(), [true, true, false, false]);
        assert!(resting.let_go() && !resting.let_go(), "nobody else waits");
        assert!(!busy.leaves());
    }

    #[test]
    fn connections_that_have_ended_take_no_room() {
        let resting = Resting::default();
        for _ in 0..10_000 {
            resting.join(1);
        }
        assert!(resting.all.borrow().len() <= SPARE + 2);
        assert!(!resting.any());
    }
}
