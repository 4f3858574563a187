//! Request bodies and heads: types, sizes, shapes.

use std::io::Write;
use std::time::Duration;

use gatewright_runtime::testing::{Backend, Client, get, send};

use crate::contract::gateway;

const TARGET: &str = "/v1/plain/items/p_1";
const JSON: (&str, &str) = ("Content-Type", "application/json");

fn backend() -> Backend {
    Backend::start()
        .answer("GET", "/items/p_1", 200, "1")
        .answer("POST", "/items/p_1", 200, "2")
        .answer("PUT", "/items/p_1", 200, "3")
}

#[test]
fn a_json_body_reaches_the_backend() {
    let backend = backend();
    let gateway = gateway(&backend.url());
    let body = br#"{"quantity": 1.10}"#;
    let answer = send(gateway.address(), "PUT", TARGET, &[JSON], body);
    assert_eq!((answer.status, answer.text().as_str()), (200, "3"));
    let request = backend.requests().remove(0);
    assert_eq!(request.body, body);
    assert_eq!(request.header("content-type"), Some("application/json"));
}

#[test]
fn a_body_in_chunks_is_read_whole() {
    let backend = backend();
    let gateway = gateway(&backend.url());
    let headers = [JSON, ("Transfer-Encoding", "chunked")];
    let body = b"5\r\n[1,2,\r\n6\r\n 3, 4]\r\n0\r\n\r\n";
    assert_eq!(send(gateway.address(), "POST", TARGET, &headers, body).status, 200);
    assert_eq!(backend.requests().remove(0).body, b"[1,2, 3, 4]");
}

#[test]
fn a_required_body_that_is_missing_is_400_and_an_optional_one_is_fine() {
    let backend = backend();
    let gateway = gateway(&backend.url());
    for headers in [&[][..], &[("Content-Length", "0")], &[JSON, ("Content-Length", "0")]] {
        let answer = send(gateway.address(), "PUT", TARGET, headers, b"");
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert!(answer.text().contains("expected a body"));
    }
    assert_eq!(send(gateway.address(), "POST", TARGET, &[], b"").status, 200);
    assert_eq!(backend.requests().remove(0).body, b"");
}

#[test]
fn other_media_types_are_415() {
    let backend = backend();
    let gateway = gateway(&backend.url());
    for headers in [
        &[][..],
        &[("Content-Type", "text/plain")],
        &[("Content-Type", "application/json; charset=latin1")],
        &[JSON, ("Content-Encoding", "gzip")],
        &[JSON, ("Content-Type", "text/plain")],
    ] {
        let answer = send(gateway.address(), "PUT", TARGET, headers, b"{}");
        assert_eq!(answer.status, 415, "{headers:?}");
        assert!(answer.text().contains("urn:problem:gateway:media"));
    }
    let merge = ("Content-Type", "application/merge-patch+json; charset=utf-8");
    assert_eq!(send(gateway.address(), "PUT", TARGET, &[merge], b"{}").status, 200);
    assert_eq!(backend.requests().len(), 1);
}

#[test]
fn a_body_that_is_not_json_is_400() {
    let backend = backend();
    let gateway = gateway(&backend.url());
    for body in [&b"{"[..], b"{}{}", b"\xff\xfe", b"nul", b" "] {
        let answer = send(gateway.address(), "PUT", TARGET, &[JSON], body);
        assert_eq!(answer.status, 400, "{body:?}");
    }
    assert!(backend.requests().is_empty());
}

#[test]
fn a_body_that_is_too_large_is_413_however_it_is_announced() {
    let backend = backend();
    let gateway = gateway(&backend.url());
    let limit = vec![b' '; 1022];
    let exact = [&limit[..], b"{}"].concat();
    assert_eq!(send(gateway.address(), "PUT", TARGET, &[JSON], &exact).status, 200);

    let over = [&exact[..], b" "].concat();
    let answer = send(gateway.address(), "PUT", TARGET, &[JSON], &over);
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains("at most 1024 bytes"), "{}", answer.text());

    // Announced, but never sent: the answer does not wait for it.
    let announced = [JSON, ("Content-Length", "999999999999")];
    let mut client = Client::connect(gateway.address());
    client.request("PUT", TARGET, &announced, b"");
    assert_eq!(client.answer("PUT").expect("an early answer").status, 413);

    let mut chunked = Vec::new();
    for _ in 0..40 {
        write!(chunked, "40\r\n{}\r\n", " ".repeat(64)).expect("memory");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let headers = [JSON, ("Transfer-Encoding", "chunked")];
    assert_eq!(send(gateway.address(), "PUT", TARGET, &headers, &chunked).status, 413);
    assert_eq!(backend.requests().len(), 1);
}

