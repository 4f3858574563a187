//! Slices of the same work through every gateway in turn, and what they say together.

use crate::Fault;
use crate::drive::{Slice, closed::Callers, fixed};
use crate::peers::{Does, Peer, Running};
use crate::process::{Process, Used, tick};
use crate::site::Site;
use crate::works::{Front, Work};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::LocalSet;

/// How long and how often is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) slice: Duration,
    /// Slices at a fixed rate.
    pub(crate) fixed: usize,
}

/// A gateway that takes part.
pub(crate) struct Entrant {
    pub(crate) peer: &'static Peer,
    pub(crate) running: Running,
}

/// What one gateway did in one round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// Microseconds on a processor per request.
    pub(crate) cpu: f64,
    pub(crate) per_second: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// What one gateway did with one work.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) passes: bool,
    pub(crate) rounds: Vec<Round>,
    /// The share of the processor's time that was spent in the kernel.
    pub(crate) kernel: f64,
    /// p50, p99 and p99.9 at the fixed rate, the median of slices.
    pub(crate) fixed: Option<[f64; 3]>,
    pub(crate) failed: u64,
}

/// One work and all who did it.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) work: Work,
    /// Requests per second in the slices at a fixed rate.
    pub(crate) rate: u32,
    pub(crate) rows: Vec<Row>,
}

/// What all measurements share.
pub(crate) struct Bench<'a> {
    pub(crate) runtime: &'a Runtime,
    pub(crate) site: &'a Site,
    pub(crate) token: &'a str,
    /// The processor of callers and service.
    pub(crate) core: Option<usize>,
    pub(crate) effort: Effort,
}

struct Lane<'a> {
    process: &'a Process,
    callers: Callers,
    row: Row,
    used: Used,
    address: std::net::SocketAddr,
}

impl Bench<'_> {
    /// Measures one work.
    ///
    /// # Errors
    ///
    /// That a gateway cannot be reached, or does not answer 2xx.
    pub(crate) fn table(&self, work: &Work, entrants: &[Entrant]) -> Result<Table, Fault> {
        let local = LocalSet::new();
        let mut lanes = Vec::new();
        for entrant in entrants {
            if let Some(lane) = self.lane(work, entrant, &local)? {
                lanes.push(lane);
            }
        }
        for round in 0..self.effort.rounds {
            let mut order: Vec<&mut Lane<'_>> = lanes.iter_mut().collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for lane in order {
                self.round(lane, &local);
            }
        }
        let rate = rate(&lanes);
        if work.front == Front::Plain && self.effort.fixed > 0 {
            self.at_rate(work, rate, &mut lanes);
        }
        let rows = lanes.into_iter().map(Lane::end).collect();
        Ok(Table { work: work.clone(), rate, rows })
    }

    /// Connects to a gateway, and looks at its first answer.
    fn lane<'a>(
        &self,
        work: &Work,
        entrant: &'a Entrant,
        local: &LocalSet,
    ) -> Result<Option<Lane<'a>>, Fault> {
        let does = (entrant.peer.does)(work);
        let (true, Some(at)) = (does != Does::Not, entrant.running.behind(work.front)) else {
            return Ok(None);
        };
        let named = |fault| format!("{}, {}: {fault}", entrant.peer.name, work.name);
        let connect = Callers::connect(at.address, work, self.token, self.site);
        let mut callers = local.block_on(self.runtime, connect).map_err(named)?;
        let (status, body) = local.block_on(self.runtime, callers.once()).map_err(named)?;
        if !(200..300).contains(&status) {
            return Err(named(format!("{status} {}", String::from_utf8_lossy(&body)).into()).into());
        }
        let warm = callers.ask(local, self.effort.slice / 2);
        local.block_on(self.runtime, warm);
        let row = Row {
            name: entrant.peer.name,
            passes: does == Does::Passes,
            rounds: Vec::new(),
            kernel: 0.0,
            fixed: None,
            failed: 0,
        };
        let (process, address) = (&*at.process, at.address);
        Ok(Some(Lane { process, callers, row, used: Used::default(), address }))
    }

    fn round(&self, lane: &mut Lane<'_>, local: &LocalSet) {
        let ask = (self.runtime, local, self.effort.slice);
        let (round, used, failed) = turn(lane.process, &mut lane.callers, ask);
        lane.used.user += used.user;
        lane.used.system += used.system;
        lane.row.failed += failed;
        lane.row.rounds.push(round);
    }

    fn at_rate(&self, work: &Work, rate: u32, lanes: &mut [Lane<'_>]) {
        let text = work.text(self.token);
        let mut slices: Vec<Vec<Slice>> = lanes.iter().map(|_| Vec::new()).collect();
        for _ in 0..self.effort.fixed {
            for (lane, slices) in lanes.iter_mut().zip(&mut slices) {
                let during = self.effort.slice * 2;
                let slice = fixed::ask(lane.address, &text, rate, during, self.core);
                lane.row.failed += slice.failed;
                slices.push(slice);
            }
        }
        for (lane, slices) in lanes.iter_mut().zip(slices) {
            let of = |rank| median(slices.iter().map(|slice| slice.wait(rank)).collect());
            lane.row.fixed = Some([of(500), of(990), of(999)]);
        }
    }
}

