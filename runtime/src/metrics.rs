//! What is counted: one set of counters per core, written by that core alone, added up when an
//! operator asks.
//!
//! On the way of a request nothing is locked, allocated or looked up by a hash: an endpoint has a
//! number, an operation is found in a sorted list. What belongs to an endpoint or an operation is
//! made when it is used for the first time.

mod count;
mod exposition;
mod families;
mod meters;
mod places;
mod process;

use std::cell::OnceCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

pub(crate) use self::exposition::{Form, Page};
pub(crate) use self::families::write;
pub(crate) use self::meters::{Meters, Outcome, Peer};
pub(crate) use self::process::descriptors;
use crate::contract::Contract;

thread_local! {
    /// The counters of the core that this thread is.
    static CORE: OnceCell<Arc<Meters>> = const { OnceCell::new() };
}

/// The counters of all cores.
#[derive(Debug)]
pub(crate) struct Metrics {
    started: SystemTime,
    /// Lines of the access log that the output did not take.
    unwritten: AtomicU64,
    /// Spans that the collector took, and those that it did not.
    spans: [AtomicU64; 2],
    /// Whether there is a collector.
    traced: AtomicBool,
    cores: Vec<Arc<Meters>>,
}

impl Metrics {
    pub(crate) fn new(contract: &'static Contract, cores: usize) -> Metrics {
        let cores = (0..cores).map(|_| Arc::new(Meters::new(contract))).collect();
        Metrics {
            started: SystemTime::now(),
            unwritten: AtomicU64::new(0),
            spans: Default::default(),
            traced: AtomicBool::new(false),
            cores,
        }
    }

    /// Spans are sent to a collector, and counted.
    pub(crate) fn traces(&self) {
        self.traced.store(true, Ordering::Relaxed);
    }

    /// Counts spans that the collector took, and those that it did not.
    pub(crate) fn spans(&self, taken: u64, lost: u64) {
        for (count, more) in self.spans.iter().zip([taken, lost]) {
            count.fetch_add(more, Ordering::Relaxed);
        }
    }

    /// Counts lines of the access log that the output did not take.
    pub(crate) fn unwritten(&self, lines: u64) {
        self.unwritten.fetch_add(lines, Ordering::Relaxed);
    }

    /// Makes this thread count as the core with this number. It does so once.
    pub(crate) fn count_here(&self, core: usize) {
        if let Some(meters) = self.cores.get(core) {
            CORE.with(|cell| {
                let _ = cell.set(Arc::clone(meters));
            });
        }
    }
}

/// Counts something on this core. Threads that are no core count nothing.
pub(crate) fn here(count: impl FnOnce(&Meters)) {
    CORE.with(|core| {
        if let Some(meters) = core.get() {
            count(meters);
        }
    });
}
