//! One call per element of a list.

use std::time::Duration;

use gatewright_runtime::testing::{Backend, Gateway, Running, get};
use serde_json::{Value, json};

use crate::ask::{fetch, names, post, problem, timed, value};
use crate::contracts::each::CONTRACT;

fn gateway(carts: &Backend, stock: &Backend) -> Running {
    Gateway::start(&CONTRACT, &[("CARTS_URL", &carts.url()), ("STOCK_URL", &stock.url())])
}

fn level(sku: &str, available: i32) -> String {
    json!({"sku": sku, "available": available, "more": true}).to_string()
}

/// A cart with these skus.
fn cart(skus: &[String]) -> Backend {
    let lines: Vec<Value> =
        skus.iter().enumerate().map(|(at, sku)| json!({"sku": sku, "amount": at})).collect();
    let body = json!({"lines": lines, "skus": skus}).to_string();
    Backend::start().answer("GET", "/carts/7", 200, &body)
}

fn skus(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("s{at}")).collect()
}

#[test]
fn results_are_in_the_order_of_the_elements() {
    let carts = cart(&skus(3));
    let stock = Backend::start()
        .slow("GET", "/levels/s0?amount=0", Duration::from_millis(150), &level("s0", 5))
        .answer("GET", "/levels/s1?amount=1", 200, &level("s1", 6))
        .slow("GET", "/levels/s2?amount=2", Duration::from_millis(50), &level("s2", 7));
    let answer = fetch(&gateway(&carts, &stock), "/v1/carts/7");
    let expected = json!([
        {"sku": "s0", "available": 5}, {"sku": "s1", "available": 6}, {"sku": "s2", "available": 7}
    ]);
    assert_eq!(answer["stock"], expected);
    assert_eq!(answer["lines"][2], json!({"sku": "s2", "label": "unnamed"}));
}

