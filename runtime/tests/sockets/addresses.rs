//! Backends at several addresses: who is asked, who is left out, who comes back.

use std::time::{Duration, Instant};

use gatewright_runtime::testing::{Backend, Gateway, Running, get, send};

use crate::contract::CONTRACT;

const ITEM: &str = "/items/p_1";
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// A gateway on two cores whose backend of this variable is at all of these addresses.
fn gateway(variable: &str, urls: &[&str]) -> Running {
    let list = urls.join(", ");
    let env = [("PLAIN_URL", "http://127.0.0.1:1"), (variable, list.as_str()), ("CORES", "2")];
    let at = if variable == "PLAIN_URL" { &env[1..] } else { &env };
    Gateway::start(&CONTRACT, at)
}

fn good() -> Backend {
    Backend::start().answer("GET", ITEM, 200, "1").answer("POST", ITEM, 200, "1")
}

/// An address that refuses connections.
fn dead() -> String {
    let backend = Backend::start();
    backend.refuse();
    backend.url()
}

fn statuses(gateway: &Running, target: &str, count: usize) -> Vec<u16> {
    (0..count).map(|_| get(gateway.address(), target).status).collect()
}

/// What `/metrics` says of the addresses of a backend: asked, ejected.
fn census(gateway: &Running, backend: &str) -> (String, String) {
    let text = get(gateway.operator(), "/metrics").text();
    let value = |state: &str| {
        let name =
            format!("gatewright_backend_addresses{{backend=\"{backend}\",state=\"{state}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(name.as_str()));
        line.unwrap_or_default().to_owned()
    };
    (value("asked"), value("ejected"))
}

#[test]
fn all_of_them_are_asked_each_by_its_own_name() {
    let backends = [good(), good(), good()];
    let urls = backends.each_ref().map(Backend::url);
    let gateway = gateway("PLAIN_URL", &urls.each_ref().map(String::as_str));
    assert_eq!(statuses(&gateway, "/v1/plain/items/p_1", 90), [200; 90]);
    for backend in &backends {
        let requests = backend.requests();
        assert!(requests.len() >= 10, "{} of 90", requests.len());
        let host = backend.address().to_string();
        assert!(requests.iter().all(|request| request.header("host") == Some(&host)));
    }
    assert_eq!(census(&gateway, "plain"), ("3".to_owned(), "0".to_owned()));
}

#[test]
fn one_that_refuses_costs_no_call_and_is_left_out() {
    for method in ["GET", "POST"] {
        let (one, other) = (good(), good());
        let gateway = gateway("PLAIN_URL", &[&one.url(), &dead(), &other.url()]);
        for _ in 0..60 {
            let answer = send(gateway.address(), method, "/v1/plain/items/p_1", &[JSON], b"{}");
            assert_eq!(answer.status, 200, "{method}");
        }
        assert_eq!(census(&gateway, "plain"), ("2".to_owned(), "1".to_owned()));
    }
}

#[test]
fn one_that_dies_with_its_connections_costs_no_call_that_means_the_same_twice() {
    let (one, other) = (good(), good());
    let gateway = gateway("PLAIN_URL", &[&one.url(), &other.url()]);
    assert_eq!(statuses(&gateway, "/v1/plain/items/p_1", 40), [200; 40]);
    one.refuse();
    assert_eq!(statuses(&gateway, "/v1/plain/items/p_1", 40), [200; 40]);
}

#[test]
fn a_further_attempt_goes_to_another_address() {
    let (bad, one) = (Backend::start().answer("GET", ITEM, 503, "{}"), good());
    let gateway = gateway("RETRYING_URL", &[&bad.url(), &one.url()]);
    assert_eq!(statuses(&gateway, "/v1/retrying/items/p_1", 60), [200; 60]);
    assert_eq!(bad.requests().len(), 5, "five failures in a row leave it out");
    assert_eq!(one.requests().len(), 60);
}

#[test]
fn one_that_hangs_is_left_out_after_three_silent_attempts() {
    let hung = Backend::start().slow("GET", ITEM, Duration::from_secs(20), "1");
    let one = good();
    let gateway = gateway("PICKY_URL", &[&hung.url(), &one.url()]);
    let start = Instant::now();
    assert_eq!(statuses(&gateway, "/v1/picky/items/p_1", 60), [200; 60]);
    assert_eq!(hung.requests().len(), 3);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[test]
fn one_address_that_fails_does_not_open_the_breaker_and_comes_back() {
    let sick = Backend::start()
        .answer("GET", ITEM, 500, "{}")
        .answer("GET", ITEM, 500, "{}")
        .answer("GET", ITEM, 500, "{}")
        .answer("GET", ITEM, 200, "2");
    let one = good();
    let gateway = gateway("BREAKING_URL", &[&sick.url(), &one.url()]);
    let mut failed = 0;
    while sick.requests().len() < 3 {
        match get(gateway.address(), "/v1/breaking/items/p_1").status {
            200 => {}
            502 => failed += 1,
            status => panic!("{status}"),
        }
    }
    assert_eq!(failed, 3);
    assert_eq!(census(&gateway, "breaking"), ("1".to_owned(), "1".to_owned()));
    let before = Instant::now();
    assert_eq!(statuses(&gateway, "/v1/breaking/items/p_1", 20), [200; 20]);
    if before.elapsed() < Duration::from_millis(250) {
        assert_eq!(sick.requests().len(), 3, "it is left alone");
    }
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(statuses(&gateway, "/v1/breaking/items/p_1", 40), [200; 40]);
    assert!(sick.requests().len() > 10, "it does its part again");
    assert_eq!(census(&gateway, "breaking"), ("2".to_owned(), "0".to_owned()));
}

#[test]
fn where_all_fail_the_breaker_opens() {
    let bad = || Backend::start().answer("GET", ITEM, 500, "{}");
    let (one, other) = (bad(), bad());
    let gateway = gateway("BREAKING_URL", &[&one.url(), &other.url()]);
    let found = statuses(&gateway, "/v1/breaking/items/p_1", 12);
    assert_eq!(found.last(), Some(&503), "{found:?}");
    assert!(one.requests().len() + other.requests().len() <= 7, "{found:?}");

    let dead = [dead(), self::dead()];
    let gateway = self::gateway("BREAKING_URL", &[&dead[0], &dead[1]]);
    let found = statuses(&gateway, "/v1/breaking/items/p_1", 6);
    assert_eq!(found, [502, 502, 502, 503, 503, 503]);
}

#[test]
fn a_call_that_leaves_a_trace_is_not_sent_to_another_address() {
    let bad = || Backend::start().answer("POST", ITEM, 503, "{}");
    let (one, other) = (bad(), bad());
    let gateway = gateway("RETRYING_URL", &[&one.url(), &other.url()]);
    let answer = send(gateway.address(), "POST", "/v1/retrying/items/p_1", &[JSON], b"{}");
    assert_eq!(answer.status, 502);
    assert_eq!(one.requests().len() + other.requests().len(), 1);
}

#[test]
fn a_name_may_stand_for_several_addresses_of_which_some_do_not_listen() {
    // `localhost` is usually both 127.0.0.1 and ::1, of which the backend has one.
    let backend = good();
    let url = format!("http://localhost:{}", backend.address().port());
    let gateway = gateway("PLAIN_URL", &[&url]);
    assert_eq!(statuses(&gateway, "/v1/plain/items/p_1", 20), [200; 20]);
    let nowhere = format!("http://{}.example", "x".repeat(64));
    let plain = self::gateway("PLAIN_URL", &[&nowhere]);
    assert_eq!(statuses(&plain, "/v1/plain/items/p_1", 2), [503, 503]);
    let both = self::gateway("PLAIN_URL", &[&nowhere, &backend.url()]);
    assert_eq!(statuses(&both, "/v1/plain/items/p_1", 10), [200; 10]);
}

#[test]
fn addresses_that_cannot_stand_for_each_other_are_refused_at_the_start() {
    for (list, reason) in [
        ("http://a/x, http://b/y", "whose addresses have several paths"),
        ("http://a, https://b", "whose addresses have several schemes"),
        ("http://a, http://a", "which names an address twice"),
        ("http://a,", "which lacks an address beside a comma"),
    ] {
        let report = Gateway::refusal(&CONTRACT, &[("PLAIN_URL", list)]).expect("refused");
        let line = format!("   = invalid: PLAIN_URL  url  is `{list}`, {reason}\n");
        assert!(report.contains(&line), "{report}");
    }
}
