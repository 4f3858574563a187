//! What a gateway says about itself: one JSON line on standard error per event.

use std::cell::RefCell;
use std::io::Write;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::contract::{Backend, Contract, Endpoint, Version};
use crate::error::Error;
use crate::json::Writer;
use crate::request::Identity;
use crate::upstream::{Failure, Reason};

thread_local! {
    /// The request that this thread is working on.
    static CURRENT: RefCell<Option<Rc<Identity>>> = const { RefCell::new(None) };
}

/// Runs `work` so that what it logs names the request.
pub(crate) fn within<T>(identity: &Rc<Identity>, work: impl FnOnce() -> T) -> T {
    /// Puts the outer request back, also when `work` panics.
    struct Back(Option<Rc<Identity>>);
    impl Drop for Back {
        fn drop(&mut self) {
            CURRENT.set(self.0.take());
        }
    }
    let _back = Back(CURRENT.replace(Some(Rc::clone(identity))));
    work()
}

/// A gateway listens.
pub(crate) fn started(contract: &Contract, address: SocketAddr, cores: usize) {
    let mut line = Line::new("started");
    line.text("api", contract.api);
    line.text("versions", &labels(contract));
    line.text("address", &address.to_string());
    line.number("cores", cores as u64);
    line.write();
}

/// A gateway was asked to stop.
pub(crate) fn stopping() {
    Line::new("stopping").write();
}

/// A gateway has stopped; `cut` connections were still busy at the limit.
pub(crate) fn stopped(cut: usize) {
    let mut line = Line::new("stopped");
    line.number("cut", cut as u64);
    line.write();
}

/// A call has no usable result. A 4xx status is an answer that the contract may well expect, so
/// it is no event of its own.
pub(crate) fn call_failed(failure: &Failure) {
    if matches!(failure.reason(), Reason::Status(..500, _)) {
        return;
    }
    let mut line = Line::new("call-failed");
    line.text("backend", failure.backend().name);
    line.text("operation", failure.operation());
    line.text("reason", &failure.reason().to_string());
    line.write();
}

/// An answer that was being passed on ended before its end.
pub(crate) fn cut_short(backend: &Backend, operation: &str, what: &str) {
    let mut line = Line::new("cut-short");
    line.text("backend", backend.name);
    line.text("operation", operation);
    line.text("reason", what);
    line.write();
}

/// A stream of items ended before its end.
pub(crate) fn broke_off(error: &Error) {
    let mut line = Line::new("broke-off");
    line.text("problem", &error.problem_type());
    if let Some(cause) = error.cause() {
        line.text("cause", cause);
    }
    line.write();
}

/// A request was answered with 5xx.
pub(crate) fn answered_badly(endpoint: Option<&Endpoint>, error: &Error) {
    let mut line = Line::new("answered");
    if let Some(endpoint) = endpoint {
        line.text("endpoint", &format!("{endpoint:?}"));
    }
    line.number("status", u64::from(error.status()));
    line.text("problem", &error.problem_type());
    if let Some(cause) = error.cause() {
        line.text("cause", cause);
    }
    line.write();
}

/// A breaker changed its state.
pub(crate) fn breaker(backend: &str, state: &str) {
    let mut line = Line::new("breaker");
    line.text("backend", backend);
    line.text("state", state);
    line.write();
}

/// Code panicked: a bug.
pub(crate) fn panicked(panic: &std::panic::PanicHookInfo<'_>) {
    let mut line = Line::new("panicked");
    if let Some(place) = panic.location() {
        line.text("place", &place.to_string());
    }
    if let Some(what) = panic.payload_as_str() {
        line.text("what", what);
    }
    line.write();
}

/// The labels of a contract's versions, `1, 2, 3 draft`.
pub(crate) fn labels(contract: &Contract) -> String {
    let label = |version: &Version| match version.draft {
        true => format!("{} draft", version.label),
        false => version.label.to_owned(),
    };
    contract.versions.iter().map(label).collect::<Vec<_>>().join(", ")
}

/// One event.
struct Line(Writer);

impl Line {
    fn new(event: &str) -> Line {
        let mut line = Line(Writer::new());
        line.0.raw("{\"time\":");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        line.0.text(&timestamp(now));
        line.text("event", event);
        CURRENT.with_borrow(|current| {
            if let Some(identity) = current {
                line.text("request", &identity.id);
            }
        });
        line
    }

    fn text(&mut self, name: &'static str, value: &str) {
        self.0.key(name);
        self.0.text(value);
    }

    fn number(&mut self, name: &'static str, value: u64) {
        self.0.key(name);
        self.0.raw(&value.to_string());
    }

    /// Writes the line in one piece. That nobody may be listening is no reason to stop serving.
    fn write(mut self) {
        self.0.raw("}\n");
        let _ = std::io::stderr().lock().write_all(&self.0.finish());
    }
}

/// A moment after 1970 in UTC, to the millisecond (RFC 3339 section 5.6).
fn timestamp(since_1970: Duration) -> String {
    let seconds = since_1970.as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days are counted in years that begin in March, so that the leap day comes last.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    let (second, milli) = (second % 60, since_1970.subsec_millis());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_know_the_calendar() {
        let at = |millis| timestamp(Duration::from_millis(millis));
        assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(951_782_400_123), "2000-02-29T00:00:00.123Z");
        assert_eq!(at(1_788_220_799_999), "2026-08-31T23:59:59.999Z");
        assert_eq!(at(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
    }
}
