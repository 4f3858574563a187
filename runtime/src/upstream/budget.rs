//! How many further attempts a backend is asked for: a share of what it is asked anyway, so that
//! trying again never makes much of the load that lets it fail.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

use crate::request::random;

/// What one attempt costs, in the parts that are counted.
const ATTEMPT: u64 = 1000;
/// What a call brings in: a fifth of an attempt.
const CALL: u64 = ATTEMPT / 5;
/// Attempts per second that are always allowed, all cores together: where little is asked, a share
/// of it is next to nothing.
const PER_SECOND: u64 = 10;
/// What can be saved up, in attempts, all cores together.
const MOST: u64 = 100;

/// The further attempts that one core may make at one backend.
pub(super) struct Budget {
    saved: Cell<u64>,
    since: Cell<Instant>,
    cores: u64,
}

impl Budget {
    /// A full one, of a gateway with so many cores.
    pub(super) fn new(cores: usize, now: Instant) -> Budget {
        let cores = u64::try_from(cores).unwrap_or(u64::MAX).max(1);
        let budget = Budget { saved: Cell::new(0), since: Cell::new(now), cores };
        budget.saved.set(budget.most());
        budget
    }

    /// A call is made.
    pub(super) fn call(&self) {
        self.save(CALL);
    }

    /// Whether a further attempt may be made, which is then spent.
    pub(super) fn spend(&self, now: Instant) -> bool {
        let passed = now.duration_since(self.since.get()).as_millis();
        let earned =
            u64::try_from(passed).unwrap_or(u64::MAX).saturating_mul(PER_SECOND) / self.cores;
        if earned > 0 {
            self.since.set(now);
            self.save(earned);
        }
        let left = self.saved.get().checked_sub(ATTEMPT);
        left.inspect(|left| self.saved.set(*left)).is_some()
    }

    fn save(&self, more: u64) {
        self.saved.set(self.saved.get().saturating_add(more).min(self.most()));
    }

    /// Never less than a few attempts, however many cores there are.
    fn most(&self) -> u64 {
        (MOST / self.cores).max(5) * ATTEMPT
    }
}

/// How long to wait before the `nth` further attempt, from 1: by chance from 10 ms to 50 ms, then to
/// 100 ms and so on, up to a second, so that those who failed at once do not come back at once.
pub(super) fn pause(nth: u32) -> Duration {
    const SHORTEST: u64 = 10;
    let longest = (50_u64 << nth.saturating_sub(1).min(5)).min(1000);
    Duration::from_millis(SHORTEST + random() % (longest - SHORTEST + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of so many calls are tried again, if all of them want it.
    fn again(budget: &Budget, now: Instant, calls: usize) -> usize {
        let tried = (0..calls).filter(|_| {
            budget.call();
            budget.spend(now)
        });
        tried.count()
    }

    #[test]
    fn in_the_long_run_it_is_a_fifth() {
        let now = Instant::now();
        let budget = Budget::new(2, now);
        let at_first = again(&budget, now, 1000);
        assert!((240..=250).contains(&at_first), "what was saved, and a fifth: {at_first}");
        assert_eq!(again(&budget, now, 1000), 200);
    }

    #[test]
    fn some_are_allowed_however_little_is_asked() {
        let start = Instant::now();
        let budget = Budget::new(1, start);
        assert_eq!((0..1000).filter(|_| budget.spend(start)).count(), 100);
        let later = start + Duration::from_secs(1);
        assert_eq!((0..100).filter(|_| budget.spend(later)).count(), 10);
        let later = start + Duration::from_secs(3600);
        assert_eq!((0..1000).filter(|_| budget.spend(later)).count(), 100);
        let many = Budget::new(1000, start);
        assert_eq!((0..10).filter(|_| many.spend(start)).count(), 5);
    }

    #[test]
    fn pauses_grow_and_differ() {
        for (nth, longest) in [(1, 50), (2, 100), (3, 200), (6, 1000), (40, 1000)] {
            let pauses: Vec<_> = (0..200).map(|_| pause(nth)).collect();
            let bounds = Duration::from_millis(10)..=Duration::from_millis(longest);
            assert!(pauses.iter().all(|pause| bounds.contains(pause)));
            assert!(pauses.iter().any(|pause| *pause > Duration::from_millis(longest * 2 / 3)));
        }
    }
}
