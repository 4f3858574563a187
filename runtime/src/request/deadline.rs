//! The moment by which something must have ended.

use std::time::Duration;

use tokio::time::Instant;

/// A moment that only ever comes closer along a chain of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// The moment `span` from now. A span beyond what the clock can hold is cut to a year.
    pub fn after(span: Duration) -> Deadline {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
        Deadline(Instant::now() + span.min(YEAR))
    }

    /// What is left, or nothing once the moment has come.
    pub fn remaining(self) -> Option<Duration> {
        self.0.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    pub(crate) fn instant(self) -> Instant {
        self.0
    }
}
