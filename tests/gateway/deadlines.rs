//! Time: budgets, timeouts, and what is left of them.

use std::time::Duration;

use gatewright_runtime::testing::{Backend, Gateway, Running};

use crate::ask::{NOBODY, problem, timed};
use crate::contracts::policies::CONTRACT;

const ONE: &str = r#"{"value":1,"next":2}"#;

/// A gateway with one backend; the others refuse.
pub(crate) fn gateway(variable: &str, url: &str, more: &[(&str, &str)]) -> Running {
    let mut env = vec![(variable, url)];
    env.extend(more);
    for other in ["STEADY_URL", "AGAIN_URL", "PICKY_URL", "FRAGILE_URL", "COUNTED_URL", "TUNED_URL"]
    {
        env.push((other, NOBODY));
    }
    Gateway::start(&CONTRACT, &env)
}

/// Asks, wants 504, and wants it not before and not long after so many milliseconds.
#[track_caller]
fn too_late(gateway: &Running, target: &str, milliseconds: u64) {
    let (answer, elapsed) = timed(gateway, target);
    problem(&answer, 504, "gateway:backend-timeout");
    let expected = Duration::from_millis(milliseconds);
    assert!(elapsed >= expected - Duration::from_millis(20), "{elapsed:?}");
    assert!(elapsed < expected + Duration::from_millis(600), "{elapsed:?}");
}

#[test]
fn the_endpoints_budget_ends_a_call_that_may_take_longer() {
    let backend = Backend::start().slow("GET", "/one", Duration::from_secs(4), ONE);
    let gateway = gateway("STEADY_URL", &backend.url(), &[]);
    too_late(&gateway, "/v1/slow", 1000);
    assert!(backend.wait_for(1)[0].abandoned);
}

#[test]
fn the_budget_shrinks_along_a_chain() {
    let backend = Backend::start().slow("GET", "/one", Duration::from_millis(600), ONE).slow(
        "GET",
        "/two/2",
        Duration::from_secs(4),
        ONE,
    );
    let gateway = gateway("STEADY_URL", &backend.url(), &[]);
    too_late(&gateway, "/v1/chain", 1000);
    let requests = backend.wait_for(2);
    assert!(requests[1].abandoned);
}

#[test]
fn within_counts_all_attempts() {
    let backend = Backend::start().slow("GET", "/one", Duration::from_secs(4), ONE);
    too_late(&gateway("AGAIN_URL", &backend.url(), &[]), "/v1/within", 250);
}

#[test]
fn a_timeout_is_read_from_the_environment() {
    let backend = || Backend::start().slow("GET", "/one", Duration::from_millis(350), ONE);
    let slow = backend();
    too_late(&gateway("TUNED_URL", &slow.url(), &[]), "/v1/tuned", 200);
    let slow = backend();
    let patient = gateway("TUNED_URL", &slow.url(), &[("TUNED_TIMEOUT", "800ms")]);
    assert_eq!(timed(&patient, "/v1/tuned").0.text(), r#"{"value":1}"#);
}

#[test]
fn a_backend_that_drips_has_no_more_time_than_another() {
    let backend = Backend::start().drip("GET", "/one", Duration::from_millis(100), ONE);
    too_late(&gateway("TUNED_URL", &backend.url(), &[]), "/v1/tuned", 200);
    assert!(backend.wait_for(1)[0].abandoned);
}