#[test]
fn a_value_stands_in_per_element_and_within_holds_per_call() {
    let carts = cart(&skus(3));
    let stock = Backend::start()
        .answer("GET", "/levels/s0?amount=0", 200, &level("s0", 5))
        .slow("GET", "/levels/s1?amount=1", Duration::from_secs(3), &level("s1", 6))
        .answer("GET", "/levels/s2?amount=2", 200, r#"{"sku":"s2"}"#);
    let (answer, time) = timed(&gateway(&carts, &stock), "/v1/carts/7");
    let none = json!({"sku": "?", "available": 0});
    assert_eq!(value(&answer)["stock"], json!([{"sku": "s0", "available": 5}, none, none]));
    assert_eq!(names(&answer, "fallback"), ["stock"]);
    assert!(time < Duration::from_secs(2), "{time:?}");
}

#[test]
fn sixteen_run_at_once() {
    let skus = skus(40);
    let carts = cart(&skus);
    let mut stock = Backend::start();
    for (at, sku) in skus.iter().enumerate() {
        let target = format!("/levels/{sku}?amount={at}");
        stock = stock.slow("GET", &target, Duration::from_millis(60), &level(sku, 1));
    }
    let answer = fetch(&gateway(&carts, &stock), "/v1/carts/7");
    assert_eq!(answer["stock"].as_array().map(Vec::len), Some(40));
    assert_eq!(answer["stock"][39]["sku"], "s39");
    let requests = stock.wait_for(40);
    let most = requests
        .iter()
        .map(|one| {
            requests
                .iter()
                .filter(|other| {
                    one.start >= other.start && other.end.is_none_or(|end| one.start < end)
                })
                .count()
        })
        .max();
    assert!(most.is_some_and(|most| (2..=16).contains(&most)), "{most:?}");
}

#[test]
fn a_list_that_is_too_long_is_a_result_that_violates_its_type() {
    let carts = cart(&skus(51));
    let stock = Backend::start();
    problem(&get(gateway(&carts, &stock).address(), "/v1/carts/7"), 502, "gateway:backend-failed");
    assert_eq!(stock.requests().len(), 0);
    let empty = cart(&[]);
    assert_eq!(fetch(&gateway(&empty, &stock), "/v1/carts/7"), json!({"lines": [], "stock": []}));
}

fn typed(stock: Backend) -> gatewright_runtime::testing::Answer {
    let carts = cart(&skus(3));
    get(gateway(&carts, &stock).address(), "/v1/typed/7")
}

fn three() -> Backend {
    (0..3).fold(Backend::start(), |stock, at| {
        stock.answer("GET", &format!("/levels/s{at}"), 200, &level(&format!("s{at}"), at))
    })
}

#[test]
fn operations_are_called_with_the_element() {
    let answer = typed(three());
    let expected = json!({"levels": [
        {"sku": "s0", "available": 0}, {"sku": "s1", "available": 1}, {"sku": "s2", "available": 2}
    ]});
    assert_eq!(value(&answer), expected);
}

#[test]
fn the_first_failure_in_the_order_of_the_elements_decides() {
    let slow = Duration::from_millis(150);
    let stock = Backend::start()
        .slow("GET", "/levels/s0", slow, &level("s0", 1))
        .answer("GET", "/levels/s1", 409, r#"{"why":"sold"}"#)
        .answer("GET", "/levels/s2", 404, "{}");
    assert_eq!(problem(&typed(stock), 409, "each:busy")["why"], "sold");
    let stock = Backend::start()
        .answer("GET", "/levels/s0", 500, "{}")
        .answer("GET", "/levels/s1", 200, r#"{"sku":"s1","available":-1}"#)
        .answer("GET", "/levels/s2", 200, &level("s2", 3));
    let expected = json!({"levels": [
        {"sku": "none", "available": 0}, {"sku": "s1", "available": 0}, {"sku": "s2", "available": 3}
    ]});
    assert_eq!(value(&typed(stock)), expected);
}

#[test]
fn a_condition_holds_or_not_for_each_element() {
    let carts = cart(&["s0".into(), "skip".into()]);
    let stock = Backend::start().answer("GET", "/levels/s0", 200, &level("s0", 1));
    let answer = get(gateway(&carts, &stock).address(), "/v1/typed/7");
    let expected =
        json!({"levels": [{"sku": "s0", "available": 1}, {"sku": "none", "available": 0}]});
    assert_eq!(value(&answer), expected);
    assert_eq!((answer.header("fallback"), stock.requests().len()), (None, 1));
}

#[test]
fn values_of_a_parameter_are_elements_too() {
    let carts = Backend::start()
        .answer("GET", "/carts/7", 200, r#"{"lines":[{"sku":"a"},{"sku":"b"},{"sku":"c"}]}"#)
        .answer("GET", "/items/3?again=3&tag=x&tag=y", 200, r#"{"name":"three"}"#)
        .answer("GET", "/items/100?again=100&tag=x&tag=y", 200, r#"{"name":"hundred"}"#);
    let stock = Backend::start().answer("GET", "/names/a", 200, r#"{"name":"A"}"#).answer(
        "GET",
        "/names/b",
        200,
        r#"{"name":"B"}"#,
    );
    let gateway = gateway(&carts, &stock);
    let answer = fetch(&gateway, "/v1/ids?id=3&id=9&id=1e2&tag=x&tag=y");
    let expected =
        json!({"items": [{"name": "three"}, null, {"name": "hundred"}], "first": ["A", "B"]});
    assert_eq!(answer, expected);
    let mut ids: Vec<_> =
        carts.requests().iter().filter_map(|one| one.header("x-id").map(str::to_owned)).collect();
    // They are on their way at the same time.
    ids.sort();
    assert_eq!(ids, ["no 100", "no 3", "no 9"]);
    assert_eq!(get(gateway.address(), "/v1/ids").status, 400);
}

#[test]
fn every_element_of_a_body_is_sent() {
    let carts = Backend::start();
    let stock = Backend::start().answer("POST", "/orders", 200, "{}");
    let gateway = gateway(&carts, &stock);
    let lines: Vec<Value> =
        (0..20).map(|at| json!({"sku": format!("s{at}"), "amount": at})).collect();
    let body = json!({"lines": lines, "note": "n"}).to_string();
    assert_eq!(post(&gateway, "/v1/orders", &body).status, 204);
    let mut sent: Vec<Value> = stock
        .requests()
        .iter()
        .map(|one| serde_json::from_slice(&one.body).expect("JSON"))
        .collect();
    sent.sort_by_key(|one| one["amount"].as_u64());
    assert_eq!(sent.len(), 20);
    assert_eq!(
        (&sent[7]["sku"], &sent[7]["note"], &sent[7]["all"][19]),
        (&json!("s7"), &json!("n"), &json!({"sku": "s19"}))
    );
}

#[test]
fn a_missing_list_has_no_elements_and_results_go_on() {
    for (body, expected) in [
        ("{}", json!([])),
        (r#"{"lines":null}"#, json!([])),
        (r#"{"lines":[{"sku":"a"},{"sku":"b"}]}"#, json!([{"sku": "a", "left": [1]}, null])),
    ] {
        let carts = Backend::start().answer("GET", "/carts/7", 200, body).answer(
            "POST",
            "/done",
            200,
            r#"{"done":true}"#,
        );
        let stock = Backend::start().answer("GET", "/levels/a", 200, r#"{"sku":"a","left":[1]}"#);
        assert_eq!(fetch(&gateway(&carts, &stock), "/v1/sent/7"), json!({"done": true}));
        let requests = carts.requests();
        let sent = requests.iter().find(|one| one.method == "POST").expect("a request");
        let sent: Value = serde_json::from_slice(&sent.body).expect("JSON");
        assert_eq!(sent, json!({"levels": expected}), "{body}");
    }
}
