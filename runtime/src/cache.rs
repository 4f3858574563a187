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
}

/// What all cores of a gateway keep.
pub(crate) struct Cache {
    kept: Store<Kept>,
    flights: Arc<Flights<Outcome>>,
}

impl Cache {
    /// A cache of at most so many bytes; 0 keeps nothing.
    pub(crate) fn new(limit: usize) -> Cache {
        Cache { kept: Store::new(limit), flights: Arc::default() }
    }

    /// What is kept under `key`, fresh or stale, unless it is too old for anything.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Kept> {
        self.kept.get(key).filter(|kept| Instant::now() < kept.stale)
    }

    /// Keeps an outcome, in place of what was kept under `key`.
    pub(crate) fn put(&self, key: Key, kept: Kept) {
        let body = match &kept.outcome {
            Ok(body) | Err(Reason::Status(_, body)) => body.len(),
            Err(_) => 0,
        };
        let weight = key.len().saturating_add(body);
        self.kept.put(key, kept, weight);
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
