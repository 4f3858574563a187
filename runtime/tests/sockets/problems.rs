//! The documents that say what went wrong.

use gatewright_runtime::testing::{Backend, Client, get, send};
use serde_json::{Value, json};

use crate::contract::gateway;

#[track_caller]
fn problem(answer: &gatewright_runtime::testing::Answer) -> Value {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    serde_json::from_slice(&answer.body).expect("a problem is JSON")
}

#[test]
fn a_problem_has_type_title_status_detail_and_instance() {
    let gateway = gateway("http://127.0.0.1:1");
    let answer =
        send(gateway.address(), "GET", "/v1/plain/items/p_1", &[("X-Request-Id", "r1")], b"");
    assert_eq!(
        problem(&answer),
        json!({
            "type": "urn:problem:gateway:backend-failed",
            "title": "A service behind the gateway failed",
            "status": 502,
            "detail": "a service that this answer needs gave no usable result",
            "instance": "urn:request:r1",
        })
    );
}

#[test]
fn a_declared_problem_has_the_contracts_words_and_members() {
    let backend = Backend::start().answer("GET", "/items/p_1", 404, r#"{"internal":"db7"}"#);
    let gateway = gateway(&backend.url());
    let answer =
        send(gateway.address(), "GET", "/v1/plain/items/p_1", &[("X-Request-Id", "r1")], b"");
    assert_eq!(
        problem(&answer),
        json!({
            "type": "urn:problem:shop:not-found",
            "title": "There is no such item",
            "status": 404,
            "instance": "urn:request:r1",
            "length": 18,
        })
    );
}

#[test]
fn a_problem_never_repeats_what_the_caller_sent_nor_where_a_backend_is() {
    let gateway = gateway("http://127.0.0.1:1/secret-prefix");
    let json = [("Content-Type", "application/json")];
    for (method, target, body) in [
        ("GET", "/n0where/t3xt", ""),
        ("GET", "/v1/plain/items/t3xt", ""),
        ("GET", "/v1/search?q=t3xt&q=t3xt", ""),
        ("PUT", "/v1/plain/items/t3xt", "{\"a\":t3xt}"),
        ("T3XT", "/v1/plain/items/t3xt", ""),
    ] {
        let answer = send(gateway.address(), method, target, &json, body.as_bytes());
        let text = problem(&answer).to_string().to_lowercase();
        for leak in ["t3xt", "127.0.0.1", "secret", "k3y"] {
            assert!(!text.contains(leak), "{method} {target}: {text}");
        }
    }
}

#[test]
fn a_panic_costs_one_connection() {
    let gateway = gateway("http://127.0.0.1:1");
    let mut client = Client::connect(gateway.address());
    client.request("GET", "/v1/panic", &[], b"");
    let answer = client.answer("GET").expect("an answer");
    assert_eq!(problem(&answer)["type"], "urn:problem:gateway:internal");
    assert_eq!(answer.status, 500);
    assert!(!answer.text().contains("as asked"));
    assert!(client.is_closed());
    assert_eq!(get(gateway.address(), "/").status, 204);
}

#[test]
fn a_value_that_a_header_cannot_have_makes_the_answer_502() {
    let gateway = gateway("http://127.0.0.1:1");
    assert_eq!(get(gateway.address(), "/v1/echo/plain").header("x-echo"), Some("plain"));
    let answer = get(gateway.address(), "/v1/echo/%20x");
    assert_eq!(problem(&answer)["type"], "urn:problem:gateway:backend-failed");
    assert_eq!(answer.header("x-echo"), None);
}
