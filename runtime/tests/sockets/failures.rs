//! Backends that misbehave, each in its own way.

use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Answer, Backend, get, send};

use crate::contract::gateway;

const ITEM: &str = "/v1/plain/items/p_1";

/// What a caller gets when backend `plain` is like this.
#[track_caller]
fn ask(backend: &Backend) -> Answer {
    let gateway = gateway(&backend.url());
    get(gateway.address(), ITEM)
}

#[track_caller]
fn fails(backend: &Backend, status: u16, problem: &str) {
    let answer = ask(backend);
    assert_eq!(answer.status, status, "{}", answer.text());
    assert!(answer.text().contains(&format!("urn:problem:gateway:{problem}\"")));
}

#[test]
fn one_that_refuses_is_502() {
    let backend = Backend::start();
    backend.refuse();
    fails(&backend, 502, "backend-failed");
}

#[test]
fn one_whose_name_has_no_address_is_503() {
    // No label of a name may have more than 63 bytes, so nobody is asked for it.
    let gateway = gateway(&format!("http://{}.example", "x".repeat(64)));
    let answer = get(gateway.address(), ITEM);
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    assert!(answer.text().contains("urn:problem:gateway:backend-unavailable"));
}

#[test]
fn one_that_is_slow_is_504_in_time() {
    let backend = Backend::start().slow("GET", "/items/p_1", Duration::from_secs(10), "1");
    let start = Instant::now();
    fails(&backend, 504, "backend-timeout");
    let elapsed = start.elapsed();
    assert!(elapsed >= Duration::from_millis(295), "{elapsed:?}");
    assert!(elapsed < Duration::from_millis(600), "{elapsed:?}");
    assert!(backend.wait_for(1)[0].abandoned);
}

#[test]
fn one_that_drips_is_504_in_time() {
    let pause = Duration::from_millis(50);
    let backend = Backend::start().drip("GET", "/items/p_1", pause, "[1,2,3,4,5,6,7]");
    fails(&backend, 504, "backend-timeout");
}

#[test]
fn one_that_drips_in_time_is_fine() {
    let pause = Duration::from_millis(1);
    let backend = Backend::start().drip("GET", "/items/p_1", pause, "[1,2,3]");
    assert_eq!(ask(&backend).text(), "[1,2,3]");
}

#[test]
fn one_that_closes_early_is_502() {
    fails(&Backend::start().close_early("GET", "/items/p_1"), 502, "backend-failed");
}

#[test]
fn one_that_closes_inside_its_answer_is_502() {
    for bytes in [
        &b"HTTP/1.1 200 OK\r\nContent-"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"a\"",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2,\r\n",
    ] {
        let backend = Backend::start().raw("GET", "/items/p_1", bytes);
        fails(&backend, 502, "backend-failed");
    }
}

#[test]
fn one_that_talks_something_else_is_502() {
    fails(&Backend::start().garbage("GET", "/items/p_1"), 502, "backend-failed");
    for bytes in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 999999 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nBad Header: 1\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ] {
        let backend = Backend::start().raw("GET", "/items/p_1", bytes);
        fails(&backend, 502, "backend-failed");
    }
}

#[test]
fn a_head_without_end_is_502_and_bounded() {
    let endless = [&b"HTTP/1.1 200 OK\r\nX: "[..], &vec![b'x'; 1024 * 1024]].concat();
    fails(&Backend::start().raw("GET", "/items/p_1", &endless), 502, "backend-failed");
}

#[test]
fn one_that_sends_too_much_is_502_announced_or_not() {
    fails(&Backend::start().flood("GET", "/items/p_1", 4097), 502, "backend-failed");
    fails(&Backend::start().flood("GET", "/items/p_1", 10_000_000), 502, "backend-failed");
    let announced = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n1";
    let backend = Backend::start().raw_open("GET", "/items/p_1", announced);
    fails(&backend, 502, "backend-failed");
    let most = Backend::start().flood("GET", "/items/p_1", 4096);
    assert_eq!(ask(&most).body.len(), 4096);
}

