//! Results of calls that are used again: by whom, for how long, and when not.

use std::thread::sleep;
use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Backend, Client, Gateway, Running, get, send};
use serde_json::json;

use crate::ask::{fetch, problem};
use crate::contracts::caches::CONTRACT;

const ITEM: &str = r#"{"name":"a","size":7}"#;

fn gateway(items: &Backend) -> Running {
    Gateway::start(&CONTRACT, &[("ITEMS_URL", &items.url())])
}

/// A backend that answers one target with these header fields.
fn telling(target: &str, fields: &str) -> Backend {
    let length = ITEM.len();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n{fields}\r\n\r\n{ITEM}");
    Backend::start().raw_open("GET", target, answer.as_bytes())
}

#[test]
fn a_result_is_asked_for_once() {
    let items = Backend::start().answer("GET", "/items/a", 200, ITEM).answer(
        "GET",
        "/items/b",
        200,
        r#"{"name":"b"}"#,
    );
    let gateway = gateway(&items);
    for _ in 0..3 {
        assert_eq!(fetch(&gateway, "/v1/items/a"), json!({"name": "a"}));
        assert_eq!(fetch(&gateway, "/v1/items/b"), json!({"name": "b"}));
        // Whoever asks the same gets the same, and reads of it what it needs.
        assert_eq!(fetch(&gateway, "/v1/sizes/a"), json!({"size": 7}));
        assert_eq!(fetch(&gateway, "/v1/all?id=a&id=b"), json!([{"name": "a"}, {"name": "b"}]));
    }
    let requests = items.requests();
    assert_eq!(requests.len(), 2, "{requests:?}");
    for request in requests {
        let who = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];
        assert!(who.iter().all(|name| request.header(name).is_none()), "{request:?}");
        assert!(request.header("traceparent").is_some());
    }
}

#[test]
fn all_that_is_sent_is_part_of_the_key() {
    let item = r#"{"name":"a","by":"b"}"#;
    let items =
        Backend::start().answer("GET", "/said", 200, item).answer("GET", "/said?q=1", 200, item);
    let gateway = gateway(&items);
    let ask = |target: &str, headers: &[(&str, &str)]| {
        assert_eq!(send(gateway.address(), "GET", target, headers, b"").status, 200);
        items.requests().len()
    };
    assert_eq!(ask("/v1/said", &[]), 1);
    assert_eq!(ask("/v1/said", &[("Accept-Language", "de")]), 2);
    assert_eq!(ask("/v1/said", &[("Accept-Language", "en")]), 3);
    assert_eq!(ask("/v1/said?q=1", &[]), 4);
    // Nothing of the caller's own is sent, so nothing of it counts.
    assert_eq!(
        ask("/v1/said", &[("Accept-Language", "de"), ("Cookie", "a=1"), ("Authorization", "x")]),
        4
    );
    assert_eq!(ask("/v1/said", &[("Cache-Control", "no-cache"), ("X-Request-Id", "r-1")]), 4);
}

#[test]
fn who_asks_at_one_time_shares_one_request() {
    let items = Backend::start().slow("GET", "/items/a", Duration::from_millis(300), ITEM);
    let gateway = Gateway::start(&CONTRACT, &[("ITEMS_URL", &items.url()), ("CORES", "2")]);
    let start = Instant::now();
    let mut callers: Vec<Client> = (0..12).map(|_| Client::connect(gateway.address())).collect();
    callers.iter_mut().for_each(|caller| caller.request("GET", "/v1/items/a", &[], b""));
    // One of them leaves, maybe the one that all others wait for.
    callers.remove(0);
    for caller in &mut callers {
        let answer = caller.answer("GET").expect("an answer");
        assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"name":"a"}"#));
    }
    assert_eq!(items.requests().len(), 1);
    assert!(start.elapsed() < Duration::from_millis(1400), "{:?}", start.elapsed());
}

