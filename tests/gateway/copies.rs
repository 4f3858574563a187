//! Requests that another backend is sent too: the same, once, and of no consequence.

use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Backend, Gateway, Running, get, send};

use crate::ask::{JSON, NOBODY};
use crate::contracts::copies::CONTRACT;
use crate::faults::{Mood, Moody};

const ITEM: &str = "/items/7?a=b";

fn gateway(items: &str, next: &str) -> Running {
    Gateway::start(&CONTRACT, &[("ITEMS_URL", items), ("NEXT_URL", next), ("CORES", "1")])
}

fn items() -> Backend {
    Backend::start().answer("GET", ITEM, 200, "{\"id\":7}").answer(
        "POST",
        "/items",
        201,
        "{\"id\":8}",
    )
}

/// How many copies ended in this way, as the gateway counts them.
fn counted(gateway: &Running, outcome: &str) -> usize {
    let text = get(gateway.operator(), "/metrics").text();
    let lines = text.lines().filter(|line| {
        line.starts_with("gatewright_calls_total{backend=\"next\"")
            && line.contains(&format!("outcome=\"{outcome}\""))
    });
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok()).sum()
}

#[test]
fn both_backends_are_sent_the_same_and_one_of_them_is_answered() {
    let (items, next) = (items(), Backend::start().answer("GET", ITEM, 200, "{\"id\":1}"));
    let gateway = gateway(&items.url(), &next.url());
    assert_eq!(get(gateway.address(), "/v1/items/7").text(), "{\"id\":7}");
    assert_eq!(
        send(gateway.address(), "POST", "/v1/items", &[JSON], b"{\"name\":\"n\"}").status,
        201
    );
    let (asked, copied) = (items.wait_for(2), next.wait_for(2));
    for (one, other) in asked.iter().zip(&copied) {
        assert_eq!(
            (&one.method, &one.target, &one.body),
            (&other.method, &other.target, &other.body)
        );
        for name in ["x-a", "x-request-id", "traceparent", "content-type", "accept"] {
            assert_eq!(one.header(name), other.header(name), "{name}");
        }
        let host = next.address().to_string();
        assert_eq!((other.header("x-own"), other.header("host")), (Some("next"), Some(&*host)));
        assert_eq!(one.header("x-own"), None);
    }
}

#[test]
fn what_becomes_of_a_copy_makes_no_difference() {
    let slow = Backend::start().slow("GET", ITEM, Duration::from_secs(9), "{}");
    let failing = Backend::start().answer("GET", ITEM, 503, "{}");
    let garbage = Backend::start().garbage("GET", ITEM);
    for next in [NOBODY, &slow.url(), &failing.url(), &garbage.url()] {
        let items = items();
        let gateway = gateway(&items.url(), next);
        let start = Instant::now();
        for _ in 0..5 {
            assert_eq!(get(gateway.address(), "/v1/items/7").text(), "{\"id\":7}");
        }
        assert!(start.elapsed() < Duration::from_millis(900), "{next}: {:?}", start.elapsed());
        assert_eq!(items.requests().len(), 5);
    }
    // Once each: what is said about further attempts is not for copies.
    assert_eq!(failing.requests().len(), 5);
}

#[test]
fn a_copy_of_what_fails_is_sent_all_the_same_and_none_of_what_is_not_sent() {
    let next = Backend::start();
    let gateway = gateway(NOBODY, &next.url());
    assert_eq!(get(gateway.address(), "/v1/items/7").status, 502);
    next.wait_for(1);
    assert_eq!(get(gateway.address(), "/v1/maybe/1").status, 200);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(next.requests().len(), 1);
}

#[test]
fn each_call_of_a_list_is_copied() {
    let level = |backend: Backend, one: usize| {
        backend.answer("GET", &format!("/levels/{one}"), 200, &format!("{{\"level\":{one}}}"))
    };
    let (items, next) = ((1..=3).fold(Backend::start(), level), Backend::start());
    let gateway = gateway(&items.url(), &next.url());
    assert_eq!(get(gateway.address(), "/v1/levels?of=1&of=2&of=3").text(), "[1,2,3]");
    let mut targets: Vec<_> = next.wait_for(3).into_iter().map(|one| one.target).collect();
    targets.sort();
    assert_eq!(targets, ["/levels/1", "/levels/2", "/levels/3"]);
}

#[test]
fn no_more_than_so_many_are_on_their_way() {
    let (items, next) = (items(), Moody::start());
    next.is(Mood::Hung);
    let gateway = gateway(&items.url(), &next.url());
    let start = Instant::now();
    for _ in 0..100 {
        assert_eq!(get(gateway.address(), "/v1/items/7").status, 200);
    }
    if start.elapsed() < Duration::from_millis(1400) {
        assert!((1..=64).contains(&next.asked()), "{}", next.asked());
        assert_eq!(counted(&gateway, "dropped"), 36);
    }
    next.is(Mood::Well);
    std::thread::sleep(Duration::from_millis(300));
    let before = next.asked();
    assert_eq!(get(gateway.address(), "/v1/items/7").status, 200);
    std::thread::sleep(Duration::from_millis(200));
    assert!(next.asked() > before, "there is room again");
    assert!(counted(&gateway, "ok") >= 1);
}
