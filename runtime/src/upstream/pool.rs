//! Idle connections to one backend: the last one used is the first to be used again.

use std::cell::RefCell;
use std::time::Duration;

use tokio::time::Instant;

use super::link::Link;

/// The most idle connections that one core keeps to one backend.
const MOST: usize = 256;
/// How long a connection may be idle.
const AGE: Duration = Duration::from_secs(30);

/// Idle connections, the longest idle first.
#[derive(Default)]
pub(super) struct Pool(RefCell<Vec<Link>>);

impl Pool {
    /// A connection that is still open as far as can be seen.
    pub(super) fn take(&self) -> Option<Link> {
        loop {
            let mut link = self.0.borrow_mut().pop()?;
            if link.idle_since.elapsed() < AGE && !link.is_stale() {
                return Some(link);
            }
        }
    }

    /// Keeps a connection after an answer, unless it cannot carry another one.
    pub(super) fn put(&self, mut link: Link) {
        let mut idle = self.0.borrow_mut();
        if link.is_reusable() && idle.len() < MOST {
            link.idle_since = Instant::now();
            idle.push(link);
        }
    }

    /// Closes what has been idle too long, or has been closed by the other side.
    pub(super) fn sweep(&self) {
        self.0.borrow_mut().retain_mut(|link| link.idle_since.elapsed() < AGE && !link.is_stale());
    }
}
