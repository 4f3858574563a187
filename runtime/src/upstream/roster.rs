//! Which addresses of a backend are left out for a while because they fail. Shared by all cores.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::contract::Backend;
use crate::observe;
use crate::request::random;

/// After how many failures in a row an address is left out that does not answer.
const SILENT: u32 = 3;
/// After how many failures in a row an address is left out that answers with 5xx.
const FAILING: u32 = 5;
/// How long an address is left out the first time, unless the backend has a breaker, which says it.
const OUT: Duration = Duration::from_secs(10);
/// How long an address is left out at most.
const LONGEST: Duration = Duration::from_secs(300);

/// What an attempt says about the address that it went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It does what it is there for.
    Well,
    /// It answers, with 5xx.
    Failing,
    /// It does not answer.
    Silent,
}

/// Whose failure a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// The whole backend's, as far as can be told.
    Backend,
    /// That of an address which is left out from here on.
    Ejected,
    /// That of an address which was left out, and tried again.
    Address,
}

/// The addresses of one backend that some core knows.
#[derive(Debug)]
pub(crate) struct Roster {
    name: &'static str,
    /// After how many silent and failing attempts in a row an address is left out.
    limits: (u32, u32),
    out: Duration,
    start: Instant,
    known: Mutex<BTreeMap<SocketAddr, Arc<Health>>>,
}

/// How one address is doing. Asking a good one reads two atomics and writes none.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Failures in a row.
    failures: AtomicU32,
    /// Milliseconds after the roster's start until which it is left out; 0 if it is not.
    out_until: AtomicU64,
    /// How often it was left out in a row.
    times: AtomicU32,
    /// When it came back, and until when it must do well to start anew: milliseconds as above.
    trial_until: AtomicU64,
    /// A request that tries it again is on its way.
    probing: AtomicBool,
}

/// How many addresses are asked, and how many are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Census {
    pub(crate) asked: usize,
    pub(crate) ejected: usize,
}

impl Roster {
    pub(super) fn new(backend: &Backend) -> Roster {
        let most = backend.breaker.map_or(u32::MAX, |breaker| breaker.failures);
        Roster {
            name: backend.name,
            limits: (SILENT.min(most), FAILING.min(most)),
            out: backend.breaker.map_or(OUT, |breaker| breaker.open).min(LONGEST),
            start: Instant::now(),
            known: Mutex::default(),
        }
    }

    /// What is known of an address. Whoever may ask it keeps this.
    pub(super) fn health(&self, address: SocketAddr) -> Arc<Health> {
        Arc::clone(self.lock().entry(address).or_default())
    }

    pub(crate) fn census(&self) -> Census {
        let known = self.lock();
        let ejected = known.values().filter(|one| one.is_out()).count();
        Census { asked: known.len() - ejected, ejected }
    }

    /// Takes note of how an attempt ended. `probe` says that the address was left out and tried
    /// again.
    pub(super) fn note(
        &self,
        (address, health): (SocketAddr, &Health),
        probe: bool,
        verdict: Verdict,
    ) -> Blame {
        let limit = match verdict {
            Verdict::Well => {
                self.well(address, health);
                return Blame::Backend;
            }
            Verdict::Silent => self.limits.0,
            Verdict::Failing => self.limits.1,
        };
        if health.is_out() {
            if probe {
                self.leave_out(health);
            }
            return Blame::Address;
        }
        if health.failures.fetch_add(1, Ordering::AcqRel) + 1 < limit || !self.eject(health) {
            return Blame::Backend;
        }
        observe::address(self.name, address, "ejected");
        Blame::Ejected
    }

    fn well(&self, address: SocketAddr, health: &Health) {
        if health.failures.load(Ordering::Acquire) != 0 {
            health.failures.store(0, Ordering::Release);
        }
        if health.is_out() {
            let last = self.length(health.times.load(Ordering::Acquire));
            health.trial_until.store(self.after(last), Ordering::Release);
            health.out_until.store(0, Ordering::Release);
            observe::address(self.name, address, "returned");
        }
    }

