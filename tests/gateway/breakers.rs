//! Breakers: when a backend is left alone, and when it is asked again.

use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Answer, Backend, Running, get};

use crate::ask::{names, problem};
use crate::deadlines::gateway;

const ONE: &str = r#"{"value":1}"#;

fn backend(statuses: &[u16]) -> Backend {
    let start = Backend::start();
    statuses.iter().fold(start, |backend, status| backend.answer("GET", "/one", *status, ONE))
}

#[track_caller]
fn statuses(gateway: &Running, target: &str, expected: &[u16]) {
    let found: Vec<u16> = expected.iter().map(|_| get(gateway.address(), target).status).collect();
    assert_eq!(found, expected);
}

#[track_caller]
fn is_open(answer: &Answer) {
    problem(answer, 503, "gateway:backend-unavailable");
    let seconds = answer.header("retry-after").and_then(|text| text.parse::<u64>().ok());
    assert!(seconds.is_some_and(|seconds| (1..=30).contains(&seconds)));
}

#[test]
fn it_opens_lets_one_probe_through_and_closes() {
    let backend = backend(&[500, 500, 200]);
    let gateway = gateway("FRAGILE_URL", &backend.url(), &[]);
    statuses(&gateway, "/v1/fragile", &[502, 502]);
    let opened = Instant::now();
    is_open(&get(gateway.address(), "/v1/fragile"));
    let spared = get(gateway.address(), "/v1/spared");
    assert_eq!(
        (spared.text().as_str(), names(&spared, "fallback")),
        ("{\"value\":0}", vec!["value"])
    );
    assert!(opened.elapsed() > Duration::from_millis(900) || backend.requests().len() == 2);
    std::thread::sleep(Duration::from_millis(1100));
    statuses(&gateway, "/v1/fragile", &[200, 200]);
    assert_eq!(backend.requests().len(), 4);
}

#[test]
fn a_probe_that_fails_opens_it_again() {
    let backend = backend(&[500, 500, 500, 200]);
    let gateway = gateway("FRAGILE_URL", &backend.url(), &[]);
    statuses(&gateway, "/v1/fragile", &[502, 502]);
    std::thread::sleep(Duration::from_millis(1100));
    statuses(&gateway, "/v1/fragile", &[502, 503]);
    assert_eq!(backend.requests().len(), 3);
}

#[test]
fn a_success_in_between_starts_the_count_again() {
    let backend = backend(&[500, 200, 500, 200, 500, 500]);
    let gateway = gateway("FRAGILE_URL", &backend.url(), &[]);
    statuses(&gateway, "/v1/fragile", &[502, 200, 502, 200, 502, 502, 503]);
}

#[test]
fn with_a_window_a_success_in_between_does_not_help() {
    let backend = backend(&[500, 200, 500, 200, 500, 200]);
    let gateway = gateway("COUNTED_URL", &backend.url(), &[]);
    statuses(&gateway, "/v1/counted", &[502, 200, 502, 200, 502, 503]);
    is_open(&get(gateway.address(), "/v1/counted"));
}

#[test]
fn silence_counts_and_an_answer_that_is_only_wrong_does_not() {
    let slow = Duration::from_secs(4);
    for silent in [
        Backend::start().slow("GET", "/one", slow, ONE),
        Backend::start().close_early("GET", "/one"),
    ] {
        let gateway = gateway("FRAGILE_URL", &silent.url(), &[]);
        let first = get(gateway.address(), "/v1/fragile").status;
        statuses(&gateway, "/v1/fragile", &[first, 503]);
    }
    for wrong in [backend(&[404]), Backend::start().answer("GET", "/one", 200, "{}")] {
        let gateway = gateway("FRAGILE_URL", &wrong.url(), &[]);
        statuses(&gateway, "/v1/fragile", &[502; 6]);
        assert_eq!(wrong.requests().len(), 6);
    }
}

#[test]
fn all_cores_share_it() {
    let backend = backend(&[500]);
    let gateway = gateway("COUNTED_URL", &backend.url(), &[("CORES", "2")]);
    statuses(&gateway, "/v1/counted", &[502, 502, 502]);
    statuses(&gateway, "/v1/counted", &[503; 12]);
    assert_eq!(backend.requests().len(), 3);
}
