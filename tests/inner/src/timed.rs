//! Time per piece of work: everybody in turn, round after round.

use crate::allocations;
use crate::entrants::{Contest, Entrant};
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// How long is measured.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    rounds: usize,
    slice: Duration,
}

pub(crate) const FULL: Effort = Effort { rounds: 21, slice: Duration::from_millis(40) };
pub(crate) const QUICK: Effort = Effort { rounds: 7, slice: Duration::from_millis(10) };

/// What was measured.
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) bytes: Option<usize>,
    pub(crate) rows: Vec<Row>,
}

/// What one of them took.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Nanoseconds in the least disturbed round.
    pub(crate) least: f64,
    /// How often the second takes as long, by round.
    pub(crate) ratios: Vec<f64>,
    pub(crate) allocations: u64,
}

/// Measures everybody.
pub(crate) fn measured(contest: &mut Contest, effort: Effort) -> Outcome {
    eprintln!("measuring {}", contest.name);
    let counts: Vec<u64> = contest.entrants.iter_mut().map(allocated).collect();
    let mut times = vec![Vec::new(); contest.entrants.len()];
    for round in 0..effort.rounds {
        let mut order: Vec<usize> = (0..contest.entrants.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for at in order {
            if let (Some(entrant), Some(times)) = (contest.entrants.get_mut(at), times.get_mut(at))
            {
                times.push(slice(entrant, effort.slice) / f64::from(contest.times));
            }
        }
    }
    let second = times.get(1).cloned().unwrap_or_default();
    let rows =
        contest.entrants.iter().zip(times).zip(counts).map(|((entrant, times), count)| Row {
            name: entrant.name,
            least: times.iter().copied().fold(f64::INFINITY, f64::min),
            ratios: second.iter().zip(&times).map(|(second, time)| second / time).collect(),
            allocations: count / u64::from(contest.times),
        });
    Outcome { name: contest.name.clone(), bytes: contest.bytes, rows: rows.collect() }
}

/// How often one call allocates, once all is warm.
fn allocated(entrant: &mut Entrant) -> u64 {
    for _ in 0..3 {
        (entrant.work)();
    }
    let before = allocations::count();
    (entrant.work)();
    allocations::count() - before
}

/// Nanoseconds per call.
fn slice(entrant: &mut Entrant, length: Duration) -> f64 {
    let start = busy();
    let mut calls = 0.0;
    loop {
        for _ in 0..8 {
            (entrant.work)();
        }
        calls += 8.0;
        let taken = busy().saturating_sub(start);
        if taken >= length {
            return taken.as_nanos() as f64 / calls;
        }
    }
}

/// For how long this thread had a processor: others that want it too make no difference.
fn busy() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}
