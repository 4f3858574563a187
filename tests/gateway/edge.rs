//! Heads that no endpoint ever sees.

use gatewright_runtime::testing::{Answer, Client, Gateway, Running, get, send};

use crate::ask::{JSON, post, problem};
use crate::contracts::requests::CONTRACT;

fn gateway() -> Running {
    Gateway::start(&CONTRACT, &[])
}

/// Sends these bytes, and reads one answer.
#[track_caller]
fn raw(gateway: &Running, bytes: &[u8]) -> Answer {
    let mut client = Client::connect(gateway.address());
    client.write(bytes).expect("still open");
    client.answer("GET").expect("a whole answer")
}

#[test]
fn a_target_that_is_too_long_is_414() {
    let gateway = gateway();
    let fits = format!("/v1/tolerant?x={}", "x".repeat(8000));
    assert_eq!(get(gateway.address(), &fits).status, 200);
    for long in [9_000, 60_000] {
        let target = format!("/v1/tolerant?x={}", "x".repeat(long));
        problem(&get(gateway.address(), &target), 414, "gateway:target");
    }
}

#[test]
fn header_fields_that_are_too_large_are_431() {
    let gateway = gateway();
    let ask = |length| {
        let long = "x".repeat(length);
        send(gateway.address(), "GET", "/v1/tolerant", &[("X-Long", &long)], b"")
    };
    assert_eq!(ask(30_000).status, 200);
    problem(&ask(33_000), 431, "gateway:headers");
}

#[test]
fn a_head_that_is_ambiguous_is_400() {
    let gateway = gateway();
    for head in [
        "GET /v1/tolerant HTTP/1.1\r\n\r\n",
        "GET /v1/tolerant HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "POST /v1/tolerant HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "GET /v1/tolerant HTTP/1.1\r\nHost: a\r\nX-A : b\r\n\r\n",
        "GET  /v1/tolerant HTTP/1.1\r\nHost: a\r\n\r\n",
        "GARBAGE\r\n\r\n",
    ] {
        assert_eq!(raw(&gateway, head.as_bytes()).status, 400, "{head}");
    }
}

#[test]
fn a_body_with_two_framings_is_not_read_twice() {
    // What a proxy in front takes for a body must never become a request of its own.
    let gateway = gateway();
    let request = "POST /v1/tolerant HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
        Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX";
    let mut client = Client::connect(gateway.address());
    client.write(request.as_bytes()).expect("still open");
    assert_eq!(client.answer("POST").expect("a whole answer").status, 400);
    if let Ok(second) = client.answer("GET") {
        assert_eq!(second.status, 400);
    }
}

#[test]
fn a_connection_serves_on_after_a_refused_request() {
    let gateway = gateway();
    let mut client = Client::connect(gateway.address());
    for (target, status) in [("/v1/nope", 404), ("/v1/search", 400), ("/v1/tolerant", 200)] {
        client.request("GET", target, &[], b"");
        assert_eq!(client.answer("GET").expect("a whole answer").status, status);
    }
    client.request("POST", "/v1/tolerant", &[JSON], b"{no json");
    assert_eq!(client.answer("POST").expect("a whole answer").status, 400);
    client.request("GET", "/v1/tolerant?q=a", &[], b"");
    assert_eq!(client.answer("GET").expect("a whole answer").text(), r#"{"q":"a"}"#);
}

#[test]
fn every_problem_names_its_request() {
    let gateway = gateway();
    let ask = |method: &str, target: &str| {
        let fields = [("X-Request-Id", "r-1.a"), JSON];
        send(gateway.address(), method, target, &fields, b"")
    };
    for (answer, status, kind) in [
        (ask("GET", "/v1/nope"), 404, "gateway:no-route"),
        (ask("PATCH", "/v1/search"), 405, "gateway:method"),
        (ask("GET", "/v1/search"), 400, "gateway:invalid-request"),
    ] {
        assert_eq!(problem(&answer, status, kind)["instance"], "urn:request:r-1.a");
    }
    let made = post(&gateway, "/v1/tolerant", "{}");
    assert_eq!(made.header("x-request-id").map(str::len), Some(32));
}
