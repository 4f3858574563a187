//! Request ids, trace contexts, and what backends learn about the caller.

use gatewright_runtime::testing::{Backend, get, send};

use crate::contract::gateway;

const TARGET: &str = "/v1/plain/items/p_1";

#[test]
fn a_request_id_is_kept_or_made_and_reaches_both_sides() {
    let backend = Backend::start().answer("GET", "/items/p_1", 200, "1");
    let gateway = gateway(&backend.url());
    let answer = send(gateway.address(), "GET", TARGET, &[("X-Request-Id", "run-7.a_B")], b"");
    assert_eq!(answer.header("x-request-id"), Some("run-7.a_B"));
    let long = "x".repeat(129);
    for odd in ["a b", "<script>", long.as_str()] {
        let answer = send(gateway.address(), "GET", TARGET, &[("X-Request-Id", odd)], b"");
        assert_eq!(answer.header("x-request-id").map(str::len), Some(32));
    }
    let answer = get(gateway.address(), TARGET);
    let requests = backend.requests();
    assert_eq!(requests[0].header("x-request-id"), Some("run-7.a_B"));
    assert_eq!(requests[4].header("x-request-id"), answer.header("x-request-id"));
}

#[test]
fn a_trace_goes_on_or_begins() {
    let backend = Backend::start().answer("GET", "/items/p_1", 200, "1");
    let gateway = gateway(&backend.url());
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    send(gateway.address(), "GET", TARGET, &[("traceparent", trace)], b"");
    send(gateway.address(), "GET", TARGET, &[("traceparent", "00-bad")], b"");
    let requests = backend.requests();
    assert_eq!(requests[0].header("traceparent"), Some(trace));
    assert_eq!(requests[1].header("traceparent").map(str::len), Some(trace.len()));
}

#[test]
fn a_backend_gets_what_the_contract_says_and_nothing_else_of_the_caller() {
    let backend = Backend::start().answer("GET", "/items/p_1", 200, "1");
    let gateway = gateway(&backend.url());
    let sent = [
        ("Host", "shop.example:8080"),
        ("Cookie", "session=1"),
        ("Authorization", "Bearer secret"),
        ("Accept", "text/html"),
        ("Accept-Encoding", "gzip"),
        ("User-Agent", "curl"),
        ("X-Forwarded-For", "6.6.6.6"),
        ("Forwarded", "for=6.6.6.6"),
        ("X-Api-Key", "guess"),
        ("Connection", "X-Kind"),
    ];
    send(gateway.address(), "GET", TARGET, &sent, b"");
    let mut request = backend.requests().remove(0);
    request.headers.sort();
    let seen: Vec<(&str, &str)> = request
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| !matches!(*name, "traceparent" | "x-request-id"))
        .collect();
    let host = backend.address().to_string();
    let agent = concat!("gatewright/", env!("CARGO_PKG_VERSION"));
    let forwarded = "for=127.0.0.1;proto=http;host=\"shop.example:8080\"";
    let expected = [
        ("accept", "application/json"),
        ("forwarded", forwarded),
        ("host", host.as_str()),
        ("user-agent", agent),
        ("x-api-key", "k3y"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", "shop.example:8080"),
        ("x-forwarded-proto", "http"),
        ("x-kind", "plain"),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn an_address_may_have_a_path_before_every_call() {
    let backend = Backend::start().answer("GET", "/api/v2/items/p_1", 200, "1");
    for base in ["/api/v2", "/api/v2/"] {
        let gateway = gateway(&format!("{}{base}", backend.url()));
        assert_eq!(get(gateway.address(), TARGET).status, 200);
    }
}

#[test]
fn a_name_is_looked_up() {
    let backend = Backend::start().answer("GET", "/items/p_1", 200, "1");
    let gateway = gateway(&format!("http://localhost:{}", backend.address().port()));
    assert_eq!(get(gateway.address(), TARGET).status, 200);
    assert_eq!(
        backend.requests()[0].header("host"),
        Some(format!("localhost:{}", backend.address().port()).as_str())
    );
}
