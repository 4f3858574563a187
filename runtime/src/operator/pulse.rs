//! Signs of life of the cores.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often, at least, a core that works shows that it does.
const BEAT: Duration = Duration::from_secs(1);
/// What a core that has ended leaves behind.
const ENDED: u64 = u64::MAX;

/// When each core was last seen at work.
#[derive(Debug)]
pub(crate) struct Pulses {
    start: Instant,
    /// For how long nothing may be seen of a core.
    limit: Duration,
    /// Milliseconds after `start`, one for each core.
    last: Vec<AtomicU64>,
}

/// One core's own pulse. It ends with the core.
#[derive(Debug)]
pub(crate) struct Pulse {
    pulses: std::sync::Arc<Pulses>,
    core: usize,
}

impl Pulses {
    pub(crate) fn new(cores: usize, limit: Duration) -> Pulses {
        let last = (0..cores).map(|_| AtomicU64::new(0)).collect();
        Pulses { start: Instant::now(), limit, last }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(ENDED - 1)
    }

    /// How many cores have not been seen for too long. One that has ended is not missed.
    pub(crate) fn missed(&self) -> usize {
        let limit = u64::try_from(self.limit.as_millis()).unwrap_or(ENDED);
        let now = self.now();
        let late = |last: &&AtomicU64| {
            let last = last.load(Ordering::Relaxed);
            last != ENDED && now.saturating_sub(last) > limit
        };
        self.last.iter().filter(late).count()
    }

    fn set(&self, core: usize, moment: u64) {
        if let Some(last) = self.last.get(core) {
            last.store(moment, Ordering::Relaxed);
        }
    }
}

impl Pulse {
    /// The pulse of the core with this number.
    pub(crate) fn new(pulses: std::sync::Arc<Pulses>, core: usize) -> Pulse {
        Pulse { pulses, core }
    }

    /// Shows that the core works, for ever.
    pub(crate) async fn beat(self) {
        let pause = BEAT.min(self.pulses.limit / 4);
        loop {
            self.pulses.set(self.core, self.pulses.now());
            tokio::time::sleep(pause).await;
        }
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        // A core that panicked is missed: it does not come back.
        if !std::thread::panicking() {
            self.pulses.set(self.core, ENDED);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_core_that_is_not_seen_is_missed_unless_it_has_ended() {
        let pulses = Arc::new(Pulses::new(2, Duration::from_millis(20)));
        assert_eq!(pulses.missed(), 0);
        std::thread::sleep(Duration::from_millis(40));
        assert_eq!(pulses.missed(), 2);
        pulses.set(0, pulses.now());
        assert_eq!(pulses.missed(), 1);
        drop(Pulse::new(Arc::clone(&pulses), 1));
        assert_eq!(pulses.missed(), 0);
    }
}
