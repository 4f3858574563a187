//! Breakers: when to stop calling a backend for a while. Shared by all cores.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::roster::{Census, Roster};
use crate::bulkhead::Bulkhead;
use crate::contract::{Backend, Breaker};
use crate::observe;

/// What all cores know of how the backends are doing.
#[derive(Debug)]
pub(crate) struct Gates {
    /// The breakers, each at its backend's index.
    gates: Vec<Option<Gate>>,
    /// How many requests may be on their way, likewise.
    bulkheads: Vec<Option<Arc<Bulkhead>>>,
    /// Their addresses, likewise.
    rosters: Vec<Arc<Roster>>,
}

impl Gates {
    pub(crate) fn new(backends: &[&'static Backend]) -> Gates {
        let gate =
            |backend: &&'static Backend| backend.breaker.map(|rule| Gate::new(backend.name, rule));
        Gates {
            gates: backends.iter().map(gate).collect(),
            bulkheads: backends
                .iter()
                .map(|backend| backend.in_flight.map(|rule| Arc::new(Bulkhead::new(rule))))
                .collect(),
            rosters: backends.iter().map(|backend| Arc::new(Roster::new(backend))).collect(),
        }
    }

    /// How many addresses of a backend are asked, and how many are left out.
    pub(crate) fn census(&self, backend: &Backend) -> Census {
        self.rosters.get(backend.index).map(|roster| roster.census()).unwrap_or_default()
    }

    /// How many requests may be on their way to the backend at this index.
    pub(super) fn bulkhead(&self, backend: usize) -> Option<&Arc<Bulkhead>> {
        self.bulkheads.get(backend)?.as_ref()
    }

    /// How many requests are on their way to a backend that takes only so many.
    pub(crate) fn in_flight(&self, backend: &Backend) -> Option<usize> {
        Some(self.bulkhead(backend.index)?.taken())
    }

    /// The addresses of the backend at this index.
    pub(super) fn roster(&self, backend: usize) -> Option<&Arc<Roster>> {
        self.rosters.get(backend)
    }

    /// The state of a backend's breaker, if it has one: `closed`, `open`, or `half-open` once a
    /// probe may be made.
    pub(crate) fn state(&self, backend: &Backend) -> Option<&'static str> {
        let state = self.of(backend)?.closed_or_over();
        Some(state.map_or("open", |closed| if closed { "closed" } else { "half-open" }))
    }

    /// How often a backend's breaker opened, if it has one.
    pub(crate) fn opened(&self, backend: &Backend) -> Option<u64> {
        Some(self.of(backend)?.opened.load(Ordering::Relaxed))
    }

    pub(super) fn of(&self, backend: &Backend) -> Option<&Gate> {
        self.gates.get(backend.index)?.as_ref()
    }
}

/// One backend's breaker. The path of a good call reads two atomics and writes none.
#[derive(Debug)]
pub(super) struct Gate {
    name: &'static str,
    rule: Breaker,
    start: Instant,
    /// Consecutive failures.
    failures: AtomicU32,
    /// When the last failures were, for a rule with a window.
    recent: Mutex<VecDeque<Instant>>,
    /// Milliseconds after `start` until which it is open; 0 is closed.
    open_until: AtomicU64,
    /// A probe is on its way.
    probing: AtomicBool,
    /// How often it opened.
    opened: AtomicU64,
}

/// The right to make one attempt. Dropped without an outcome, it counts for nothing.
#[must_use]
pub(super) struct Permit<'g> {
    gate: &'g Gate,
    probe: bool,
}

impl Gate {
    fn new(name: &'static str, rule: Breaker) -> Gate {
        Gate {
            name,
            rule,
            start: Instant::now(),
            failures: AtomicU32::new(0),
            recent: Mutex::default(),
            open_until: AtomicU64::new(0),
            probing: AtomicBool::new(false),
            opened: AtomicU64::new(0),
        }
    }

    /// Lets an attempt through, or says how long to wait. Once the open time is over, exactly one
    /// attempt is let through and decides.
    pub(super) fn enter(&self) -> Result<Permit<'_>, Duration> {
        if self.closed_or_over()? {
            return Ok(Permit { gate: self, probe: false });
        }
        if self.probing.swap(true, Ordering::AcqRel) {
            return Err(Duration::from_secs(1).min(self.rule.open));
        }
        let probe = Permit { gate: self, probe: true };
        // Another probe may have decided since the first look.
        match self.closed_or_over()? {
            true => {
                drop(probe);
                Ok(Permit { gate: self, probe: false })
            }
            false => Ok(probe),
        }
    }

    /// True when closed, false when the open time is over, else the time that is left.
    fn closed_or_over(&self) -> Result<bool, Duration> {
        let until = self.open_until.load(Ordering::Acquire);
        match until.checked_sub(self.now()) {
            _ if until == 0 => Ok(true),
            None | Some(0) => Ok(false),
            Some(left) => Err(Duration::from_millis(left)),
        }
    }

    /// Milliseconds since the gate was made, never 0.
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }

    fn count_failure(&self) {
        if self.open_until.load(Ordering::Acquire) != 0 {
            return;
        }
        let reached = match self.rule.within {
            None => self.failures.fetch_add(1, Ordering::AcqRel) + 1 >= self.rule.failures,
            Some(window) => {
                let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
                recent.push_back(Instant::now());
                while recent.front().is_some_and(|first| first.elapsed() > window) {
                    recent.pop_front();
                }
                recent.len() >= usize::try_from(self.rule.failures).unwrap_or(usize::MAX)
            }
        };
        if reached {
            self.open();
        }
    }

    fn open(&self) {
        let open = u64::try_from(self.rule.open.as_millis()).unwrap_or(u64::MAX);
        self.open_until.store(self.now().saturating_add(open), Ordering::Release);
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.forget();
        observe::breaker(self.name, "open");
    }

    fn close(&self) {
        self.forget();
        self.open_until.store(0, Ordering::Release);
        observe::breaker(self.name, "closed");
    }

    fn forget(&self) {
        self.failures.store(0, Ordering::Release);
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Permit<'_> {
    /// The backend answered.
    pub(super) fn succeeded(self) {
        if self.probe {
            self.gate.close();
        } else if self.gate.rule.within.is_none() && self.gate.failures.load(Ordering::Acquire) != 0
        {
            self.gate.failures.store(0, Ordering::Release);
        }
    }

    /// The backend did not answer, or with 5xx.
    pub(super) fn failed(self) {
        if self.probe {
            self.gate.open();
        } else {
            self.gate.count_failure();
        }
    }
}

