//! What a gateway says about itself: one JSON line on standard error per event.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::calendar::Timestamp;
use crate::contract::{Backend, Contract, Endpoint, Sunset, Version};
use crate::error::Error;
use crate::json::Writer;
use crate::request::Identity;
use crate::server::Server;
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
pub(crate) fn started(contract: &Contract, server: &Server, cores: usize) {
    let mut line = Line::new("started");
    line.text("api", contract.api);
    line.text("versions", &labels(contract));
    line.text("address", &server.address().to_string());
    if let Some(operator) = server.operator() {
        line.text("operator", &operator.to_string());
    }
    line.number("cores", cores as u64);
    line.write();
}

/// Something is to be known about the certificates for callers: they were `reloaded`, `kept`, have
/// `expired` or are `expiring`.
#[cfg(feature = "tls")]
pub(crate) fn certificates(what: &'static str, why: &str) {
    let mut line = Line::new("certificates");
    line.text("state", what);
    if !why.is_empty() {
        line.text("why", why);
    }
    line.write();
}

/// How long before something ends by itself the log says so at the start.
const AHEAD: u64 = 30 * 86_400;

/// What ends by itself within thirty days, or has ended.
pub(crate) fn endings(contract: &Contract, now: SystemTime) {
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    for (what, sunset) in sunsets(contract) {
        let Some(end) = sunset.ends.filter(|end| *end <= now.saturating_add(AHEAD)) else {
            continue;
        };
        let mut line = Line::new(if end <= now { "ended" } else { "ending" });
        line.text(what.0, &what.1);
        line.text("end", &Timestamp(Duration::from_secs(end)).to_string());
        line.write();
    }
}

/// How often callers asked for something after its sunset.
pub(crate) fn after_sunset(contract: &Contract) {
    for (what, sunset) in sunsets(contract) {
        if sunset.later.count() > 0 {
            let mut line = Line::new("after-sunset");
            line.text(what.0, &what.1);
            line.number("requests", sunset.later.count());
            line.write();
        }
    }
}

/// Everything that has a sunset of its own, versions and endpoints.
fn sunsets(contract: &Contract) -> impl Iterator<Item = ((&'static str, String), &'static Sunset)> {
    contract.versions.iter().flat_map(|version| {
        let whole = version.lifecycle.map(|one| (("version", version.label.to_owned()), one));
        let own = version.endpoints.iter().filter_map(|endpoint| {
            let lifecycle = endpoint.lifecycle?;
            let shared = version.lifecycle.is_some_and(|whole| std::ptr::eq(whole, lifecycle));
            (!shared).then(|| (("endpoint", format!("{endpoint:?}")), lifecycle))
        });
        let all = whole.into_iter().chain(own);
        all.filter_map(|(what, lifecycle)| Some((what, lifecycle.sunset.as_ref()?)))
    })
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

/// The keys that tokens are checked with could not be had. Whether there are earlier ones, which hold
/// on, makes the difference between a warning and an outage.
#[cfg(feature = "auth")]
pub(crate) fn keys_failed(scheme: &str, reason: &str, earlier: bool) {
    let mut line = Line::new("keys-failed");
    line.text("auth", scheme);
    line.text("reason", reason);
    line.text("tokens", if earlier { "checked with earlier keys" } else { "refused" });
    line.write();
}

/// A list of tokens that do not count could not be had. Whether there is an earlier one makes the
/// difference between a warning and an outage.
#[cfg(feature = "auth")]
pub(crate) fn list_failed(scheme: &str, reason: &str, earlier: bool) {
    let mut line = Line::new("list-failed");
    line.text("auth", scheme);
    line.text("reason", reason);
    line.text("tokens", if earlier { "looked up in an earlier list" } else { "refused" });
    line.write();
}

/// No token could be had that calls to a backend carry. Whether an earlier one is good still makes
/// the difference between a warning and an outage.
#[cfg(feature = "auth")]
pub(crate) fn token_failed(backend: &str, reason: &str, earlier: bool) {
    let mut line = Line::new("token-failed");
    line.text("backend", backend);
    line.text("reason", reason);
    line.text("calls", if earlier { "made with an earlier token" } else { "not made" });
    line.write();
}

/// The store of shared limits cannot be asked any more.
#[cfg(feature = "store")]
pub(crate) fn store_lost(reason: &str) {
    let mut line = Line::new("store-lost");
    line.text("reason", reason);
    line.write();
}

/// It can be asked again.
#[cfg(feature = "store")]
pub(crate) fn store_back() {
    Line::new("store-back").write();
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

/// An address of a backend is left out, or asked again.
pub(crate) fn address(backend: &str, address: SocketAddr, state: &str) {
    let mut line = Line::new("address");
    line.text("backend", backend);
    line.text("address", &address.to_string());
    line.text("state", state);
    line.write();
}

/// A trusted proxy did not say whom it carries. Told once in a while: one that is set up otherwise does
/// so with every connection.
pub(crate) fn unannounced(proxy: IpAddr, reason: &str) {
    const PAUSE: Duration = Duration::from_secs(60);
    thread_local! {
        static TOLD: Cell<Option<Instant>> = const { Cell::new(None) };
    }
    if TOLD.get().is_some_and(|told| told.elapsed() < PAUSE) {
        return;
    }
    TOLD.set(Some(Instant::now()));
    let mut line = Line::new("proxy-refused");
    line.text("proxy", &proxy.to_canonical().to_string());
    line.text("reason", reason);
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

/// Lines of the access log could not be written, or nobody took them in time.
pub(crate) fn lines_lost(lines: u64) {
    let mut line = Line::new("log-lost");
    line.number("lines", lines);
    line.write();
}

/// Spans could not be sent to their collector.
pub(crate) fn collector_lost(reason: &str) {
    let mut line = Line::new("traces-lost");
    line.text("reason", reason);
    line.write();
}

/// They can be sent again.
pub(crate) fn collector_back() {
    Line::new("traces-back").write();
}

/// The end did not wait any longer for the access log.
pub(crate) fn log_unfinished() {
    Line::new("log-unfinished").write();
}

/// The request that this thread is working on.
pub(crate) fn current() -> Option<Rc<Identity>> {
    CURRENT.with_borrow(Clone::clone)
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
        line.0.raw("{\"time\":\"");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        line.0.show(Timestamp(now));
        line.0.raw("\"");
        line.text("event", event);
        CURRENT.with_borrow(|current| {
            if let Some(identity) = current {
                line.text("request", identity.id());
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