    /// Leaves an address out, unless more than half of them, rounded up, or all would then be: so
    /// many do not fail each on its own. Then the one that has been left out for longest is tried
    /// again at once: it may do better by now.
    fn eject(&self, health: &Health) -> bool {
        let mut known = self.lock();
        // What no core asks any more does not count.
        known.retain(|_, one| Arc::strong_count(one) > 1);
        let out = known.values().filter(|one| one.is_out()).count() + 1;
        if health.is_out() {
            return false;
        }
        if out >= known.len() || out > known.len().div_ceil(2) {
            let left_out = known.values().filter(|one| one.is_out());
            if let Some(first) = left_out.min_by_key(|one| one.out_until.load(Ordering::Acquire)) {
                first.out_until.store(1, Ordering::Release);
            }
            return false;
        }
        if self.now() >= health.trial_until.load(Ordering::Acquire) {
            health.times.store(0, Ordering::Release);
        }
        self.leave_out(health);
        true
    }

    /// Leaves an address out for twice as long as the last time, and up to a tenth longer, so
    /// that not all gateways try it again at once.
    fn leave_out(&self, health: &Health) {
        let times = health.times.fetch_add(1, Ordering::AcqRel) + 1;
        let length = self.length(times);
        let tenth = u64::try_from(length.as_millis() / 10).unwrap_or(0);
        let more = Duration::from_millis(random() % (tenth + 1));
        health.failures.store(0, Ordering::Release);
        health.out_until.store(self.after(length + more), Ordering::Release);
    }

    /// How long it is left out the `times`th time in a row.
    fn length(&self, times: u32) -> Duration {
        let doubled = 1_u32.checked_shl(times.saturating_sub(1)).unwrap_or(u32::MAX);
        self.out.saturating_mul(doubled).min(LONGEST)
    }

    /// Milliseconds since the roster was made, never 0.
    pub(super) fn now(&self) -> u64 {
        self.after(Duration::ZERO)
    }

    fn after(&self, span: Duration) -> u64 {
        u64::try_from((self.start.elapsed() + span).as_millis()).unwrap_or(u64::MAX - 1) + 1
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SocketAddr, Arc<Health>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Health {
    /// Whether it is left out, be it that its time is over.
    pub(super) fn is_out(&self) -> bool {
        self.out_until.load(Ordering::Acquire) != 0
    }

    /// Takes the right to try an address that is left out, once its time is over: one request at a
    /// time. [`Health::release`] gives it back.
    pub(super) fn try_again(&self, roster: &Roster) -> bool {
        let until = self.out_until.load(Ordering::Acquire);
        let due = until != 0 && until <= roster.now();
        if !due || self.probing.swap(true, Ordering::AcqRel) {
            return false;
        }
        // Another probe may have decided since the first look.
        let decided = self.out_until.load(Ordering::Acquire) != until;
        if decided {
            self.release();
        }
        !decided
    }

    pub(super) fn release(&self) {
        self.probing.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Breaker;

    fn roster(breaker: Option<Breaker>) -> Roster {
        Roster::new(&Backend { breaker, ..Backend::ANY })
    }

    fn quick(failures: u32) -> Roster {
        roster(Some(Breaker { failures, within: None, open: Duration::from_millis(40) }))
    }

    fn address(last: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, last], 80))
    }

    /// What is known of so many addresses.
    fn known(roster: &Roster, count: u8) -> Vec<(SocketAddr, Arc<Health>)> {
        (1..=count).map(|last| (address(last), roster.health(address(last)))).collect()
    }

    fn note(roster: &Roster, one: &(SocketAddr, Arc<Health>), verdict: Verdict) -> Blame {
        roster.note((one.0, &one.1), false, verdict)
    }

