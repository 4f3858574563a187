//! Who is given up: callers that let a connection wait too long, or keep it busy with nothing.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::io::Protocol;
use crate::metrics;
use crate::server::Limits;
use crate::server::resting::Rest;
use crate::stream::Activity;

/// How long a caller may take to say goodbye, once nothing of its requests is left.
const GOODBYE: Duration = Duration::from_secs(2);

/// A request that is called off earlier than this was hardly meant to be answered.
const EARLY: Duration = Duration::from_secs(1);

/// The requests of one connection.
#[derive(Default)]
pub(super) struct Work {
    /// How many are being answered.
    active: Cell<u32>,
    /// How many there have been.
    taken: Cell<u64>,
    /// How many more were called off early than were answered.
    resets: Cell<u32>,
    /// Whether nothing was taken of an answer for too long.
    stalled: Cell<bool>,
}

impl Work {
    pub(super) fn taken(&self) -> u64 {
        self.taken.get()
    }

    /// Takes note that nothing was taken of an answer for too long.
    pub(super) fn stalls(&self) {
        self.stalled.set(true);
    }
}

/// One request while it is being answered.
pub(super) struct Working {
    work: Rc<Work>,
    /// When it came, where that matters.
    since: Option<Instant>,
}

impl Working {
    pub(super) fn start(work: &Rc<Work>) -> Working {
        work.active.set(work.active.get() + 1);
        work.taken.set(work.taken.get() + 1);
        Working { work: Rc::clone(work), since: None }
    }

    /// The same for one that its caller can call off alone.
    pub(super) fn start_alone(work: &Rc<Work>) -> Working {
        let mut working = Working::start(work);
        working.since = Some(Instant::now());
        working
    }

    /// It ends, and not because its caller has called it off.
    pub(super) fn ends(&mut self) {
        if self.since.take().is_some() {
            let resets = &self.work.resets;
            resets.set(resets.get().saturating_sub(1));
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        let Work { active, resets, .. } = &*self.work;
        active.set(active.get().saturating_sub(1));
        if self.since.is_some_and(|since| since.elapsed() < EARLY) {
            resets.set(resets.get().saturating_add(1));
        }
    }
}

/// What is to become of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It takes no more requests.
    Close,
    /// It is given up at once.
    Drop,
}

/// Gives up a connection that waits too long for its caller.
pub(super) struct Watch {
    limits: Limits,
    protocol: Protocol,
    activity: Rc<Activity>,
    work: Rc<Work>,
    rest: Rc<Rest>,
    /// How many requests it has seen; some come and go between two looks.
    seen: u64,
    state: State,
    /// Whether it takes no more requests.
    closing: bool,
    /// From when on it takes none, however it is used.
    old: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

/// What a connection waits for.
#[derive(Clone, Copy)]
enum State {
    /// The first byte of a request; `received` bytes had come before.
    Request { since: Instant, received: u64 },
    /// The rest of a head.
    Head { since: Instant },
    /// Its answer, which has limits of its own.
    Answer,
}

impl Watch {
    pub(super) fn new(
        limits: Limits,
        (protocol, activity): (Protocol, Rc<Activity>),
        (work, rest): (Rc<Work>, Rc<Rest>),
    ) -> Watch {
        let since = Instant::now();
        // A connection that never says anything is as good as one that says it slowly.
        let timer = Box::pin(sleep_until(since + limits.head_time));
        let state = State::Head { since };
        // Over HTTP/1.1 it is an answer that says so: an idle connection may have a request on its way.
        let old = limits.age.filter(|_| protocol == Protocol::Two).map(|age| since + age);
        let (seen, closing) = (0, false);
        Watch { limits, protocol, activity, work, rest, seen, state, closing, old, timer }
    }

    /// Takes note that it takes no more requests.
    pub(super) fn closes(&mut self) {
        self.closing = true;
        if let State::Request { since, .. } = &mut self.state {
            *since = Instant::now();
        }
    }

