//! Connections to backends: used again while they are good, and only then.

use std::time::Duration;

use gatewright_runtime::testing::{Backend, get, send};

use crate::contract::gateway;

const ITEM: &str = "/v1/plain/items/p_1";
const JSON: (&str, &str) = ("Content-Type", "application/json");

fn connections(backend: &Backend) -> Vec<usize> {
    backend.requests().iter().map(|request| request.connection).collect()
}

#[test]
fn a_connection_is_used_again() {
    let backend = Backend::start().answer("GET", "/items/p_1", 200, "1");
    let gateway = gateway(&backend.url());
    for _ in 0..5 {
        assert_eq!(get(gateway.address(), ITEM).status, 200);
    }
    assert_eq!(connections(&backend), [0, 0, 0, 0, 0]);
}

#[test]
fn also_after_an_answer_that_was_no_success_or_came_in_chunks() {
    let backend = Backend::start()
        .answer("GET", "/items/p_1", 500, "{\"a\":1}")
        .flood("GET", "/items/p_1", 2000)
        .answer("GET", "/items/p_1", 200, "1");
    let gateway = gateway(&backend.url());
    for status in [502, 200, 200] {
        assert_eq!(get(gateway.address(), ITEM).status, status);
    }
    assert_eq!(connections(&backend), [0, 0, 0]);
}

#[test]
fn not_after_an_answer_that_was_not_read_whole() {
    let backend = Backend::start().flood("GET", "/items/p_1", 1_000_000).answer(
        "GET",
        "/items/p_1",
        200,
        "1",
    );
    let gateway = gateway(&backend.url());
    for status in [502, 200, 200] {
        assert_eq!(get(gateway.address(), ITEM).status, status);
    }
    assert_eq!(connections(&backend), [0, 1, 1]);
}

#[test]
fn not_when_the_backend_says_or_shows_that_it_closes() {
    let says = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1";
    let backend = Backend::start()
        .raw_open("GET", "/items/p_1", says)
        .answer_and_close("GET", "/items/p_1", "2")
        .answer("GET", "/items/p_1", 200, "3");
    let gateway = gateway(&backend.url());
    for text in ["1", "2", "3", "3"] {
        assert_eq!(get(gateway.address(), ITEM).text(), text);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(connections(&backend), [0, 1, 2, 2]);
}

#[test]
fn a_closed_idle_connection_costs_no_call_that_leaves_a_trace() {
    let backend = Backend::start().answer_and_close("POST", "/items/p_1", "1").answer_and_close(
        "POST",
        "/items/p_1",
        "2",
    );
    let gateway = gateway(&backend.url());
    for _ in 0..4 {
        assert_eq!(send(gateway.address(), "POST", ITEM, &[JSON], b"{}").status, 200);
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(connections(&backend), [0, 1, 2, 3]);
}

#[test]
fn a_used_connection_that_breaks_before_an_answer_is_tried_once_more() {
    let backend = Backend::start()
        .answer("GET", "/items/p_1", 200, "1")
        .close_early("GET", "/items/p_1")
        .answer("GET", "/items/p_1", 200, "2");
    let gateway = gateway(&backend.url());
    assert_eq!(get(gateway.address(), ITEM).text(), "1");
    assert_eq!(get(gateway.address(), ITEM).text(), "2");
    assert_eq!(connections(&backend), [0, 0, 1]);
}

#[test]
fn but_only_once_and_not_when_it_had_begun_to_answer() {
    let backend = Backend::start()
        .answer("GET", "/items/p_1", 200, "1")
        .close_early("GET", "/items/p_1")
        .close_early("GET", "/items/p_1");
    let plain = gateway(&backend.url());
    assert_eq!(get(plain.address(), ITEM).status, 200);
    assert_eq!(get(plain.address(), ITEM).status, 502);
    assert_eq!(connections(&backend), [0, 0, 1]);

    let backend = Backend::start()
        .answer("GET", "/items/p_1", 200, "1")
        .raw("GET", "/items/p_1", b"HTTP/1.1 200 OK\r\nContent-")
        .answer("GET", "/items/p_1", 200, "2");
    let plain = gateway(&backend.url());
    assert_eq!(get(plain.address(), ITEM).status, 200);
    assert_eq!(get(plain.address(), ITEM).status, 502);
}

#[test]
fn a_call_that_leaves_a_trace_is_never_sent_twice() {
    let backend = Backend::start()
        .answer("POST", "/items/p_1", 200, "1")
        .close_early("POST", "/items/p_1")
        .answer("POST", "/items/p_1", 200, "2");
    let gateway = gateway(&backend.url());
    for status in [200, 502, 200] {
        assert_eq!(send(gateway.address(), "POST", ITEM, &[JSON], b"{}").status, status);
    }
    assert_eq!(connections(&backend), [0, 0, 1]);
}
