//! Values under keys, at most so many bytes of them. What is asked for again stays longest.
//!
//! Eviction is S3-FIFO (Yang and others, SOSP 2023): what is new stands in a small queue, and moves
//! to the main one if it was asked for meanwhile. So a run over many keys, each asked for once,
//! does not drive out what many ask for. Keys that fell out of the small queue are remembered for a
//! while by their hash: if one comes back, it goes to the main queue.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Key;

/// Into how many parts it is divided, so that cores seldom wait for each other.
const SHARDS: usize = 16;

/// What an entry takes beside its key and value, about, in bytes.
const OVERHEAD: usize = 256;

/// How often an entry can be asked for until that makes no difference.
const MOST_HITS: u8 = 3;

/// A bounded map that cores share.
pub(super) struct Store<V> {
    shards: Vec<Mutex<Shard<V>>>,
    hasher: RandomState,
}

struct Shard<V> {
    limit: usize,
    used: usize,
    /// How much of `used` is in the small queue.
    young: usize,
    entries: HashMap<Key, Entry<V>>,
    small: VecDeque<Key>,
    main: VecDeque<Key>,
    ghosts: Ghosts,
}

struct Entry<V> {
    value: V,
    weight: usize,
    hits: u8,
    /// Whether it is in the main queue.
    old: bool,
}

/// Hashes of keys that fell out, in the order in which they did.
#[derive(Default)]
struct Ghosts {
    order: VecDeque<u64>,
    known: HashSet<u64>,
}

impl<V: Clone> Store<V> {
    /// A store of at most so many bytes.
    pub(super) fn new(limit: usize) -> Store<V> {
        let shard = || Mutex::new(Shard::new(limit / SHARDS));
        Store {
            shards: std::iter::repeat_with(shard).take(SHARDS).collect(),
            hasher: RandomState::new(),
        }
    }

    /// The value under `key`.
    pub(super) fn get(&self, key: &[u8]) -> Option<V> {
        let (mut shard, _) = self.shard(key)?;
        let entry = shard.entries.get_mut(key)?;
        entry.hits = MOST_HITS.min(entry.hits + 1);
        Some(entry.value.clone())
    }

    /// Puts a value of `weight` bytes, key included, in place of the one under `key`. One that would
    /// fill a sixteenth of the whole on its own is not kept.
    pub(super) fn put(&self, key: Key, value: V, weight: usize) {
        let Some((mut shard, hash)) = self.shard(&key) else { return };
        let weight = weight.saturating_add(OVERHEAD);
        if weight > shard.limit {
            shard.remove(&key);
            return;
        }
        shard.put(key, (value, weight), hash);
        shard.shrink(|key| self.hasher.hash_one(&**key));
    }

    /// How many bytes it takes.
    pub(super) fn used(&self) -> usize {
        let lock =
            |shard: &Mutex<Shard<V>>| shard.lock().unwrap_or_else(PoisonError::into_inner).used;
        self.shards.iter().map(lock).sum()
    }

    /// Removes what is under `key`.
    pub(super) fn remove(&self, key: &[u8]) {
        if let Some((mut shard, _)) = self.shard(key) {
            shard.remove(key);
        }
    }

    /// The part that holds `key`, and the hash of `key`.
    fn shard(&self, key: &[u8]) -> Option<(MutexGuard<'_, Shard<V>>, u64)> {
        let hash = self.hasher.hash_one(key);
        // The map inside uses the lower bits of another hash.
        let at = usize::try_from(hash >> 32).unwrap_or(0) % SHARDS;
        // Nothing in here panics between two states.
        let shard = self.shards.get(at)?.lock().unwrap_or_else(PoisonError::into_inner);
        Some((shard, hash))
    }
}

impl<V> Shard<V> {
    fn new(limit: usize) -> Shard<V> {
        Shard {
            limit,
            used: 0,
            young: 0,
            entries: HashMap::new(),
            small: VecDeque::new(),
            main: VecDeque::new(),
            ghosts: Ghosts::default(),
        }
    }

    fn put(&mut self, key: Key, (value, weight): (V, usize), hash: u64) {
        if let Some(entry) = self.entries.get_mut(&key) {
            self.used = self.used - entry.weight + weight;
            if !entry.old {
                self.young = self.young - entry.weight + weight;
            }
            (entry.value, entry.weight) = (value, weight);
            return;
        }
        let old = self.ghosts.take(hash);
        self.used += weight;
        if old {
            self.main.push_back(Key::clone(&key));
        } else {
            self.young += weight;
            self.small.push_back(Key::clone(&key));
        }
        self.entries.insert(key, Entry { value, weight, hits: 0, old });
    }