#[test]
fn a_backend_has_a_say() {
    for (fields, asked) in [
        ("Cache-Control: no-store", 3),
        ("Cache-Control: private, max-age=60", 3),
        ("Cache-Control: max-age=0", 3),
        ("Vary: *", 3),
        ("Cache-Control: max-age=60\r\nAge: 60", 3),
        ("Cache-Control: public, max-age=60\r\nVary: Accept", 1),
        ("Set-Cookie: a=1", 1),
    ] {
        let items = telling("/items/a", fields);
        let gateway = gateway(&items);
        for _ in 0..3 {
            assert_eq!(fetch(&gateway, "/v1/items/a"), json!({"name": "a"}));
        }
        assert_eq!(items.requests().len(), asked, "{fields}");
    }
}

#[test]
fn failures_are_not_kept_and_a_declared_absence_is() {
    let items =
        Backend::start().answer("GET", "/items/a", 404, "").answer("GET", "/items/b", 500, "");
    let gateway = gateway(&items);
    for _ in 0..3 {
        problem(&get(gateway.address(), "/v1/items/a"), 404, "caches:not-found");
        problem(&get(gateway.address(), "/v1/items/b"), 502, "gateway:backend-failed");
    }
    let asked = |target: &str| items.requests().iter().filter(|one| one.target == target).count();
    assert_eq!((asked("/items/a"), asked("/items/b")), (1, 3));
    // Read by a call that does not say what it means, the same 404 is a failure like any other.
    problem(&get(gateway.address(), "/v1/sizes/a"), 502, "gateway:backend-failed");
}

#[test]
fn a_result_that_violates_what_is_read_is_asked_for_again() {
    let items = Backend::start().answer("GET", "/items/a", 200, r#"{"name":"a","size":"large"}"#);
    let gateway = gateway(&items);
    assert_eq!(fetch(&gateway, "/v1/items/a"), json!({"name": "a"}));
    problem(&get(gateway.address(), "/v1/sizes/a"), 502, "gateway:backend-failed");
    assert_eq!(items.requests().len(), 1);
    problem(&get(gateway.address(), "/v1/sizes/a"), 502, "gateway:backend-failed");
    assert_eq!(items.requests().len(), 2, "what was wrong is not kept");
}

/// What is kept is the backend's, whichever of its addresses said it.
#[test]
fn addresses_of_one_backend_share_what_is_kept() {
    let one = Backend::start().answer("GET", "/items/a", 200, ITEM);
    let other = Backend::start().answer("GET", "/items/a", 200, ITEM);
    let urls = format!("{}, {}", one.url(), other.url());
    let gateway = Gateway::start(&CONTRACT, &[("ITEMS_URL", &urls)]);
    for _ in 0..20 {
        assert_eq!(fetch(&gateway, "/v1/items/a"), json!({"name": "a"}));
    }
    assert_eq!(one.requests().len() + other.requests().len(), 1);
}

#[test]
fn what_is_stale_is_used_while_a_new_one_is_asked_for() {
    let items = Backend::start().answer("GET", "/items/a", 200, ITEM);
    let gateway = gateway(&items);
    fetch(&gateway, "/v1/short/a");
    fetch(&gateway, "/v1/short/a");
    assert_eq!(items.requests().len(), 1);
    sleep(Duration::from_millis(150));
    assert_eq!(fetch(&gateway, "/v1/short/a"), json!({"name": "a"}));
    items.wait_for(2);
    // A backend that is gone is not missed for as long as that.
    items.refuse();
    sleep(Duration::from_millis(150));
    for _ in 0..3 {
        assert_eq!(fetch(&gateway, "/v1/short/a"), json!({"name": "a"}));
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn nothing_is_kept_where_the_operator_says_so() {
    let items = Backend::start().answer("GET", "/items/a", 200, ITEM);
    let gateway = Gateway::start(&CONTRACT, &[("ITEMS_URL", &items.url()), ("CACHE_MB", "0")]);
    for asked in 1..4 {
        fetch(&gateway, "/v1/items/a");
        assert_eq!(items.requests().len(), asked);
    }
}

#[test]
fn who_waits_for_another_waits_no_longer_than_its_own_time() {
    let items =
        Backend::start().slow("GET", "/said", Duration::from_secs(5), r#"{"name":"a","by":"b"}"#);
    let gateway = gateway(&items);
    let start = Instant::now();
    assert_eq!(fetch(&gateway, "/v1/said"), json!({"name": "none", "by": "nobody"}));
    assert!((700..1400).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}
