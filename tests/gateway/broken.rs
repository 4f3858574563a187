//! Backends that do not keep to HTTP or JSON, and what callers see of them: nothing.

use std::time::Duration;

use gatewright_runtime::testing::{Answer, Backend, Gateway, get};

use crate::ask::{NOBODY, problem};
use crate::contracts::results::CONTRACT;

#[track_caller]
fn ask(backend: &Backend) -> Answer {
    let gateway = Gateway::start(&CONTRACT, &[("SOURCE_URL", &backend.url())]);
    get(gateway.address(), "/v1/bool")
}

/// A backend that answers 200 with this body.
fn with(body: &str) -> Backend {
    Backend::start().answer("GET", "/bool", 200, body)
}

/// A backend that answers with these bytes and closes the connection.
fn raw(bytes: &[u8]) -> Backend {
    Backend::start().raw("GET", "/bool", bytes)
}

#[track_caller]
fn fails(backend: &Backend) {
    let answer = ask(backend);
    problem(&answer, 502, "gateway:backend-failed");
    for inside in ["127.0.0.1", "source", "secret", "/bool", "GET"] {
        assert!(!answer.text().contains(inside), "{}", answer.text());
    }
}

#[test]
fn one_that_refuses_or_closes_is_502() {
    let gone = with(r#"{"value":true}"#);
    gone.refuse();
    fails(&gone);
    fails(&Backend::start().close_early("GET", "/bool"));
    let gateway = Gateway::start(&CONTRACT, &[("SOURCE_URL", NOBODY)]);
    problem(&get(gateway.address(), "/v1/bool"), 502, "gateway:backend-failed");
}

#[test]
fn one_that_is_slow_is_504() {
    let long = Duration::from_secs(6);
    for slow in [
        Backend::start().slow("GET", "/bool", long, r#"{"value":true}"#),
        Backend::start().raw_open("GET", "/bool", b"HTTP/1.1 200 OK\r\nContent-Le"),
        Backend::start().raw_open(
            "GET",
            "/bool",
            b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"value\":",
        ),
    ] {
        problem(&ask(&slow), 504, "gateway:backend-timeout");
    }
}

#[test]
fn one_that_speaks_no_http_is_502() {
    fails(&Backend::start().garbage("GET", "/bool"));
    for answer in [
        "HTTP/1.1 999999 Secret\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nsecret",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nsecret\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nsecret\r\n\r\n{\"value\":true}",
        "SSH-2.0-secret\r\n",
    ] {
        fails(&raw(answer.as_bytes()));
    }
}

#[test]
fn an_answer_that_ends_early_is_502_however_good_its_beginning() {
    fails(&raw(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"value\":true}"));
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ne\r\n{\"value\":true}\r\n";
    fails(&raw(chunked.as_bytes()));
    assert_eq!(ask(&raw([chunked, "0\r\n\r\n"].concat().as_bytes())).status, 200);
    let to_the_end = b"HTTP/1.1 200 OK\r\n\r\n{\"value\":true}";
    assert_eq!(ask(&raw(to_the_end)).text(), r#"{"value":true}"#);
}

#[test]
fn one_that_sends_too_much_is_502() {
    fails(&Backend::start().flood("GET", "/bool", 1 << 20));
    let large = format!(r#"{{"secret":"{}","value":true}}"#, "x".repeat(64 * 1024));
    fails(&with(&large));
    let fits = format!(r#"{{"secret":"{}","value":true}}"#, "x".repeat(60 * 1024));
    assert_eq!(ask(&with(&fits)).text(), r#"{"value":true}"#);
}

#[test]
fn one_that_sends_no_json_is_502() {
    for body in [
        "",
        " ",
        "<html>secret</html>",
        "secret",
        r#"{"value":true"#,
        r#"{"value":true}}"#,
        r#"{"value":true} {"value":true}"#,
        r#"{"value":true,}"#,
        r#"{"value":true,"secret":nope}"#,
        r#"{"secret":"\ud800","value":true"#,
        "\u{feff}{\"value\":true}",
        "{\"secret\":\"a\tb\",\"value\":true}",
    ] {
        fails(&with(body));
    }
    fails(&raw(
        b"HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n{\"secret\":\"\xff\",\"value\":true}  ",
    ));
}

#[test]
fn one_that_nests_without_end_is_502() {
    for depth in [64, 1000, 30_000] {
        let deep = format!(r#"{{"x":{}{},"value":true}}"#, "[".repeat(depth), "]".repeat(depth));
        fails(&with(&deep));
        fails(&with(&format!(r#"{{"x":{}"#, r#"{"a":"#.repeat(depth.min(10_000)))));
    }
    let fine = format!(r#"{{"x":{}{},"value":true}}"#, "[".repeat(63), "]".repeat(63));
    assert_eq!(ask(&with(&fine)).status, 200);
}

#[test]
fn nothing_but_the_declared_result_reaches_a_caller() {
    let answer = ask(&raw(
        b"HTTP/1.1 201 Secret\r\nSet-Cookie: secret=1\r\nServer: secret\r\nX-Secret: 1\r\n\
        Content-Type: text/secret\r\nCache-Control: max-age=60\r\nFallback: secret\r\n\
        Content-Length: 32\r\n\r\n{\"value\":true,\"secret\":\"secret\"}",
    ));
    assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"value":true}"#));
    let fields = answer.headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    for field in fields {
        let own =
            ["content-type", "content-length", "x-content-type-options", "x-request-id", "date"];
        assert!(own.contains(&field), "{field}");
    }
    assert!(answer.headers.iter().all(|(_, value)| !value.contains("secret")));
}

#[test]
fn interim_answers_are_passed_over() {
    let answer = b"HTTP/1.1 103 Early Hints\r\nLink: </secret>\r\n\r\n\
        HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"value\":true}";
    assert_eq!(ask(&raw(answer)).text(), r#"{"value":true}"#);
}
