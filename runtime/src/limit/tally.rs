//! What one limit has counted, for each caller apart: bounded in memory, and never forgetful.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, HeaderName};

use super::meter::{Rate, Refused, Used};
use crate::contract::{By, Limit};

/// Into how many parts callers are divided, so that cores seldom wait for each other.
const SHARDS: usize = 64;
/// How many callers a part knows: as many as a table of 4,096 places takes. All parts of a limit
/// together know 229,376, in about 9 MB.
const MOST: usize = 3_584;
/// How many counts a part has for callers that find no place: they share these.
const SPARE: usize = 256;
/// How long a part that stayed full is not looked through again, in microseconds.
const BREATH: u64 = 100_000;

/// What a limit has counted.
#[derive(Debug)]
pub(super) struct Tally {
    rate: Rate,
    counts: Counts,
}

#[derive(Debug)]
enum Counts {
    /// All callers together.
    One(Mutex<Used>),
    /// Each caller apart.
    Each(Shards),
}

#[derive(Debug)]
struct Shards {
    parts: Vec<Mutex<Shard>>,
    hasher: RandomState,
}

/// Some of the callers.
#[derive(Debug, Default)]
struct Shard {
    known: HashMap<u128, Used>,
    /// Empty until there are too many callers.
    spare: Vec<Used>,
    /// When callers that may be forgotten are looked for again.
    next_look: u64,
}

impl Tally {
    pub(super) fn new(limit: &Limit) -> Tally {
        let counts = match limit.by {
            By::All => Counts::One(Mutex::default()),
            By::Ip | By::Header(_) | By::Caller(_) | By::Claim(..) => Counts::Each(Shards {
                parts: std::iter::repeat_with(Mutex::default).take(SHARDS).collect(),
                hasher: RandomState::new(),
            }),
        };
        Tally { rate: Rate::of(limit), counts }
    }

    /// Counts a call, or says that there may be none. `now` is asked while nobody else counts, so that
    /// it does not go back from one call to the next.
    pub(super) fn take(
        &self,
        key: u128,
        now: impl FnOnce() -> u64,
    ) -> Result<(u64, Duration), Refused> {
        match &self.counts {
            Counts::One(used) => lock(used).take(self.rate, now()),
            Counts::Each(shards) => {
                let (mut shard, spare) = shards.of(key);
                let now = now();
                shard.used((key, spare), self.rate, now).take(self.rate, now)
            }
        }
    }

    /// The limit in parts of calls.
    #[cfg(feature = "store")]
    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// Takes back a call that was counted a moment ago.
    pub(super) fn give_back(&self, key: u128) {
        match &self.counts {
            Counts::One(used) => lock(used).give_back(self.rate),
            Counts::Each(shards) => {
                let (mut shard, spare) = shards.of(key);
                let Shard { known, spare: shared, .. } = &mut *shard;
                if let Some(used) = known.get_mut(&key).or_else(|| shared.get_mut(spare)) {
                    used.give_back(self.rate);
                }
            }
        }
    }
}

impl Shards {
    /// The part that holds a caller, and which of its spare counts is the caller's.
    fn of(&self, key: u128) -> (MutexGuard<'_, Shard>, usize) {
        let hash = self.hasher.hash_one(key);
        let place = |bits: u64, among: usize| usize::try_from(bits).unwrap_or(0) % among;
        let shard = self.parts.get(place(hash >> 32, SHARDS)).expect("there are so many parts");
        (lock(shard), place(hash & 0xffff, SPARE))
    }
}

impl Shard {
    /// What a caller has used. One who finds no place shares a count with others until there is one: then
    /// it has used at least what it really has, and nobody is forgotten to make room.
    fn used(&mut self, (key, spare): (u128, usize), rate: Rate, now: u64) -> &mut Used {
        if self.known.len() >= MOST && !self.known.contains_key(&key) {
            self.look(rate, now);
            if self.known.len() >= MOST {
                self.spare.resize(SPARE, Used::default());
                return self.spare.get_mut(spare).expect("there are so many spare counts");
            }
        }
        let before = self.spare.get(spare).copied().unwrap_or_default();
        self.known.entry(key).or_insert(before)
    }

    /// Forgets callers for whom that makes no difference.
    fn look(&mut self, rate: Rate, now: u64) {
        if now >= self.next_look {
            self.known.retain(|_, used| !used.is_free(rate, now));
            self.next_look = now.saturating_add(BREATH);
        }
    }
}

/// Nothing that holds one of these panics half way.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes keys of callers.
#[derive(Debug, Default)]
pub(super) struct Callers([RandomState; 2]);

impl Callers {
    /// An address; of an IPv6 address the first 64 bits, because that is what one household gets.
    pub(super) fn by_address(address: IpAddr) -> u128 {
        match address.to_canonical() {
            IpAddr::V4(address) => (1 << 64) | u128::from(address.to_bits()),
            IpAddr::V6(address) => (2 << 64) | (address.to_bits() >> 64),
        }
    }

    /// What a field says, of whatever length.
    pub(super) fn by_field(&self, headers: &HeaderMap, field: &HeaderName) -> u128 {
        self.by_values(|| headers.get_all(field).iter().map(http::HeaderValue::as_bytes))
    }

