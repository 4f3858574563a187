//! Further attempts.

use std::time::Duration;

use gatewright_runtime::testing::{Backend, get, send};

use crate::ask::problem;
use crate::deadlines::gateway;

const ONE: &str = r#"{"value":1}"#;

/// A backend that answers with these statuses in turn.
fn backend(method: &str, statuses: &[u16]) -> Backend {
    let start = Backend::start();
    statuses.iter().fold(start, |backend, status| backend.answer(method, "/one", *status, ONE))
}

#[test]
fn what_passes_is_tried_again_as_often_as_declared() {
    for first in [502, 503, 504] {
        let backend = backend("GET", &[first, 503, 200]);
        let gateway = gateway("AGAIN_URL", &backend.url(), &[]);
        assert_eq!(get(gateway.address(), "/v1/again").text(), ONE);
        assert_eq!(backend.requests().len(), 3);
    }
    let backend = backend("GET", &[503]);
    let gateway = gateway("AGAIN_URL", &backend.url(), &[]);
    problem(&get(gateway.address(), "/v1/again"), 502, "gateway:backend-failed");
    assert_eq!(backend.requests().len(), 3);
}

#[test]
fn a_connection_that_breaks_is_tried_again() {
    let backend = Backend::start()
        .close_early("GET", "/one")
        .garbage("GET", "/one")
        .answer("GET", "/one", 200, ONE);
    let gateway = gateway("AGAIN_URL", &backend.url(), &[]);
    assert_eq!(get(gateway.address(), "/v1/again").text(), ONE);
}

#[test]
fn what_would_fail_again_is_not_tried_again() {
    for (backend, status) in [
        (backend("GET", &[500]), 502),
        (backend("GET", &[404]), 502),
        (Backend::start().answer("GET", "/one", 200, r#"{"value":"1"}"#), 502),
        (Backend::start().slow("GET", "/one", Duration::from_secs(4), ONE), 504),
    ] {
        let gateway = gateway("AGAIN_URL", &backend.url(), &[]);
        assert_eq!(get(gateway.address(), "/v1/again").status, status);
        assert_eq!(backend.requests().len(), 1);
    }
}

#[test]
fn only_what_may_be_repeated_is_repeated() {
    for (method, target, key, count) in [
        ("PUT", "/v1/again", None, 3),
        ("POST", "/v1/again", None, 1),
        ("POST", "/v1/again", Some("k1"), 1),
        ("POST", "/v1/keyed", None, 1),
        ("POST", "/v1/keyed", Some("k1"), 3),
    ] {
        let backend = backend(method, &[503]);
        let gateway = gateway("AGAIN_URL", &backend.url(), &[]);
        let fields: Vec<_> = key.iter().map(|key| ("Idempotency-Key", *key)).collect();
        assert_eq!(send(gateway.address(), method, target, &fields, b"").status, 502);
        let requests = backend.requests();
        assert_eq!(requests.len(), count, "{method} {target} {key:?}");
        let sent = key.filter(|_| target == "/v1/keyed");
        assert!(requests.iter().all(|request| request.header("idempotency-key") == sent));
    }
}

#[test]
fn the_contract_may_say_what_is_tried_again() {
    for (backend, status, count) in [
        (backend("GET", &[429, 200]), 200, 2),
        (backend("GET", &[503, 200]), 502, 1),
        (
            Backend::start()
                .slow("GET", "/one", Duration::from_secs(4), ONE)
                .answer("GET", "/one", 200, ONE),
            200,
            2,
        ),
    ] {
        let gateway = gateway("PICKY_URL", &backend.url(), &[]);
        assert_eq!(get(gateway.address(), "/v1/picky").status, status);
        assert_eq!(backend.requests().len(), count);
    }
}
