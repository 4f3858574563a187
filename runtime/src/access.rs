//! The access log: a line per request on standard output, written by a thread of its own.
//!
//! A core writes lines into a buffer that it alone has, and hands it over when it is large or old.
//! It never waits: where the reader of the log is too slow, lines are lost, and counted.

mod line;
mod spool;
mod trail;

use std::cell::OnceCell;
use std::time::Duration;

pub(crate) use self::line::Entry;
pub(crate) use self::spool::{Log, Spool};
pub(crate) use self::trail::{Called, Trail};
use crate::request::random;

/// How old a line may get before it is handed over.
const AGE: Duration = Duration::from_millis(200);

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Combined,
}

/// What is logged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    /// Nothing: no log at all.
    pub(crate) form: Option<Form>,
    /// The share of requests that are logged, from 0 to 1. Those that failed always are.
    pub(crate) share: f64,
}

impl Choice {
    /// Whether a request that did not fail is among those that are logged.
    fn draws(self) -> bool {
        // 53 bits are what a number between 0 and 1 can hold.
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let drawn = (random() >> 11) as f64 / (1_u64 << 53) as f64;
        self.share >= 1.0 || drawn < self.share
    }
}

thread_local! {
    /// The lines of the core that this thread is.
    static CORE: OnceCell<Spool> = const { OnceCell::new() };
}

/// Makes this thread log what it answers. It does so once.
pub(crate) fn log_here(spool: Spool) {
    CORE.with(|cell| {
        let _ = cell.set(spool);
    });
}

/// Logs a request, if it is to be. `failed` ones always are.
pub(crate) fn note(entry: &Entry<'_>) {
    CORE.with(|core| {
        if let Some(spool) = core.get() {
            spool.note(entry);
        }
    });
}

/// Hands over what has become old, for ever.
pub(crate) async fn hand_over() {
    loop {
        tokio::time::sleep(AGE).await;
        CORE.with(|core| core.get().map(Spool::flush));
    }
}

/// Hands over all there is: this thread is about to end.
pub(crate) fn finish_here() {
    CORE.with(|core| core.get().map(Spool::finish));
}