#[test]
fn one_that_sends_no_json_is_502() {
    for body in ["", "{", "nul", "<html>", "{}{}"] {
        let backend = Backend::start().answer("GET", "/items/p_1", 200, body);
        let answer = ask(&backend);
        let expected = if body.is_empty() { 200 } else { 502 };
        assert_eq!(answer.status, expected, "{body:?}");
    }
}

#[test]
fn statuses_that_are_not_declared_are_502_and_redirects_are_not_followed() {
    for status in [300, 400, 401, 409, 418, 429, 500, 503, 599] {
        let backend = Backend::start().answer("GET", "/items/p_1", status, "{}");
        fails(&backend, 502, "backend-failed");
        assert_eq!(backend.requests().len(), 1);
    }
    let elsewhere = Backend::start().answer("GET", "/", 200, "1");
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}/\r\nContent-Length: 0\r\n\r\n",
        elsewhere.url()
    );
    let backend = Backend::start().raw("GET", "/items/p_1", redirect.as_bytes());
    fails(&backend, 502, "backend-failed");
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn a_declared_status_is_the_contracts_answer_however_large_its_body() {
    for (size, shown) in [(10, 10), (64 * 1024, 64 * 1024), (64 * 1024 + 1, 0)] {
        let body = "x".repeat(size);
        let backend = Backend::start().answer("GET", "/items/p_1", 404, &body);
        let answer = ask(&backend);
        assert_eq!(answer.status, 404);
        assert!(answer.text().contains(&format!("\"length\":{shown}}}")), "{}", answer.text());
    }
}

#[test]
fn answers_without_a_body_are_empty_results() {
    let backend = Backend::start()
        .raw_open("GET", "/items/p_1", b"HTTP/1.1 204 No Content\r\n\r\n")
        .answer("GET", "/items/p_1", 200, "1");
    let gateway = gateway(&backend.url());
    assert_eq!(get(gateway.address(), ITEM).body, b"");
    assert_eq!(get(gateway.address(), ITEM).text(), "1");
    assert_eq!(backend.requests()[1].connection, 0);
}

#[test]
fn an_answer_to_head_has_no_body_whatever_it_announces() {
    let announced = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n";
    let backend = Backend::start().raw_open("HEAD", "/items/p_1", announced);
    let gateway = gateway(&backend.url());
    for _ in 0..2 {
        assert_eq!(get(gateway.address(), "/v1/exists/p_1").status, 204);
    }
    assert_eq!(backend.requests()[1].connection, 0);
}

#[test]
fn interim_answers_are_passed_over() {
    let bytes = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1";
    let backend = Backend::start().raw("GET", "/items/p_1", bytes);
    assert_eq!(ask(&backend).text(), "1");
}

#[test]
fn bytes_behind_an_answer_are_nobodys_answer() {
    let smuggled = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n\"evil\"";
    let backend = Backend::start().raw_open("GET", "/items/p_1", smuggled).answer(
        "GET",
        "/items/p_2",
        200,
        "2",
    );
    let gateway = gateway(&backend.url());
    assert_eq!(get(gateway.address(), ITEM).text(), "1");
    for _ in 0..3 {
        assert_eq!(get(gateway.address(), "/v1/plain/items/p_2").text(), "2");
    }
}

#[test]
fn a_backends_headers_do_not_reach_the_caller() {
    let bytes = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nServer: x\r\nX-Internal: db7\r\nContent-Length: 1\r\n\r\n1";
    let answer = ask(&Backend::start().raw("GET", "/items/p_1", bytes));
    let names: Vec<_> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["content-type", "x-request-id", "x-content-type-options", "content-length", "date"]
    );
}

#[test]
fn a_failed_call_that_leaves_a_trace_fails_like_any_other() {
    let json = [("Content-Type", "application/json")];
    for (backend, status) in [
        (Backend::start().close_early("PUT", "/items/p_1"), 502),
        (Backend::start().slow("PUT", "/items/p_1", Duration::from_secs(10), "1"), 504),
        (Backend::start().answer("PUT", "/items/p_1", 503, "{}"), 502),
    ] {
        let gateway = gateway(&backend.url());
        let answer = send(gateway.address(), "PUT", ITEM, &json, b"{}");
        assert_eq!(answer.status, status);
    }
}
