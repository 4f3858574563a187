//! Callers behind proxies: whose word on addresses counts, and for what.

use gatewright_runtime::testing::{Backend, Gateway, Running, send};

use crate::contracts::limits::CONTRACT;

/// A backend, and a gateway before it that trusts these proxies.
fn start(trusted: &str) -> (Backend, Running) {
    let store = Backend::start().answer("GET", "/own/a", 200, r#"{"value":1}"#);
    let gateway =
        Gateway::start(&CONTRACT, &[("STORE_URL", &store.url()), ("TRUSTED_PROXIES", trusted)]);
    (store, gateway)
}

/// Asks what two calls of each caller may ask for at once.
fn ask(gateway: &Running, headers: &[(&str, &str)]) -> u16 {
    send(gateway.address(), "GET", "/v1/own/a", headers, b"").status
}

#[test]
fn a_made_up_address_is_no_way_around_a_limit() {
    for trusted in ["", "10.0.0.0/8, ::1"] {
        let (_store, gateway) = start(trusted);
        let forged = |at: usize| {
            let address = format!("203.0.113.{at}");
            let element = format!("for={address}");
            let fields = ["X-Forwarded-For", "X-Real-IP"].map(|name| (name, address.as_str()));
            ask(&gateway, &[fields[0], fields[1], ("Forwarded", &element)])
        };
        assert_eq!([forged(1), forged(2), forged(3), forged(4)], [200, 200, 429, 429], "{trusted}");
    }
}

#[test]
fn behind_a_trusted_proxy_each_caller_counts_alone() {
    let (_store, gateway) = start("127.0.0.0/8, 10.0.0.0/8");
    let by = |value: &str| ask(&gateway, &[("X-Forwarded-For", value)]);
    assert_eq!([by("203.0.113.1"), by("203.0.113.1"), by("203.0.113.1")], [200, 200, 429]);
    assert_eq!([by("203.0.113.2"), by("203.0.113.2"), by("203.0.113.2")], [200, 200, 429]);
    // What the same caller makes up stands before what the proxies append.
    assert_eq!([by("6.6.6.6, 203.0.113.1"), by("7.7.7.7, 203.0.113.1, 10.0.0.9")], [429, 429]);
    // A field that the proxy does not know, and passes on, does not help either: who sends one
    // counts as the proxy does.
    let both = |at: usize| {
        let element = format!("for=198.51.100.{at}");
        ask(&gateway, &[("X-Forwarded-For", "203.0.113.3"), ("Forwarded", &element)])
    };
    assert_eq!([both(1), both(2), both(3), both(4)], [200, 200, 429, 429]);
    assert_eq!(by("203.0.113.3"), 200);
}

#[test]
fn an_ipv6_household_counts_as_one() {
    let (_store, gateway) = start("127.0.0.1");
    let by = |at: usize| {
        let element = format!("for=\"[2001:db8:7:7::{at}]:443\";proto=https");
        ask(&gateway, &[("Forwarded", &element)])
    };
    assert_eq!([by(1), by(2), by(3)], [200, 200, 429]);
    assert_eq!(ask(&gateway, &[("Forwarded", "for=\"[2001:db8:7:8::1]\"")]), 200);
}

#[test]
fn backends_are_told_the_caller_and_nothing_that_was_made_up() {
    let (store, gateway) = start("127.0.0.1");
    let headers = [
        ("Forwarded", "for=6.6.6.6;proto=http, for=\"[2001:db8::9]:80\";proto=https;by=secret"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Real-IP", "6.6.6.6"),
    ];
    assert_eq!(ask(&gateway, &headers), 200);
    let request = store.requests().remove(0);
    assert_eq!(
        request.header("forwarded"),
        Some("for=\"[2001:db8::9]\";proto=https;host=\"gateway.test\"")
    );
    assert_eq!(request.header("x-forwarded-for"), Some("2001:db8::9"));
    assert_eq!(request.header("x-forwarded-proto"), Some("https"));
    assert_eq!(request.header("x-forwarded-host"), Some("gateway.test"));
    assert_eq!(request.header("x-real-ip"), None);
    let (store, gateway) = start("");
    assert_eq!(ask(&gateway, &headers), 200);
    let request = store.requests().remove(0);
    assert_eq!(request.header("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(request.header("x-forwarded-proto"), Some("http"));
}

#[test]
fn what_is_no_network_keeps_the_gateway_from_starting() {
    for (text, reason) in [
        ("10.0.0.0/33", "`10.0.0.0/33` has more bits than its address"),
        ("10.0.0.1/8", "`10.0.0.1/8` has bits of an address behind those of its network"),
        ("::1, lb.internal", "`lb.internal` is no address or network such as `10.0.0.0/8`"),
        ("10.0.0.0/8,", "`` is no address or network such as `10.0.0.0/8`"),
    ] {
        let env = [("STORE_URL", "http://127.0.0.1:1"), ("TRUSTED_PROXIES", text)];
        let report = Gateway::refusal(&CONTRACT, &env).expect("it does not start");
        assert!(report.contains("invalid: TRUSTED_PROXIES"), "{report}");
        assert!(report.contains(reason), "{report}");
    }
}
