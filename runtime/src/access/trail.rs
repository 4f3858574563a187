//! What a request leaves behind while it is worked on: its calls, and what was sent of its answer.

use std::cell::Cell;
use std::time::Duration;

use crate::metrics::Outcome;

/// How many operations a line can tell of. Further ones are counted.
const MOST: usize = 8;

/// What there is to say of a request once it has ended. It has room from the start, so that noting
/// something allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    calls: [Cell<Option<Called>>; MOST],
    /// Calls for which there was no room.
    more: Cell<u32>,
    /// Bytes of an answer that arrives while it is sent.
    sent: Cell<u64>,
}

/// All calls of one operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Called {
    pub(crate) backend: &'static str,
    pub(crate) operation: &'static str,
    /// How the first of them that failed ended.
    pub(crate) outcome: Outcome,
    /// How long the longest took.
    pub(crate) took: Duration,
    pub(crate) times: u32,
    /// Of all of them.
    pub(crate) attempts: u32,
}

impl Called {
    fn is_of(&self, backend: &str, operation: &str) -> bool {
        self.backend == backend && self.operation == operation
    }
}

impl Trail {
    /// A call has ended.
    pub(crate) fn called(&self, call: Called) {
        for cell in &self.calls {
            let known = cell.get();
            let sum = match known {
                None => call,
                Some(known) if known.is_of(call.backend, call.operation) => Called {
                    outcome: if known.outcome == Outcome::Ok {
                        call.outcome
                    } else {
                        known.outcome
                    },
                    took: known.took.max(call.took),
                    times: known.times.saturating_add(1),
                    attempts: known.attempts.saturating_add(call.attempts),
                    ..known
                },
                Some(_) => continue,
            };
            cell.set(Some(sum));
            return;
        }
        self.more.set(self.more.get().saturating_add(1));
    }

    /// A result that had come well is not what the contract reads.
    pub(crate) fn misread(&self, backend: &str, operation: &str) {
        for cell in &self.calls {
            if let Some(known) = cell.get().filter(|known| known.is_of(backend, operation)) {
                cell.set(Some(Called { outcome: Outcome::Invalid, ..known }));
            }
        }
    }

    /// More of the answer was sent.
    pub(crate) fn sent(&self, bytes: usize) {
        self.sent.set(self.sent.get().saturating_add(bytes as u64));
    }

    pub(crate) fn calls(&self) -> impl Iterator<Item = Called> {
        self.calls.iter().map_while(Cell::get)
    }

    pub(super) fn more(&self) -> u32 {
        self.more.get()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.sent.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

    fn call(operation: &'static str, outcome: Outcome, millis: u64) -> Called {
        let took = Duration::from_millis(millis);
        Called { backend: "x", operation, outcome, took, times: 1, attempts: 2 }
    }

    #[test]
    fn calls_of_one_operation_are_one() {
        let trail = Trail::default();
        trail.called(call("a", Outcome::Ok, 3));
        trail.called(call("a", Outcome::Timeout, 2));
        trail.called(call("a", Outcome::Ok, 1));
        let all: Vec<Called> = trail.calls().collect();
        let [one] = all.as_slice() else { unreachable!("{all:?}") };
        assert_eq!((one.times, one.attempts, one.outcome), (3, 6, Outcome::Timeout));
        assert_eq!(one.took, Duration::from_millis(3));
    }

    #[test]
    fn there_is_room_for_eight() {
        let trail = Trail::default();
        for name in NAMES {
            trail.called(call(name, Outcome::Ok, 1));
        }
        assert_eq!((trail.calls().count(), trail.more()), (8, 2));
        trail.misread("x", "c");
        let wrong: Vec<_> = trail.calls().filter(|one| one.outcome != Outcome::Ok).collect();
        assert_eq!(wrong.iter().map(|one| one.operation).collect::<Vec<_>>(), ["c"]);
    }
}