    #[test]
    fn silence_leaves_an_address_out_sooner_than_failures() {
        for (verdict, limit) in [(Verdict::Silent, 3), (Verdict::Failing, 5)] {
            let roster = roster(None);
            let all = known(&roster, 2);
            for _ in 1..limit {
                assert_eq!(note(&roster, &all[0], verdict), Blame::Backend);
            }
            assert_eq!(note(&roster, &all[0], verdict), Blame::Ejected);
            assert_eq!(roster.census(), Census { asked: 1, ejected: 1 });
            assert_eq!(note(&roster, &all[0], verdict), Blame::Address, "one on its way");
            assert!(!all[0].1.try_again(&roster), "ten seconds are not over");
        }
    }

    #[test]
    fn a_breaker_that_opens_sooner_leaves_addresses_out_sooner() {
        let roster = quick(1);
        let all = known(&roster, 2);
        assert_eq!(note(&roster, &all[0], Verdict::Failing), Blame::Ejected);
    }

    #[test]
    fn a_success_in_between_starts_the_count_again() {
        let roster = roster(None);
        let all = known(&roster, 2);
        for _ in 0..4 {
            for verdict in [Verdict::Silent, Verdict::Silent, Verdict::Well] {
                assert_eq!(note(&roster, &all[0], verdict), Blame::Backend);
            }
        }
    }

    #[test]
    fn at_most_half_are_left_out_and_never_all() {
        for (count, most) in [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (10, 5)] {
            let roster = quick(1);
            let all = known(&roster, count);
            let out =
                all.iter().filter(|one| note(&roster, one, Verdict::Silent) == Blame::Ejected);
            assert_eq!(out.count(), most, "of {count}");
        }
    }

    #[test]
    fn where_no_more_can_be_left_out_one_that_is_gets_its_chance_at_once() {
        let roster = roster(None);
        let all = known(&roster, 2);
        for _ in 0..3 {
            note(&roster, &all[0], Verdict::Silent);
        }
        assert!(!all[0].1.try_again(&roster), "its ten seconds are not over");
        for _ in 0..3 {
            assert_eq!(note(&roster, &all[1], Verdict::Silent), Blame::Backend);
        }
        assert!(all[0].1.try_again(&roster));
        roster.note((all[0].0, &all[0].1), true, Verdict::Well);
        assert_eq!(note(&roster, &all[1], Verdict::Silent), Blame::Ejected);
    }

    #[test]
    fn addresses_that_nobody_asks_any_more_do_not_count() {
        let roster = quick(1);
        let mut all = known(&roster, 4);
        all.truncate(1);
        assert_eq!(note(&roster, &all[0], Verdict::Silent), Blame::Backend);
        assert_eq!(roster.census(), Census { asked: 1, ejected: 0 });
    }

    #[test]
    fn one_request_at_a_time_tries_it_again_and_each_failure_doubles_the_time() {
        let roster = quick(1);
        let all = known(&roster, 2);
        let (address, health) = &all[0];
        note(&roster, &all[0], Verdict::Silent);
        for times in 1..4 {
            assert_eq!(health.times.load(Ordering::Acquire), times);
            while !health.try_again(&roster) {
                std::thread::sleep(Duration::from_millis(2));
            }
            assert!(!health.try_again(&roster), "one at a time");
            let blame = roster.note((*address, health), true, Verdict::Silent);
            assert_eq!(blame, Blame::Address);
            health.release();
        }
        assert_eq!(roster.length(4), Duration::from_millis(320));
        assert_eq!(roster.length(40), LONGEST);
        assert_eq!(roster.note((*address, health), true, Verdict::Well), Blame::Backend);
        assert_eq!(roster.census().ejected, 0);
        note(&roster, &all[0], Verdict::Silent);
        assert_eq!(health.times.load(Ordering::Acquire), 5, "it failed while it was on trial");
    }
}
