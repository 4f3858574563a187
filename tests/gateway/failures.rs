//! What a failed call turns into.

use std::time::Duration;

use gatewright_runtime::testing::{Answer, Backend, Gateway, Running, get};
use serde_json::{Value, json};

use crate::ask::{NOBODY, fetch, problem, timed};
use crate::contracts::calls::CONTRACT;

const LONG: Duration = Duration::from_millis(1500);

fn gateway(left: &str, right: &str) -> Running {
    Gateway::start(&CONTRACT, &[("LEFT_URL", left), ("RIGHT_URL", right)])
}

/// What an endpoint with all kinds of `on` makes of this backend.
#[track_caller]
fn handled(left: &Backend) -> Answer {
    get(gateway(&left.url(), NOBODY).address(), "/v1/on/7")
}

#[test]
fn a_status_fails_as_the_first_clause_that_names_it_says() {
    let empty = r#"{"missing":[]}"#;
    for (status, answered, kind) in [
        (404, 404, "calls:not-found"),
        (410, 404, "calls:not-found"),
        (409, 409, "calls:busy"),
        (400, 410, "calls:gone"),
        (429, 410, "calls:gone"),
        (301, 502, "gateway:backend-failed"),
        (304, 502, "gateway:backend-failed"),
    ] {
        let left = Backend::start().answer("GET", "/on/7", status, empty);
        let document = problem(&handled(&left), answered, kind);
        assert_eq!(document.get("detail").is_none(), kind.starts_with("calls"), "{status}");
    }
}

#[test]
fn a_status_can_become_a_value() {
    for (status, value) in [(503, 503), (500, 500), (502, 500), (599, 500)] {
        let left = Backend::start().answer("GET", "/on/7", status, "{}");
        assert_eq!(handled(&left).text(), format!(r#"{{"value":{value}}}"#), "{status}");
    }
}

#[test]
fn time_reach_and_validity_have_clauses_of_their_own() {
    let slow = Backend::start().slow("GET", "/on/7", LONG, r#"{"value":1}"#);
    problem(&handled(&slow), 503, "calls:late");
    let unreachable = r#"{"value":-1}"#;
    assert_eq!(handled(&Backend::start().close_early("GET", "/on/7")).text(), unreachable);
    assert_eq!(handled(&Backend::start().garbage("GET", "/on/7")).text(), unreachable);
    assert_eq!(get(gateway(NOBODY, NOBODY).address(), "/v1/on/7").text(), unreachable);
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"value\":1";
    assert_eq!(handled(&Backend::start().raw("GET", "/on/7", cut)).text(), unreachable);
    for invalid in ["", "{}", "[]", "{\"value\":\"1\"}", "{\"value\":1", "{\"value\":1.5}"] {
        let left = Backend::start().answer("GET", "/on/7", 200, invalid);
        assert_eq!(handled(&left).text(), r#"{"value":-2}"#, "{invalid}");
    }
}

#[test]
fn a_declared_error_takes_its_members_from_the_backends_body() {
    for (body, expected) in [
        (
            r#"{"owner":{"name":"Ann"},"missing":[1,2],"note":"n","until":"noon","more":1}"#,
            json!({"by": "Ann", "ids": [1, 2], "note": "n", "until": "noon"}),
        ),
        (r#"{"missing":[]}"#, json!({"by": "nobody", "ids": [], "until": null})),
        (
            r#"{"owner":null,"missing":[3],"note":null,"until":null}"#,
            json!({"by": "nobody", "ids": [3], "until": null}),
        ),
    ] {
        let left = Backend::start().answer("GET", "/on/7", 409, body);
        let document = problem(&handled(&left), 409, "calls:busy");
        assert_eq!(document["title"], "Somebody was faster");
        let mut members = document.as_object().cloned().unwrap_or_default();
        members.retain(|name, _| !["type", "title", "status", "instance"].contains(&name.as_str()));
        assert_eq!(Value::from(members), expected);
    }
}

#[test]
fn an_error_body_that_is_not_as_it_is_read_is_502() {
    for body in ["", "no json", "{}", r#"{"missing":["a"]}"#, r#"{"missing":[],"note":5}"#] {
        let left = Backend::start().answer("GET", "/on/7", 409, body);
        problem(&handled(&left), 502, "gateway:backend-failed");
    }
}

#[test]
fn what_the_contract_does_not_expect_is_502_or_504() {
    let slow = Backend::start().slow("GET", "/plain/7", LONG, r#"{"value":1}"#);
    let (answer, elapsed) = timed(&gateway(&slow.url(), NOBODY), "/v1/plain/7");
    problem(&answer, 504, "gateway:backend-timeout");
    assert!(elapsed >= Duration::from_millis(390) && elapsed < LONG, "{elapsed:?}");
    for left in [
        Backend::start(),
        Backend::start().answer("GET", "/plain/7", 500, r#"{"value":1}"#),
        Backend::start().answer("GET", "/plain/7", 302, r#"{"value":1}"#),
        Backend::start().answer("GET", "/plain/7", 204, ""),
        Backend::start().answer("GET", "/plain/7", 200, "{}"),
        Backend::start().close_early("GET", "/plain/7"),
        Backend::start().garbage("GET", "/plain/7"),
    ] {
        let answer = get(gateway(&left.url(), NOBODY).address(), "/v1/plain/7");
        problem(&answer, 502, "gateway:backend-failed");
        assert!(!answer.text().contains("127.0.0.1") && !answer.text().contains("left"));
    }
}

#[test]
fn every_status_of_2xx_is_success() {
    for status in [200, 201, 202, 203, 206, 299] {
        let left = Backend::start().answer("GET", "/plain/7", status, r#"{"value":1}"#);
        let gateway = gateway(&left.url(), NOBODY);
        assert_eq!(fetch(&gateway, "/v1/plain/7"), json!({"value": 1}), "{status}");
    }
}

#[test]
fn the_first_failure_in_the_text_wins_over_the_first_in_time() {
    let pause = Duration::from_millis(200);
    let not_found = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}";
    let left = Backend::start().raw("GET", "/a", not_found).slow("GET", "/a", pause, "{}");
    let right = Backend::start().answer("GET", "/b", 404, "{}").slow("GET", "/c", pause, "{}");
    let gateway = gateway(&left.url(), &right.url());
    problem(&get(gateway.address(), "/v1/first-wins"), 404, "calls:not-found");
    // Now the first one fails late, and in another way.
    problem(&get(gateway.address(), "/v1/first-wins"), 502, "gateway:backend-failed");
}

#[test]
fn a_later_failure_is_answered_when_the_earlier_call_has_succeeded() {
    let pause = Duration::from_millis(200);
    let left = Backend::start().slow("GET", "/a", pause, r#"{"value":1}"#);
    let right = Backend::start().answer("GET", "/b", 404, "{}");
    let (answer, elapsed) = timed(&gateway(&left.url(), &right.url()), "/v1/first-wins");
    problem(&answer, 410, "calls:gone");
    assert!(elapsed >= pause, "{elapsed:?}");
}

#[test]
fn a_failure_is_answered_at_once_and_running_reads_are_dropped() {
    let left = Backend::start().answer("GET", "/a", 404, "{}");
    let right = Backend::start().slow("GET", "/b", LONG, "{}").slow("GET", "/c", LONG, "{}");
    let (answer, elapsed) = timed(&gateway(&left.url(), &right.url()), "/v1/first-wins");
    problem(&answer, 404, "calls:not-found");
    assert!(elapsed < Duration::from_millis(1000), "{elapsed:?}");
    assert!(right.wait_for(2).iter().all(|request| request.abandoned));
}
