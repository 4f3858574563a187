//! When calls start, and what becomes of those on their way.

use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Backend, Client, Gateway, Received, Running, send};
use serde_json::json;

use crate::ask::{JSON, NOBODY, fetch, problem, timed};
use crate::contracts::calls::CONTRACT;

/// How long slow answers take. A gateway may have an answer before its backend notes that it was
/// written, so what comes after what is seen in the beginnings.
const PAUSE: Duration = Duration::from_millis(300);

fn gateway(left: &str, right: &str) -> Running {
    Gateway::start(&CONTRACT, &[("LEFT_URL", left), ("RIGHT_URL", right)])
}

fn of<'r>(requests: &'r [Received], target: &str) -> &'r Received {
    requests.iter().find(|request| request.target == target).expect("it was asked")
}

/// Waits until a backend has received its first request.
fn until_asked(backend: &Backend) {
    while backend.requests().is_empty() {
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn independent_calls_overlap_in_time() {
    let left = Backend::start().slow("GET", "/a/7", PAUSE, r#"{"value":1}"#).slow(
        "GET",
        "/c/7",
        PAUSE,
        r#"{"value":3}"#,
    );
    let right = Backend::start().slow("GET", "/b/7", PAUSE, r#"{"value":2}"#);
    let gateway = gateway(&left.url(), &right.url());
    let (answer, elapsed) = timed(&gateway, "/v1/parallel/7");
    assert_eq!(answer.text(), r#"{"a":1,"b":2,"c":3}"#);
    assert!(elapsed < 2 * PAUSE, "{elapsed:?}");
    let (left, right) = (left.wait_for(2), right.wait_for(1));
    assert!(left[0].overlaps(&left[1]));
    assert!(left.iter().all(|request| request.overlaps(&right[0])));
}

#[test]
fn a_call_starts_after_the_one_whose_result_it_needs() {
    let pause = Duration::from_millis(60);
    let left = Backend::start().slow("GET", "/first/7", pause, r#"{"next":"a b"}"#).slow(
        "GET",
        "/last/5",
        pause,
        r#"{"value":1}"#,
    );
    let right = Backend::start().slow("GET", "/middle/a%20b", pause, r#"{"next":5}"#);
    let gateway = gateway(&left.url(), &right.url());
    assert_eq!(fetch(&gateway, "/v1/chain/7"), json!({"value": 1}));
    let (left, right) = (left.wait_for(2), right.wait_for(1));
    let (first, last) = (of(&left, "/first/7"), of(&left, "/last/5"));
    assert!(right[0].start >= first.start + pause);
    assert!(last.start >= right[0].start + pause);
}

#[test]
fn a_chain_ends_where_it_breaks() {
    let left = Backend::start().answer("GET", "/first/7", 500, "{}");
    let right = Backend::start();
    let gateway = gateway(&left.url(), &right.url());
    problem(&timed(&gateway, "/v1/chain/7").0, 502, "gateway:backend-failed");
    assert_eq!((left.requests().len(), right.requests().len()), (1, 0));
}

#[test]
fn an_unsafe_call_waits_for_what_is_required_before_it_and_for_nothing_else() {
    let left = Backend::start()
        .slow("GET", "/stock/7", PAUSE, r#"{"available":5}"#)
        .slow("GET", "/note/7", 3 * PAUSE, r#"{"text":"soon"}"#)
        .slow("GET", "/later/7", 3 * PAUSE, r#"{"reserved":4}"#);
    let right = Backend::start().answer("POST", "/pay/7", 200, r#"{"value":1}"#);
    let gateway = gateway(&left.url(), &right.url());
    let answer = send(gateway.address(), "POST", "/v1/pay/7", &[], b"");
    assert_eq!(answer.text(), r#"{"paid":1,"note":"soon","available":true}"#);
    let (left, right) = (left.wait_for(3), right.wait_for(1));
    assert!(right[0].start >= of(&left, "/stock/7").start + PAUSE);
    assert!(right[0].start < of(&left, "/note/7").end.expect("answered"));
    assert!(right[0].start < of(&left, "/later/7").end.expect("answered"));
}

#[test]
fn an_unsafe_call_is_not_made_when_something_required_before_it_failed() {
    for (status, answered, kind) in
        [(404, 404, "calls:not-found"), (500, 502, "gateway:backend-failed")]
    {
        let left = Backend::start().answer("GET", "/stock/7", status, "{}");
        let right = Backend::start().answer("POST", "/pay/7", 200, r#"{"value":1}"#);
        let gateway = gateway(&left.url(), &right.url());
        problem(&send(gateway.address(), "POST", "/v1/pay/7", &[], b""), answered, kind);
        assert_eq!(right.requests().len(), 0);
    }
}

#[test]
fn unsafe_calls_are_made_one_after_the_other() {
    let right =
        Backend::start().slow("POST", "/first", PAUSE, "{}").answer("POST", "/second", 204, "");
    let gateway = gateway(NOBODY, &right.url());
    assert_eq!(send(gateway.address(), "POST", "/v1/twice", &[], b"").status, 204);
    let requests = right.wait_for(2);
    assert!(of(&requests, "/second").start >= of(&requests, "/first").start + PAUSE);
}

#[test]
fn an_unsafe_call_after_a_failed_one_is_not_made() {
    let right = Backend::start().answer("POST", "/first", 500, "{}");
    let gateway = gateway(NOBODY, &right.url());
    let answer = send(gateway.address(), "POST", "/v1/twice", &[], b"");
    problem(&answer, 502, "gateway:backend-failed");
    assert_eq!(right.requests().len(), 1);
}

#[test]
fn a_caller_who_leaves_does_not_undo_what_was_sent() {
    let right = Backend::start().slow("DELETE", "/jobs/7", PAUSE, "");
    let gateway = gateway(NOBODY, &right.url());
    let mut client = Client::connect(gateway.address());
    client.request("DELETE", "/v1/jobs/7", &[], b"");
    until_asked(&right);
    drop(client);
    assert!(!right.wait_for(1)[0].abandoned);
}

#[test]
fn a_caller_who_leaves_takes_reads_and_what_was_not_sent_along() {
    let right = Backend::start().slow("POST", "/first", PAUSE, "{}");
    let left = Backend::start().slow("GET", "/plain/7", Duration::from_secs(20), "{}");
    let gateway = gateway(&left.url(), &right.url());
    let mut reading = Client::connect(gateway.address());
    reading.request("GET", "/v1/plain/7", &[], b"");
    let mut writing = Client::connect(gateway.address());
    writing.request("POST", "/v1/twice", &[JSON], b"");
    until_asked(&left);
    until_asked(&right);
    drop((reading, writing));
    assert!(left.wait_for(1)[0].abandoned);
    assert!(!right.wait_for(1)[0].abandoned);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(right.requests().len(), 1, "the second POST was never sent");
}

#[test]
fn a_failure_that_is_answered_leaves_what_was_sent_alone() {
    let left = Backend::start().slow("GET", "/one/7", Duration::from_millis(100), "{}");
    let right = Backend::start().slow("POST", "/log/7", 3 * PAUSE, "");
    let gateway = gateway(&left.url(), &right.url());
    let start = Instant::now();
    let answer = send(gateway.address(), "POST", "/v1/log/7", &[], b"");
    problem(&answer, 502, "gateway:backend-failed");
    assert!(start.elapsed() < 3 * PAUSE, "nobody waits for the log");
    assert!(!right.wait_for(1)[0].abandoned);
}

#[test]
fn an_unsafe_call_has_conditions_and_stand_ins_like_any_other() {
    let left = Backend::start().answer("GET", "/one/7", 200, r#"{"value":1}"#);
    let right = Backend::start().answer("POST", "/log/7", 500, "{}");
    let gateway = gateway(&left.url(), &right.url());
    for (target, asked) in [("/v1/log/7?loud=false", 0), ("/v1/log/7", 1)] {
        let answer = send(gateway.address(), "POST", target, &[], b"");
        assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"value":1}"#));
        assert_eq!(right.requests().len(), asked);
    }
}

#[test]
fn answers_are_never_mixed_up() {
    let ids: Vec<u64> = (0..200).collect();
    let left = ids.iter().fold(Backend::start(), |backend, id| {
        let pause = Duration::from_millis(id * 7 % 20);
        backend.slow("GET", &format!("/plain/{id}"), pause, &format!("{{\"value\":{id}}}"))
    });
    let url = left.url();
    let env = [("LEFT_URL", url.as_str()), ("RIGHT_URL", NOBODY), ("CORES", "2")];
    let gateway = Gateway::start(&CONTRACT, &env);
    std::thread::scope(|scope| {
        for part in ids.chunks(25) {
            let address = gateway.address();
            scope.spawn(move || {
                let mut client = Client::connect(address);
                for id in part {
                    client.request("GET", &format!("/v1/plain/{id}"), &[], b"");
                    let answer = client.answer("GET").expect("a whole answer");
                    assert_eq!(answer.text(), format!("{{\"value\":{id}}}"));
                }
            });
        }
    });
    assert_eq!(left.requests().len(), 200);
}