#[test]
fn a_connection_goes_on_after_a_body_that_nobody_read() {
    let backend = backend();
    let gateway = gateway(&backend.url());
    let mut client = Client::connect(gateway.address());
    let body = vec![b'x'; 100_000];
    for (target, status) in [("/nothing", 404), (TARGET, 413), (TARGET, 413)] {
        client.request("PUT", target, &[JSON], &body);
        assert_eq!(client.answer("PUT").expect("an answer").status, status, "{target}");
    }
    client.request("GET", TARGET, &[], b"");
    assert_eq!(client.answer("GET").expect("an answer").status, 200);
}

#[test]
fn a_body_where_none_is_taken_is_read_away() {
    let backend = backend();
    let gateway = gateway(&backend.url());
    let mut client = Client::connect(gateway.address());
    for (size, status) in [(7, 200), (256 * 1024, 200), (256 * 1024 + 1, 413), (0, 200)] {
        client.request("GET", TARGET, &[], &vec![b'x'; size]);
        assert_eq!(client.answer("GET").expect("an answer").status, status, "{size}");
    }
    assert!(backend.requests().iter().all(|request| request.body.is_empty()));
}

#[test]
fn a_body_that_ends_early_reaches_no_backend() {
    let backend = backend();
    let gateway = gateway(&backend.url());
    let mut client = Client::connect(gateway.address());
    client.request("PUT", TARGET, &[JSON, ("Content-Length", "100")], b"{}");
    drop(client);
    let bad = [JSON, ("Transfer-Encoding", "chunked")];
    assert_eq!(send(gateway.address(), "PUT", TARGET, &bad, b"zz\r\n").status, 400);
    std::thread::sleep(Duration::from_millis(50));
    assert!(backend.requests().is_empty());
}

#[test]
fn a_caller_who_waits_for_100_is_told_to_go_on() {
    let backend = backend();
    let gateway = gateway(&backend.url());
    let mut client = Client::connect(gateway.address());
    let headers = [JSON, ("Expect", "100-continue"), ("Content-Length", "2")];
    client.request("PUT", TARGET, &headers, b"");
    std::thread::sleep(Duration::from_millis(50));
    client.write(b"{}").expect("still open");
    assert_eq!(client.answer("PUT").expect("an answer").status, 200);
    // One who would be refused anyway need not send it at all.
    client.request(
        "PUT",
        TARGET,
        &[JSON, ("Expect", "100-continue"), ("Content-Length", "9999")],
        b"",
    );
    assert_eq!(client.answer("PUT").expect("an answer").status, 413);
}

#[test]
fn targets_and_headers_have_limits() {
    let gateway = gateway("http://127.0.0.1:1");
    for (length, status) in [(8 * 1024 - 1, 404), (8 * 1024, 414), (60_000, 414)] {
        let answer = get(gateway.address(), &format!("/{}", "x".repeat(length)));
        assert_eq!(answer.status, status, "{length}");
        assert!(answer.text().contains("urn:problem:gateway:"), "{length}");
    }
    let long = "x".repeat(33 * 1024);
    let answer = send(gateway.address(), "GET", "/", &[("X-Long", &long)], b"");
    assert_eq!(answer.status, 431);
    assert!(answer.text().contains("urn:problem:gateway:headers"));
    let endless = "x".repeat(1024 * 1024);
    let mut client = Client::connect(gateway.address());
    client.request("GET", "/", &[("X-Long", &endless)], b"");
    if let Ok(answer) = client.answer("GET") {
        assert_eq!(answer.status, 431);
    }
    assert_eq!(get(gateway.address(), "/").status, 204);
}

#[test]
fn heads_that_are_ambiguous_or_broken_are_400() {
    let gateway = gateway("http://127.0.0.1:1");
    for head in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
        "nonsense\r\n\r\n",
        "\x16\x03\x01\x02\0\r\n\r\n",
    ] {
        let mut client = Client::connect(gateway.address());
        client.write(head.as_bytes()).expect("open");
        let answer = client.answer("GET").expect("an answer");
        assert_eq!(answer.status, 400, "{head:?}");
    }
    let mut client = Client::connect(gateway.address());
    client.write(b"GET / HTTP/1.0\r\n\r\n").expect("open");
    assert_eq!(client.answer("GET").expect("an answer").status, 204);
    assert!(client.is_closed());
}

#[test]
fn requests_sent_at_once_are_answered_in_order() {
    let backend = Backend::start()
        .slow("GET", "/items/slow", Duration::from_millis(50), "1")
        .answer("GET", "/items/fast", 200, "2");
    let gateway = gateway(&backend.url());
    let mut client = Client::connect(gateway.address());
    let one = |id| format!("GET /v1/plain/items/{id} HTTP/1.1\r\nHost: a\r\n\r\n");
    client.write(format!("{}{}", one("slow"), one("fast")).as_bytes()).expect("open");
    assert_eq!(client.answer("GET").expect("the first").text(), "1");
    assert_eq!(client.answer("GET").expect("the second").text(), "2");
}
