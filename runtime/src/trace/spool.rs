//! One core's spans, until they are handed over.

use std::cell::{Cell, RefCell};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use super::choice::Sampler;
use super::proto::Proto;
use crate::metrics;

/// How many bytes are handed over at once.
const BATCH: usize = 32 * 1024;
/// How many bytes a core holds while nobody takes them.
const MOST: usize = 256 * 1024;
/// How long the end of a core waits for room.
const PATIENCE: Duration = Duration::from_millis(500);

/// Spans on their way to the collector, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) spans: u64,
}

/// One core's spans.
pub(crate) struct Spool {
    sampler: Sampler,
    buffer: RefCell<Proto>,
    spans: Cell<u64>,
    /// Nothing once the core has ended.
    batches: RefCell<Option<Sender<Batch>>>,
}

impl Spool {
    pub(super) fn new(sampler: Sampler, batches: Sender<Batch>) -> Spool {
        let (buffer, spans) = (RefCell::default(), Cell::default());
        Spool { sampler, buffer, spans, batches: RefCell::new(Some(batches)) }
    }

    pub(super) fn sampler(&self) -> Sampler {
        self.sampler
    }

    /// Adds a span, if there is room.
    pub(super) fn note(&self, write: impl FnOnce(&mut Proto)) {
        let length = {
            let mut buffer = self.buffer.borrow_mut();
            if buffer.0.len() >= MOST {
                return metrics::here(|core| core.spans_lost.one());
            }
            write(&mut buffer);
            buffer.0.len()
        };
        self.spans.set(self.spans.get() + 1);
        if length >= BATCH {
            self.flush();
        }
    }

    /// Hands over what there is. Says whether it is gone; if not, it is tried again with the next.
    pub(super) fn flush(&self) -> bool {
        let mut buffer = self.buffer.borrow_mut();
        let batches = self.batches.borrow();
        let Some(batches) = batches.as_ref().filter(|_| !buffer.0.is_empty()) else { return true };
        let batch = Batch { bytes: std::mem::take(&mut buffer.0), spans: self.spans.take() };
        match batches.try_send(batch) {
            Ok(()) => true,
            Err(TrySendError::Full(batch) | TrySendError::Closed(batch)) => {
                buffer.0 = batch.bytes;
                self.spans.set(batch.spans);
                false
            }
        }
    }

    /// Hands over the rest, and waits for that a little.
    pub(super) fn finish(&self) {
        let begin = Instant::now();
        while !self.flush() && begin.elapsed() < PATIENCE {
            sleep(Duration::from_millis(5));
        }
        metrics::here(|core| core.spans_lost.add(self.spans.get()));
        self.batches.take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_that_stands_still_costs_spans_and_no_time_and_no_memory() {
        let (batches, mut queue) = tokio::sync::mpsc::channel(2);
        let spool = Spool::new(Sampler::ALL, batches);
        let begin = Instant::now();
        for _ in 0..4000 {
            spool.note(|out| out.bytes(2, &[7; 997]));
        }
        assert!(begin.elapsed() < Duration::from_secs(2));
        assert!(spool.buffer.borrow().0.len() < MOST + 2048);
        let held = spool.spans.get();
        let mut there = 0;
        while let Ok(batch) = queue.try_recv() {
            assert_eq!(batch.bytes.len() as u64, batch.spans * 1000);
            there += batch.spans;
        }
        assert_eq!(there, 66, "two batches");
        assert_eq!(held, 263, "and what a core may hold");
        assert!(spool.flush() && queue.try_recv().is_ok_and(|batch| batch.spans == held));
    }
}