/// One slice of requests: what it cost the gateway, what it used, how many failed.
pub(crate) fn turn(
    process: &Process,
    callers: &mut Callers,
    (runtime, local, during): (&Runtime, &LocalSet, Duration),
) -> (Round, Used, u64) {
    let before = process.used();
    let slice = local.block_on(runtime, callers.ask(local, during));
    let after = process.used();
    let used = Used {
        total: after.total - before.total,
        user: after.user - before.user,
        system: after.system - before.system,
    };
    let round = Round {
        cpu: used.total as f64 / 1000.0 / slice.answered as f64,
        per_second: slice.answered as f64 / slice.elapsed.as_secs_f64(),
        p50: slice.wait(500),
        p99: slice.wait(990),
    };
    (round, used, slice.failed)
}

impl Lane<'_> {
    fn end(mut self) -> Row {
        let (user, system) = (self.used.user * tick(), self.used.system * tick());
        self.row.kernel = system as f64 / (user + system).max(1) as f64;
        self.row
    }
}

/// A third of what the slowest managed, in round numbers.
fn rate(lanes: &[Lane<'_>]) -> u32 {
    let slowest = lanes
        .iter()
        .map(|lane| median(lane.row.rounds.iter().map(|round| round.per_second).collect()));
    let slowest = slowest.fold(f64::INFINITY, f64::min);
    let third = if slowest.is_finite() { slowest / 3.0 } else { 0.0 };
    let step = if third >= 1000.0 { 500.0 } else { 50.0 };
    ((third / step).floor() * step).clamp(50.0, 50_000.0) as u32
}

/// The value in the middle; not a number without values.
pub(crate) fn median(values: Vec<f64>) -> f64 {
    quantile(values, 0.5)
}

/// The value at that share of the way from the least to the greatest.
pub(crate) fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.retain(|value| value.is_finite());
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else { return f64::NAN };
    let at = share * last as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    let part = at - at.floor();
    values.get(low).zip(values.get(high)).map_or(f64::NAN, |(low, high)| low + (high - low) * part)
}

impl Table {
    pub(crate) fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// Processor time of one over that of another, round by round.
    pub(crate) fn ratios(&self, one: &Row, other: &Row) -> Vec<f64> {
        one.rounds.iter().zip(&other.rounds).map(|(one, other)| one.cpu / other.cpu).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_values() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![1.0, 2.0]), 1.5);
        assert_eq!(quantile(vec![0.0, 10.0, 20.0, 30.0, 40.0], 0.25), 10.0);
        assert!(median(Vec::new()).is_nan());
    }
}
