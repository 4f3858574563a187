//! Being asked to stop: Ctrl-C, a termination, a terminal that closes.

use gatewright_build::Error;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// How often it is looked whether something happened.
pub(crate) const TICK: Duration = Duration::from_millis(40);

/// Whether the user wants an end.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    asked: Arc<AtomicBool>,
}

impl Stop {
    /// Takes signals over: from here on they are a wish, not an end.
    pub(crate) fn on_signals() -> Result<Self, Error> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            flag::register(signal, Arc::clone(&asked))
                .map_err(|error| Error::world(format!("cannot catch signals: {error}")))?;
        }
        Ok(Self { asked })
    }

    /// Whether it was asked for.
    pub(crate) fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Forgets that it was asked for, so that it can be asked for again.
    pub(crate) fn forget(&self) {
        self.asked.store(false, Ordering::Relaxed);
    }

    /// Waits until it is asked for.
    pub(crate) fn wait(&self) {
        while !self.asked() {
            thread::sleep(TICK);
        }
    }
}
