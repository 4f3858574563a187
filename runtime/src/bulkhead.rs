//! How many may be on their way at once: the others wait for a moment, or are told at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::contract::InFlight;

/// When those who found no place should come back.
pub(crate) const COME_BACK: Duration = Duration::from_secs(1);

/// So many places, for all cores together.
#[derive(Debug)]
pub(crate) struct Bulkhead {
    rule: InFlight,
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place(
    #[expect(dead_code, reason = "it gives the place back")] OwnedSemaphorePermit,
);

/// One who waits, until it is dropped.
struct Waiting<'b>(&'b AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Bulkhead {
    pub(crate) fn new(rule: InFlight) -> Bulkhead {
        let most = rule.most.clamp(1, Semaphore::MAX_PERMITS);
        Bulkhead { rule, places: Arc::new(Semaphore::new(most)), waiting: AtomicUsize::new(0) }
    }

    /// A place; nothing if none gets free in time. Who waits longest is first, and no more wait than there
    /// are places: whoever comes then would wait for longer than one answer takes, and is told at once.
    pub(crate) async fn enter(&self) -> Option<Place> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Some(Place(place));
        }
        if self.rule.wait.is_zero() {
            return None;
        }
        let ahead = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if ahead >= self.rule.most {
            return None;
        }
        let place = Arc::clone(&self.places).acquire_owned();
        tokio::time::timeout(self.rule.wait, place).await.ok()?.ok().map(Place)
    }

    /// How many places are taken.
    pub(crate) fn taken(&self) -> usize {
        self.rule.most.saturating_sub(self.places.available_permits())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn bulkhead(most: usize, wait: u64) -> Bulkhead {
        Bulkhead::new(InFlight { most, wait: Duration::from_millis(wait) })
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("a runtime").block_on(work)
    }

    #[test]
    fn there_are_so_many_places_and_they_come_back() {
        run(async {
            let bulkhead = bulkhead(2, 0);
            let (one, two) = (bulkhead.enter().await, bulkhead.enter().await);
            assert!(one.is_some() && two.is_some() && bulkhead.enter().await.is_none());
            assert_eq!(bulkhead.taken(), 2);
            drop(one);
            assert!(bulkhead.enter().await.is_some());
        });
    }

    #[test]
    fn who_waits_gets_the_next_place_or_is_told_in_time() {
        run(async {
            let bulkhead = bulkhead(1, 80);
            let taken = bulkhead.enter().await;
            let start = Instant::now();
            assert!(bulkhead.enter().await.is_none());
            assert!((70..2_000).contains(&start.elapsed().as_millis()));
            let free = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(10));
                drop(taken);
            });
            assert!(bulkhead.enter().await.is_some());
            free.join().expect("it ends");
        });
    }

    #[test]
    fn no_more_wait_than_there_are_places() {
        run(async {
            let bulkhead = bulkhead(1, 60_000);
            let taken = bulkhead.enter().await;
            let mut first = std::pin::pin!(bulkhead.enter());
            let polled = std::future::poll_fn(|context| {
                std::task::Poll::Ready(first.as_mut().poll(context).is_pending())
            });
            assert!(polled.await, "it waits");
            assert!(bulkhead.enter().await.is_none(), "one waits already");
            drop(taken);
            assert!(first.await.is_some());
            assert_eq!(bulkhead.waiting.load(Ordering::Relaxed), 0);
        });
    }
}
