//! What is kept to be used again, by all cores together and never more bytes than allowed.

mod control;
mod flights;
mod store;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

pub(crate) use self::control::Told;
use self::flights::Flights;
pub(crate) use self::flights::{Lead, Role};
use self::store::Store;
use crate::reuse::{Answer, Ended};
use crate::upstream::Reason;

/// What a request to a backend says, whole: two requests with one key are the same request.
pub(crate) type Key = Arc<[u8]>;

/// How a request to a backend ended.
pub(crate) type Outcome = Result<Bytes, Reason>;

/// An outcome that may be used again.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) outcome: Outcome,
    /// Until when it is as good as a new one.
    pub(crate) fresh: Instant,
    /// Until when it may be used while a new one is asked for.
    pub(crate) stale: Instant,
    /// Until when it is fresh as its backend sees it, if that says so, and whether it may be stale.
    pub(crate) told: (Option<Instant>, bool),
}

/// What is kept: they share what room there is.
#[derive(Clone, Debug)]
enum Item {
    Result(Kept),
    Answer(Arc<Answer>),
}

/// What all cores of a gateway keep.
pub(crate) struct Cache {
    kept: Store<Item>,
    limit: usize,
    flights: Arc<Flights<Outcome>>,
    answers: Arc<Flights<Ended>>,
}

impl Cache {
    /// A cache of at most so many bytes; 0 keeps nothing.
    pub(crate) fn new(limit: usize) -> Cache {
        let (flights, answers) = (Arc::default(), Arc::default());
        Cache { kept: Store::new(limit), limit, flights, answers }
    }

    /// What is kept under `key`, fresh or stale, unless it is too old for anything.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Kept> {
        match self.kept.get(key)? {
            Item::Result(kept) => (Instant::now() < kept.stale).then_some(kept),
            Item::Answer(_) => None,
        }
    }

    /// The answer that is kept under `key`, fresh or stale, unless it is too old for anything.
    pub(crate) fn answer(&self, key: &[u8]) -> Option<Arc<Answer>> {
        match self.kept.get(key)? {
            Item::Answer(answer) => answer.is_usable(Instant::now()).then_some(answer),
            Item::Result(_) => None,
        }
    }

    /// Keeps an answer, in place of what was kept under `key`.
    pub(crate) fn put_answer(&self, key: Key, answer: Arc<Answer>) {
        let weight = key.len().saturating_add(answer.weight());
        self.kept.put(key, Item::Answer(answer), weight);
    }

    /// Whether whoever asks for the answer under `key` has to make it, or somebody does.
    pub(crate) fn board_answer(&self, key: &Key) -> Role<Ended> {
        self.answers.board(key)
    }

    /// How many bytes are kept, and how many may be.
    pub(crate) fn bytes(&self) -> (usize, usize) {
        (self.kept.used(), self.limit)
    }

    /// Keeps an outcome, in place of what was kept under `key`.
    pub(crate) fn put(&self, key: Key, kept: Kept) {
        let body = match &kept.outcome {
            Ok(body) | Err(Reason::Status(_, body)) => body.len(),
            Err(_) => 0,
        };
        let weight = key.len().saturating_add(body);
        self.kept.put(key, Item::Result(kept), weight);
    }

    /// Forgets what is kept under `key`.
    pub(crate) fn forget(&self, key: &[u8]) {
        self.kept.remove(key);
    }

    /// Whether whoever asks for `key` has to find out, or somebody is on the way.
    pub(crate) fn board(&self, key: &Key) -> Role<Outcome> {
        self.flights.board(key)
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}