impl Permit<'_> {
    /// One address of the backend failed, which is left out or was: the others may do well. If it
    /// is left out from here on, what it failed at before is forgotten too.
    pub(super) fn excused(self, ejected: bool) {
        if self.probe {
            self.gate.open();
        } else if ejected && self.gate.open_until.load(Ordering::Acquire) == 0 {
            self.gate.forget();
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.probe {
            self.gate.probing.store(false, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(failures: u32, within: Option<Duration>) -> Gate {
        Gate::new("catalog", Breaker { failures, within, open: Duration::from_millis(40) })
    }

    fn fail(gate: &Gate) {
        gate.enter().expect("closed").failed();
    }

    /// Plays what happens to a breaker and writes down its state after each: `f` is a failure, `s` a
    /// success, `d` a call that is dropped, `x` one that another address answers for, `e` the same
    /// where that address is left out from then on, `.` the time for which it is open. A call that is
    /// not let through is `-`.
    fn course(failures: u32, within: Option<Duration>, events: &str) -> String {
        let gate = gate(failures, within);
        let mut states = String::new();
        for event in events.chars() {
            if event == '.' {
                std::thread::sleep(Duration::from_millis(60));
            } else if let Ok(permit) = gate.enter() {
                match event {
                    'f' => permit.failed(),
                    's' => permit.succeeded(),
                    'x' => permit.excused(false),
                    'e' => permit.excused(true),
                    _ => drop(permit),
                }
            } else {
                states.push('-');
                continue;
            }
            states.push(match gate.closed_or_over() {
                Ok(true) => 'c',
                Ok(false) => 'h',
                Err(_) => 'o',
            });
        }
        states
    }

    #[test]
    fn a_breaker_goes_from_state_to_state_as_the_table_says() {
        const LONG: Option<Duration> = Some(Duration::from_secs(60));
        for (failures, within, events, states) in [
            // Those that follow each other count; a success starts anew.
            (1, None, "fs", "o-"),
            (2, None, "fsfsff", "ccccco"),
            (2, None, "fdff", "cco-"),
            // In a window, successes do not help.
            (2, LONG, "fsf", "cco"),
            // One probe decides; whoever drops it leaves the decision to another one.
            (1, None, "f.s", "ohc"),
            (1, None, "f.f", "oho"),
            (1, None, "f.fs.s", "oho-hc"),
            (1, None, "f.dds", "ohhhc"),
            // After that everything counts anew.
            (2, None, "ff.sff", "cohcco"),
            (2, LONG, "ff.sff", "cohcco"),
            // What an address answers for does not count, unless it was the probe that decides.
            (2, None, "fxxf", "ccco"),
            (2, None, "fef", "ccc"),
            (2, LONG, "fef", "ccc"),
            (1, None, "f.x", "oho"),
            (1, None, "f.e", "oho"),
        ] {
            assert_eq!(course(failures, within, events), states, "{failures} {within:?} {events}");
        }
    }

    #[test]
    fn consecutive_failures_open_it_and_one_probe_closes_it() {
        let gate = gate(3, None);
        fail(&gate);
        fail(&gate);
        gate.enter().expect("closed").succeeded();
        fail(&gate);
        fail(&gate);
        assert!(gate.enter().is_ok());
        fail(&gate);
        assert!(gate.enter().is_err());
        std::thread::sleep(Duration::from_millis(60));
        let probe = gate.enter().expect("a probe");
        assert!(gate.enter().is_err(), "one probe at a time");
        probe.succeeded();
        assert!(gate.enter().is_ok());
    }

    #[test]
    fn a_failed_probe_opens_it_again_and_a_dropped_one_lets_another_through() {
        let gate = gate(1, None);
        fail(&gate);
        std::thread::sleep(Duration::from_millis(60));
        drop(gate.enter().expect("a probe"));
        gate.enter().expect("another probe").failed();
        assert!(gate.enter().is_err());
    }

    #[test]
    fn with_a_window_old_failures_are_forgotten_and_successes_do_not_help() {
        let gate = gate(2, Some(Duration::from_millis(80)));
        fail(&gate);
        std::thread::sleep(Duration::from_millis(120));
        fail(&gate);
        gate.enter().expect("the first failure is too old").succeeded();
        fail(&gate);
        assert!(gate.enter().is_err());
    }
}
