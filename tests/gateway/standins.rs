//! Values that stand in for results.

use std::time::Duration;

use gatewright_runtime::testing::{Answer, Backend, Gateway, Running, get};
use serde_json::json;

use crate::ask::{NOBODY, fetch, names, problem, value};
use crate::contracts::calls::CONTRACT;

fn gateway(left: &str, right: &str) -> Running {
    Gateway::start(&CONTRACT, &[("LEFT_URL", left), ("RIGHT_URL", right)])
}

fn item() -> Backend {
    Backend::start().answer("GET", "/items/7", 200, r#"{"title":"tea"}"#)
}

#[track_caller]
fn degraded(answer: &Answer, fields: &[&str]) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(names(answer, "fallback"), fields);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[test]
fn a_full_answer_is_not_marked() {
    let right = Backend::start()
        .answer("GET", "/ratings/7", 200, r#"{"entries":["good"],"average":4.5}"#)
        .answer("GET", "/prices/7", 200, r#"{"amount":59.90}"#);
    let answer = get(gateway(&item().url(), &right.url()).address(), "/v1/else/7");
    let expected =
        r#"{"title":"tea","reviews":["good"],"price":59.90,"rating":4.5,"both":"4.5 tea"}"#;
    assert_eq!(answer.text(), expected);
    assert_eq!((answer.header("fallback"), answer.header("cache-control")), (None, None));
}

#[test]
fn a_value_stands_in_whatever_the_failure() {
    let price = |backend: Backend| backend.answer("GET", "/prices/7", 200, r#"{"amount":1}"#);
    let path = "/ratings/7";
    let slow = Duration::from_secs(1);
    for right in [
        Backend::start(),
        Backend::start().answer("GET", path, 500, "{}"),
        Backend::start().answer("GET", path, 200, r#"{"entries":"good","average":1}"#),
        Backend::start().answer("GET", path, 200, "no json"),
        Backend::start().slow("GET", path, slow, r#"{"entries":[],"average":1}"#),
        Backend::start().close_early("GET", path),
        Backend::start().garbage("GET", path),
    ] {
        let right = price(right);
        let answer = get(gateway(&item().url(), &right.url()).address(), "/v1/else/7");
        degraded(&answer, &["both", "rating", "reviews"]);
        let expected =
            json!({"title": "tea", "reviews": [], "price": 1, "rating": 0, "both": "0 tea"});
        assert_eq!(value(&answer), expected);
    }
}

#[test]
fn several_stand_ins_are_all_named() {
    let answer = get(gateway(&item().url(), NOBODY).address(), "/v1/else/7");
    degraded(&answer, &["both", "price", "rating", "reviews"]);
    assert_eq!(value(&answer)["price"], json!(null));
}

#[test]
fn what_has_no_stand_in_still_fails() {
    let gateway = gateway(NOBODY, NOBODY);
    problem(&get(gateway.address(), "/v1/else/7"), 502, "gateway:backend-failed");
}

#[test]
fn a_value_for_one_kind_of_failure_is_a_stand_in_too() {
    let left = Backend::start().answer("GET", "/on/7", 503, "{}");
    let answer = get(gateway(&left.url(), NOBODY).address(), "/v1/on/7");
    degraded(&answer, &["value"]);
}

#[test]
fn a_call_whose_condition_does_not_hold_is_not_made() {
    let left = Backend::start().answer("GET", "/people/7", 200, r#"{"name":"Ann","friend":8}"#);
    let right = Backend::start().answer("GET", "/extra/7", 200, r#"{"text":"more"}"#).answer(
        "GET",
        "/people/8",
        200,
        r#"{"name":"Bob"}"#,
    );
    let gateway = gateway(&left.url(), &right.url());
    let expected = json!({"name": "Ann", "extra": "none", "friend": "Bob"});
    assert_eq!(fetch(&gateway, "/v1/when/7"), expected);
    assert_eq!(right.requests().len(), 1);
    let expected = json!({"name": "Ann", "extra": "more", "friend": "Bob"});
    assert_eq!(fetch(&gateway, "/v1/when/7?extra=true"), expected);
    assert_eq!(right.wait_for(3).len(), 3);
}

#[test]
fn a_condition_sees_null_whatever_made_it() {
    for body in [r#"{"name":"Ann"}"#, r#"{"name":"Ann","friend":null}"#] {
        let left = Backend::start().answer("GET", "/people/7", 200, body);
        let right = Backend::start();
        let gateway = gateway(&left.url(), &right.url());
        let expected = json!({"name": "Ann", "extra": "none", "friend": null});
        assert_eq!(fetch(&gateway, "/v1/when/7"), expected);
        assert_eq!(right.requests().len(), 0);
    }
    let right = Backend::start();
    let answer = get(gateway(NOBODY, &right.url()).address(), "/v1/when/7");
    assert_eq!(value(&answer), json!({"name": "unknown", "extra": "none", "friend": null}));
    assert!(names(&answer, "fallback").contains(&"name"));
    assert_eq!(right.requests().len(), 0);
}

#[test]
fn a_condition_that_does_not_hold_is_no_degradation() {
    let left = Backend::start().answer("GET", "/people/7", 200, r#"{"name":"Ann"}"#);
    let answer = get(gateway(&left.url(), NOBODY).address(), "/v1/when/7");
    assert_eq!((answer.status, answer.header("fallback")), (200, None));
}

#[test]
fn a_call_that_needs_a_stand_in_is_made_with_it() {
    let right = Backend::start().answer("GET", "/cities/home", 200, r#"{"name":"Home"}"#);
    let answer = get(gateway(NOBODY, &right.url()).address(), "/v1/home/7");
    degraded(&answer, &["city"]);
    assert_eq!(value(&answer), json!({"city": "Home"}));
}

#[test]
fn a_stand_in_is_made_of_what_is_in_scope() {
    let right = Backend::start().answer("GET", "/tags/7", 200, r#"["a"]"#);
    let gateway = gateway(NOBODY, &right.url());
    let expected = json!({"name": "7", "count": 7, "tags": ["a"], "first": "none", "size": null});
    assert_eq!(fetch(&gateway, "/v1/built/7"), expected);
    let found = fetch(&gateway, "/v1/built/7?given=%22%5C");
    assert_eq!(found["first"], json!("\"\\"));
}

#[test]
fn each_kind_of_failure_has_its_own_stand_in() {
    let left =
        || Backend::start().answer("GET", "/one/7", 200, r#"{"name":"n","count":1,"first":"f"}"#);
    for (status, body, tags) in
        [(404, "{}", json!([])), (200, "{}", json!(["broken"])), (200, r#"["x"]"#, json!(["x"]))]
    {
        let left = left();
        let right = Backend::start().answer("GET", "/tags/n", status, body);
        let answer = get(gateway(&left.url(), &right.url()).address(), "/v1/built/7");
        assert_eq!(value(&answer)["tags"], tags);
        let degraded = names(&answer, "fallback").contains(&"tags");
        assert_eq!(degraded, tags != json!(["x"]), "{answer:?}");
    }
    let left = left();
    let right = Backend::start().answer("GET", "/tags/n", 500, "{}");
    let answer = get(gateway(&left.url(), &right.url()).address(), "/v1/built/7");
    problem(&answer, 502, "gateway:backend-failed");
}

#[test]
fn clauses_are_tried_before_the_last_resort() {
    let left =
        Backend::start().answer("GET", "/one/7", 200, r#"{"name":"n","count":1,"first":"f"}"#);
    for (status, size) in [(200, json!(5)), (404, json!(0)), (500, json!(null))] {
        let right = Backend::start().answer("GET", "/tags/n", 200, "[]").answer(
            "GET",
            "/sizes/7",
            status,
            r#"{"value":5}"#,
        );
        let gateway = gateway(&left.url(), &right.url());
        assert_eq!(fetch(&gateway, "/v1/built/7?given=big")["size"], size, "{status}");
        assert_eq!(fetch(&gateway, "/v1/built/7?given=small")["size"], json!(null));
    }
}
