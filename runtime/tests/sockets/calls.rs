//! Calls of one endpoint: at once, one after the other, and with a stand-in.

use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Backend, Client, get, send};

use crate::contract::{CONTRACT, gateway};

const PAUSE: Duration = Duration::from_millis(120);

/// The least of three times: one alone says nothing of a gateway on a machine that is busy.
fn soonest(once: impl Fn() -> Duration) -> Duration {
    (0..3).map(|_| once()).min().expect("three")
}

#[test]
fn independent_calls_run_at_the_same_time() {
    let backend =
        Backend::start().slow("GET", "/left", PAUSE, "1").slow("GET", "/right", PAUSE, "2");
    let gateway = gateway(&backend.url());
    let answer = get(gateway.address(), "/v1/both");
    assert_eq!(answer.text(), "[1,2]");
    assert_eq!(answer.header("fallback"), None);
    let requests = backend.requests();
    assert!(requests[0].overlaps(&requests[1]), "{requests:#?}");
}

#[test]
fn a_stand_in_is_announced_and_not_stored() {
    let backend = Backend::start().answer("GET", "/left", 200, "1");
    let gateway = gateway(&backend.url());
    let answer = get(gateway.address(), "/v1/both");
    assert_eq!((answer.status, answer.text().as_str()), (200, "[1,null]"));
    assert_eq!(answer.header("fallback"), Some("right"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[test]
fn a_required_failure_answers_at_once_and_ends_the_other_read() {
    let backend = Backend::start().answer("GET", "/left", 500, "{}").slow(
        "GET",
        "/right",
        Duration::from_secs(10),
        "2",
    );
    let gateway = gateway(&backend.url());
    let start = Instant::now();
    assert_eq!(get(gateway.address(), "/v1/both").status, 502);
    assert!(start.elapsed() < Duration::from_millis(250), "{:?}", start.elapsed());
    let requests = backend.wait_for(2);
    let right = requests.iter().find(|request| request.target == "/right").expect("it was asked");
    assert!(right.abandoned);
}

#[test]
fn a_call_that_needs_a_result_waits_for_it() {
    let backend =
        Backend::start().slow("GET", "/first", PAUSE, "a/b").answer("GET", "/next/a%2Fb", 200, "2");
    let gateway = gateway(&backend.url());
    assert_eq!(get(gateway.address(), "/v1/chain").text(), "2");
    let requests = backend.requests();
    let first_ended = requests[0].end.expect("the first was answered");
    assert!(requests[1].start >= first_ended);
}

#[test]
fn a_call_that_needs_a_failed_one_is_not_made() {
    let backend = Backend::start().answer("GET", "/first", 500, "{}");
    let gateway = gateway(&backend.url());
    assert_eq!(get(gateway.address(), "/v1/chain").status, 502);
    assert_eq!(backend.requests().len(), 1);
}

#[test]
fn a_value_that_would_name_another_resource_is_not_sent() {
    for value in ["..", ".", ""] {
        let backend = Backend::start().answer("GET", "/first", 200, value);
        let gateway = gateway(&backend.url());
        assert_eq!(get(gateway.address(), "/v1/chain").status, 502, "{value:?}");
        assert_eq!(backend.requests().len(), 1, "{value:?}");
    }
}

#[test]
fn within_limits_a_call_below_its_backends_timeout() {
    let backend = Backend::start().answer("GET", "/first", 200, "x").slow(
        "GET",
        "/next/x",
        Duration::from_secs(10),
        "2",
    );
    let gateway = gateway(&backend.url());
    let elapsed = soonest(|| {
        let start = Instant::now();
        assert_eq!(get(gateway.address(), "/v1/chain").status, 504);
        start.elapsed()
    });
    assert!(elapsed >= Duration::from_millis(195), "{elapsed:?}");
    assert!(elapsed < Duration::from_millis(290), "{elapsed:?}");
}

#[test]
fn the_endpoints_budget_ends_a_call_whose_backend_has_more() {
    let backend = Backend::start().slow("GET", "/items/p_1", Duration::from_secs(10), "1");
    let gateway = gatewright_runtime::testing::Gateway::start(
        &CONTRACT,
        &[
            ("PLAIN_URL", "http://127.0.0.1:1"),
            ("PATIENT_URL", &backend.url()),
            ("PATIENT_TIMEOUT", "5s"),
        ],
    );
    let start = Instant::now();
    let answer = get(gateway.address(), "/v1/patient/items/p_1");
    assert_eq!(answer.status, 504);
    assert!(answer.text().contains("urn:problem:gateway:backend-timeout"));
    let elapsed = start.elapsed();
    assert!(elapsed >= Duration::from_millis(990), "{elapsed:?}");
    assert!(elapsed < Duration::from_millis(1500), "{elapsed:?}");
    assert!(backend.wait_for(1)[0].abandoned);
}

#[test]
fn a_caller_who_leaves_takes_reads_along() {
    let backend = Backend::start().slow("GET", "/items/p_1", Duration::from_secs(10), "1");
    let gateway = gateway(&backend.url());
    let took = soonest(|| {
        let before = backend.requests().len();
        let mut client = Client::connect(gateway.address());
        client.request("GET", "/v1/plain/items/p_1", &[], b"");
        while backend.requests().len() == before {
            std::thread::sleep(Duration::from_millis(2));
        }
        let start = Instant::now();
        drop(client);
        assert!(backend.wait_for(before + 1).iter().all(|request| request.abandoned));
        start.elapsed()
    });
    assert!(took < Duration::from_millis(200), "{took:?}");
}

#[test]
fn a_caller_who_leaves_does_not_undo_what_was_sent() {
    let json = [("Content-Type", "application/json")];
    let backend = Backend::start().slow("PUT", "/items/p_1", PAUSE, "1");
    let gateway = gateway(&backend.url());
    let mut client = Client::connect(gateway.address());
    client.request("PUT", "/v1/plain/items/p_1", &json, b"{}");
    while backend.requests().is_empty() {
        std::thread::sleep(Duration::from_millis(2));
    }
    drop(client);
    assert!(!backend.wait_for(1)[0].abandoned);
    // The connection it used is good for another.
    assert_eq!(send(gateway.address(), "PUT", "/v1/plain/items/p_1", &json, b"{}").status, 200);
    assert_eq!(backend.wait_for(2)[1].connection, 0);
}