    /// Ready once the connection is to be closed or given up. To be polled after the connection.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Verdict> {
        self.state = self.next_state();
        self.seen = self.work.taken.get();
        if let Some(verdict) = self.makes_room(context) {
            return Poll::Ready(verdict);
        }
        if self.protocol == Protocol::Two && self.floods() {
            return Poll::Ready(Verdict::Drop);
        }
        let enough = self.work.stalled.get() || self.has_taken_all();
        if enough && !self.closing {
            return Poll::Ready(Verdict::Close);
        }
        loop {
            let due = self.due();
            // The timer is only ever moved forward here, when it fires too early for what has
            // happened since: a busy connection does not touch it.
            if let Some((due, _)) = due.filter(|(due, _)| *due < self.timer.deadline()) {
                self.timer.as_mut().reset(due);
            }
            if self.timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            match due {
                Some((due, verdict)) if due <= Instant::now() => return Poll::Ready(verdict),
                later => {
                    let later = later.map(|(due, _)| due);
                    let later = later.unwrap_or_else(|| Instant::now() + self.limits.idle);
                    self.timer.as_mut().reset(later);
                }
            }
        }
    }

    /// Lets others see whether it waits for its next request, and ends it if it is to make room: at
    /// once, or with a goodbye where requests may be on their way.
    fn makes_room(&mut self, context: &Context<'_>) -> Option<Verdict> {
        let State::Request { since, .. } = self.state else {
            self.rest.ends();
            return None;
        };
        if self.closing || self.seen == 0 {
            return None;
        }
        if !self.rest.leaves() {
            self.rest.begins(since, context.waker());
            return None;
        }
        metrics::here(|core| core.displaced.one());
        Some(match self.protocol {
            Protocol::One => Verdict::Drop,
            Protocol::Two => Verdict::Close,
        })
    }

    /// Whether a connection that many requests share has had as many as it takes.
    fn has_taken_all(&self) -> bool {
        let most = self.limits.requests.filter(|_| self.protocol == Protocol::Two);
        most.is_some_and(|most| self.work.taken.get() >= most)
    }

    /// Whether the caller sends much that leads to nothing: requests that it calls off at once, and
    /// what is not part of any.
    fn floods(&self) -> bool {
        let chatter = match self.state {
            State::Request { received, .. } => {
                self.activity.received.get().wrapping_sub(received) > self.limits.chatter
            }
            State::Head { .. } | State::Answer => false,
        };
        chatter || self.work.resets.get() > self.limits.resets
    }

    fn next_state(&self) -> State {
        let received = self.activity.received.get();
        match self.state {
            _ if self.work.active.get() > 0 => State::Answer,
            state if matches!(state, State::Answer) || self.work.taken.get() != self.seen => {
                State::Request { since: Instant::now(), received }
            }
            // What comes in is not a part of a request then: signs of life, and the like.
            State::Head { since } if self.protocol == Protocol::Two && received > 0 => {
                State::Request { since, received }
            }
            State::Request { received: before, .. }
                if received != before && self.protocol == Protocol::One =>
            {
                State::Head { since: Instant::now() }
            }
            state => state,
        }
    }

    /// When something is to become of the connection as things stand, and what.
    fn due(&self) -> Option<(Instant, Verdict)> {
        let several = self.protocol == Protocol::Two;
        let waits = match self.state {
            State::Request { since, .. } if several && self.closing => {
                Some((since + GOODBYE, Verdict::Drop))
            }
            // Whoever has sent a request meanwhile is told that it was not taken.
            State::Request { since, .. } if several => {
                Some((since + self.limits.idle, Verdict::Close))
            }
            State::Request { since, .. } => Some((since + self.limits.idle, Verdict::Drop)),
            State::Head { since } => Some((since + self.limits.head_time, Verdict::Drop)),
            State::Answer => None,
        };
        let stalls = self.activity.stalled.get();
        let stalls = stalls.map(|since| (since + self.limits.stall, Verdict::Drop));
        let old = self.old.filter(|_| !self.closing).map(|old| (old, Verdict::Close));
        [waits, stalls, old].into_iter().flatten().min_by_key(|(due, _)| *due)
    }
}
