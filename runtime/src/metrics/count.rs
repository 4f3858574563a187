//! Numbers that one thread writes and others read.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use crate::trace::Context;

/// A number that only grows. One thread adds, so no bus is locked for it.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
    }

    pub(crate) fn one(&self) {
        self.add(1);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The upper ends of a histogram's buckets, in microseconds; the last one has none.
pub(crate) const BOUNDS: [u64; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000,
];

/// How long things took.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    buckets: [Count; BOUNDS.len() + 1],
    /// In nanoseconds.
    sum: Count,
    /// Of what was traced, the last of each bucket. The lock is its core's own, and an operator's look
    /// at it is all that it ever waits for.
    exemplars: OnceLock<Box<Mutex<Exemplars>>>,
}

/// Something that was measured and is traced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exemplar {
    pub(crate) context: Context,
    pub(crate) took: Duration,
    pub(crate) at: SystemTime,
}

/// One for each bucket.
type Exemplars = [Option<Exemplar>; BOUNDS.len() + 1];

/// What several histograms have seen together.
#[derive(Debug, Default)]
pub(crate) struct Spread {
    /// How many were in each bucket, not in those before it.
    pub(crate) buckets: [u64; BOUNDS.len() + 1],
    /// In nanoseconds.
    pub(crate) sum: u64,
    /// The last of each bucket that is traced.
    pub(crate) exemplars: Exemplars,
}

impl Histogram {
    pub(crate) fn add(&self, took: Duration, traced: Option<Context>) {
        let micros = u64::try_from(took.as_nanos().div_ceil(1000)).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|bound| micros <= *bound).unwrap_or(BOUNDS.len());
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.one();
        }
        if let Some(context) = traced {
            let all = self.exemplars.get_or_init(Box::default);
            let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = all.get_mut(bucket) {
                *place = Some(Exemplar { context, took, at: SystemTime::now() });
            }
        }
        self.sum.add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    pub(crate) fn add_to(&self, spread: &mut Spread) {
        for (total, bucket) in spread.buckets.iter_mut().zip(&self.buckets) {
            *total += bucket.get();
        }
        spread.sum += self.sum.get();
        let Some(own) = self.exemplars.get() else { return };
        let own = own.lock().unwrap_or_else(PoisonError::into_inner);
        for (newest, one) in spread.exemplars.iter_mut().zip(own.iter().copied()) {
            if let Some(one) = one
                && newest.is_none_or(|newest| newest.at < one.at)
            {
                *newest = Some(one);
            }
        }
    }
}

/// The statuses that are counted each on its own: those of the IANA registry that answers have.
const KNOWN: [u16; 59] = [
    101, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307, 308,
    400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418,
    421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 506, 507, 508,
    510, 511,
];

/// What all others are counted as, by their first digit.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Answers by their status.
#[derive(Debug)]
pub(crate) struct Statuses([Count; KNOWN.len() + CLASSES.len()]);

impl Default for Statuses {
    fn default() -> Statuses {
        Statuses(std::array::from_fn(|_| Count::default()))
    }
}

impl Statuses {
    /// Counts an answer. Statuses from 600 on count with 5xx.
    pub(crate) fn add(&self, status: u16) {
        let slot = KNOWN.binary_search(&status).unwrap_or_else(|_| {
            KNOWN.len() + usize::from(status / 100).clamp(1, CLASSES.len()) - 1
        });
        if let Some(count) = self.0.get(slot) {
            count.one();
        }
    }

    /// How many answers there were, in the order of [`names`].
    pub(crate) fn counts(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(Count::get)
    }
}

/// The statuses that are told apart.
pub(crate) fn names() -> impl Iterator<Item = String> {
    let known = KNOWN.iter().map(u16::to_string);
    known.chain(CLASSES.iter().map(|class| (*class).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_counted_by_itself_or_with_its_class() {
        assert!(KNOWN.is_sorted());
        let statuses = Statuses::default();
        for status in [200, 404, 404, 299, 499, 599, 999, 100] {
            statuses.add(status);
        }
        let found: Vec<(String, u64)> =
            names().zip(statuses.counts()).filter(|(_, count)| *count > 0).collect();
        let expected = [("200", 1), ("404", 2), ("1xx", 1), ("2xx", 1), ("4xx", 1), ("5xx", 2)];
        assert_eq!(found, expected.map(|(name, count)| (name.to_owned(), count)));
    }

    #[test]
    fn a_bucket_holds_its_upper_end() {
        let histogram = Histogram::default();
        for micros in [0, 500, 501, 10_000_000, 10_000_001] {
            histogram.add(Duration::from_micros(micros), None);
        }
        histogram.add(Duration::from_nanos(500_001), Some(Context::below(None)));
        let mut spread = Spread::default();
        histogram.add_to(&mut spread);
        let buckets = &spread.buckets;
        assert_eq!((buckets[0], buckets[1], buckets[13], buckets[14]), (2, 2, 1, 1));
        assert_eq!(spread.sum, 20_001_002_000 + 500_001);
        let traced: Vec<bool> = spread.exemplars.iter().map(Option::is_some).collect();
        assert_eq!(traced.iter().position(|one| *one), Some(1));
        assert_eq!(traced.iter().filter(|one| **one).count(), 1);
    }
}