    /// Removes an entry. Its key stays in its queue, and is skipped there.
    fn remove(&mut self, key: &[u8]) {
        let Some(entry) = self.entries.remove(key) else { return };
        self.used -= entry.weight;
        let queue = if entry.old { &mut self.main } else { &mut self.small };
        queue.retain(|other| **other != *key);
        if !entry.old {
            self.young -= entry.weight;
        }
    }

    /// Drops entries until the rest is within the limit.
    fn shrink(&mut self, hash: impl Fn(&Key) -> u64) {
        while self.used > self.limit {
            let small = self.young > self.limit / 10 || self.main.is_empty();
            let next = if small { self.small.pop_front() } else { self.main.pop_front() };
            let Some(key) = next else { return };
            let Some(entry) = self.entries.get_mut(&key) else { continue };
            if entry.hits > 0 {
                if small {
                    (entry.hits, entry.old) = (0, true);
                    self.young -= entry.weight;
                } else {
                    entry.hits -= 1;
                }
                self.main.push_back(key);
                continue;
            }
            self.used -= entry.weight;
            if small {
                self.young -= entry.weight;
                self.ghosts.add(hash(&key), self.entries.len());
            }
            self.entries.remove(&key);
        }
    }
}

impl Ghosts {
    /// Remembers a key, and at most as many as there are entries.
    fn add(&mut self, hash: u64, most: usize) {
        if self.known.insert(hash) {
            self.order.push_back(hash);
        }
        while self.order.len() > most.max(16) {
            let Some(oldest) = self.order.pop_front() else { return };
            self.known.remove(&oldest);
        }
    }

    /// Whether a key is remembered; from here on it is not.
    fn take(&mut self, hash: u64) -> bool {
        // Its place in the order stays until its turn comes.
        self.known.remove(&hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> Key {
        Key::from(number.to_be_bytes())
    }

    fn used<V>(store: &Store<V>) -> usize {
        let all = store.shards.iter().map(|shard| shard.lock().expect("whole"));
        all.map(|shard| {
            let weights: usize = shard.entries.values().map(|entry| entry.weight).sum();
            let young = shard.entries.values().filter(|entry| !entry.old);
            assert_eq!(weights, shard.used);
            assert_eq!(young.map(|entry| entry.weight).sum::<usize>(), shard.young);
            assert!(shard.used <= shard.limit, "{} of {}", shard.used, shard.limit);
            assert_eq!(shard.small.len() + shard.main.len(), shard.entries.len());
            assert!(shard.ghosts.known.len() <= shard.ghosts.order.len());
            shard.used
        })
        .sum()
    }

    #[test]
    fn what_was_put_is_found_until_it_is_removed() {
        let store = Store::new(1 << 20);
        store.put(key(1), "a", 100);
        store.put(key(1), "b", 300);
        assert_eq!((store.get(&key(1)), store.get(&key(2))), (Some("b"), None));
        assert_eq!(used(&store), 300 + OVERHEAD);
        store.remove(&key(1));
        assert_eq!((store.get(&key(1)), used(&store)), (None, 0));
    }

    #[test]
    fn it_never_takes_more_than_its_limit() {
        const LIMIT: usize = 1 << 20;
        let store = Store::new(LIMIT);
        let mut seed = 7_u64;
        for _ in 0..20_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (number, weight) = ((seed >> 33) as usize % 3000, (seed >> 45) as usize % 9000);
            match seed >> 60 {
                0 => store.remove(&key(number)),
                1..6 => {
                    let found: Option<usize> = store.get(&key(number));
                    assert!(found.is_none_or(|found| found == number));
                }
                _ => store.put(key(number), number, weight),
            }
        }
        assert!((LIMIT / 2..=LIMIT).contains(&used(&store)), "{}", used(&store));
        let none = Store::new(0);
        none.put(key(1), (), 0);
        assert_eq!((none.get(&key(1)), used(&none)), (None, 0));
        store.put(key(1), 1, LIMIT / SHARDS);
        assert_eq!(store.get(&key(1)), None, "larger than its part");
    }

    #[test]
    fn what_is_asked_for_again_outlives_what_is_asked_for_once() {
        let store = Store::new(1 << 20);
        for number in 0..100 {
            store.put(key(number), number, 1000);
            store.get(&key(number));
        }
        // Far more than fits, each once.
        for number in 1000..11_000 {
            store.put(key(number), number, 1000);
        }
        let alive = (0..100).filter(|number| store.get(&key(*number)).is_some()).count();
        assert!(alive > 90, "{alive}");
        used(&store);
    }
}