    /// What is known of a caller, of whatever length.
    pub(super) fn by_text(&self, text: &str) -> u128 {
        self.by_values(|| std::iter::once(text.as_bytes()))
    }

    /// Values of whatever length in 128 bits that nobody can foresee.
    fn by_values<'v, V: Iterator<Item = &'v [u8]>>(&self, values: impl Fn() -> V) -> u128 {
        let [high, low] = &self.0;
        let half = |state: &RandomState| {
            let mut hasher = state.build_hasher();
            for value in values() {
                hasher.write_usize(value.len());
                hasher.write(value);
            }
            u128::from(hasher.finish())
        };
        (half(high) << 64) | half(low)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn limit(by: By, calls: u64, burst: u64) -> Limit {
        let period = Duration::from_secs(60);
        Limit { name: "a", title: "a", by, calls, period, burst, shared: false }
    }

    /// How many of the calls of eight threads are let through, none of which waits for another.
    fn passed(tally: &Arc<Tally>, keys: u64, clock: &Arc<AtomicU64>) -> u64 {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (tally, clock) = (Arc::clone(tally), Arc::clone(clock));
                std::thread::spawn(move || {
                    let call = |at: u64| {
                        let now = || clock.load(Ordering::Relaxed);
                        tally.take(u128::from(at % keys), now).is_ok()
                    };
                    (0..4_000).filter(|at| call(*at)).count() as u64
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("it ends")).sum()
    }

    #[test]
    fn cores_that_count_at_one_time_let_through_exactly_the_burst() {
        for (by, keys) in [(By::All, 1), (By::Ip, 1), (By::Ip, 10), (By::Header("x"), 100)] {
            let tally = Arc::new(Tally::new(&limit(by, 60, 37)));
            let clock = Arc::new(AtomicU64::new(1_000_000));
            assert_eq!(passed(&tally, keys, &clock), 37 * keys, "{by:?}");
            // Ten seconds free ten calls each.
            clock.store(11_000_000, Ordering::Relaxed);
            assert_eq!(passed(&tally, keys, &clock), 10 * keys, "{by:?}");
        }
    }

    #[test]
    fn a_flood_of_callers_resets_nobody_and_is_bounded() {
        let tally = Tally::new(&limit(By::Ip, 1, 2));
        let victim = 7;
        let take = |key: u128, now: u64| tally.take(key, || now).is_ok();
        assert!(take(victim, 0) && take(victim, 0) && !take(victim, 0));
        let flood = (SHARDS * MOST * 2) as u128;
        // Each flooder uses its whole burst at once, so none can be forgotten.
        for key in 1_000..1_000 + flood {
            take(key, 1);
            take(key, 1);
        }
        let Counts::Each(shards) = &tally.counts else { unreachable!("callers are apart") };
        let known: usize = shards.parts.iter().map(|part| lock(part).known.len()).sum();
        assert!(known <= SHARDS * MOST, "{known}");
        assert!(!take(victim, 2), "it would have been let through if it had been forgotten");
        // Those who found no place share: nobody gets more than a limit allows.
        let late = 1_000 + flood;
        let passed = (late..late + 100_000).filter(|key| take(*key, 3)).count();
        assert!(passed < SHARDS * SPARE * 2, "{passed}");
        // When all have had their time, there is room again, and everybody is as new.
        let later = 121_000_000;
        assert!(take(victim, later) && take(victim, later) && !take(victim, later));
        let fresh = 5_000_000;
        assert!(take(fresh, later) && take(fresh, later) && !take(fresh, later));
    }

    #[test]
    fn who_shared_a_count_takes_it_along() {
        let rate = Rate::of(&limit(By::Ip, 1, 1));
        let mut shard = Shard::default();
        for key in 0..MOST as u128 {
            assert!(shard.used((key, 0), rate, 0).take(rate, 0).is_ok());
        }
        let late = (u128::MAX, 3);
        assert!(shard.used(late, rate, 0).take(rate, 0).is_ok());
        assert_eq!(shard.known.len(), MOST);
        // A minute later the others are free, but for the moment that it came later.
        shard.next_look = 0;
        let now = 60_000_000;
        shard.spare.iter_mut().for_each(|used| assert!(used.take(rate, now).is_ok()));
        assert!(shard.used(late, rate, now).take(rate, now).is_err());
        assert_eq!(shard.known.len(), 1);
    }

    #[test]
    fn an_ipv6_network_is_one_caller() {
        let key = |text: &str| Callers::by_address(text.parse().expect("an address"));
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_ne!(key("0.0.0.1"), key("0:0:0:1::"));
    }

    #[test]
    fn a_field_counts_by_all_that_it_says() {
        let callers = Callers::default();
        let field = HeaderName::from_static("x-id");
        let key = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(&field, http::HeaderValue::from_static(value));
            }
            callers.by_field(&headers, &field)
        };
        assert_eq!(key(&["a"]), key(&["a"]));
        let all =
            [key(&[]), key(&[""]), key(&["a"]), key(&["ab"]), key(&["a", "b"]), key(&["b", "a"])];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
