//! Several kinds of success, and header fields of answers with types.

use gatewright_runtime::testing::{Answer, Backend, Gateway, Running, get, send};
use serde_json::json;

use crate::ask::{NOBODY, post, problem, value};
use crate::contracts::statuses::CONTRACT;

fn gateway(orders: &str, stock: &str) -> Running {
    Gateway::start(&CONTRACT, &[("ORDERS_URL", orders), ("STOCK_URL", stock)])
}

/// What the gateway answers when the orders backend gives this for `backend`.
#[track_caller]
fn answer(target: &str, backend: &str, status: u16, result: &str) -> Answer {
    let orders = Backend::start().answer("GET", backend, status, result);
    get(gateway(&orders.url(), NOBODY).address(), target)
}

/// What becomes of an order that the backend answers with `result`.
#[track_caller]
fn ordered(result: &str) -> Answer {
    let orders = Backend::start().answer("POST", "/orders", 200, result);
    post(&gateway(&orders.url(), NOBODY), "/v1/orders", r#"{"sku":"s"}"#)
}

const READY: &str = r#"{"id":"o1","pending":false,"total":12.50,"state":"new","lines":[{"sku":"s","n":1}],"count":1}"#;
const WAITS: &str = r#"{"id":"o1","pending":true,"position":3,"reason":null}"#;

#[test]
fn the_first_answer_whose_condition_holds_is_given() {
    let ready = ordered(READY);
    assert_eq!(
        (ready.status, ready.text().as_str()),
        (201, r#"{"id":"o1","total":12.50,"state":"new","lines":[{"sku":"s"}]}"#)
    );
    let waits = ordered(WAITS);
    assert_eq!((waits.status, value(&waits)), (202, json!({"id": "o1", "position": 3})));
    for (n, status, size) in
        [(101, 202, "large"), (100, 203, "medium"), (11, 203, "medium"), (10, 200, "small")]
    {
        let answer = get(gateway(NOBODY, NOBODY).address(), &format!("/v1/size/{n}"));
        assert_eq!((answer.status, value(&answer)), (status, json!({"size": size})), "{n}");
    }
    let quick = get(gateway(NOBODY, NOBODY).address(), "/v1/size/1?quick=true");
    assert_eq!((quick.status, value(&quick)), (203, json!({"size": "quick"})));
}

#[test]
fn what_only_one_answer_needs_may_be_missing_for_the_others() {
    // `position` is missing where the order is ready, `total` where it waits; where they are
    // needed and missing, nothing half made is answered.
    assert_eq!(ordered(READY).status, 201);
    assert_eq!(ordered(WAITS).status, 202);
    for broken in [
        r#"{"id":"o1","pending":true}"#,
        r#"{"id":"o1","pending":true,"position":null}"#,
        r#"{"id":"o1","pending":false,"state":"new","lines":[]}"#,
        r#"{"id":"o1","pending":false,"total":1,"state":null,"lines":[]}"#,
    ] {
        problem(&ordered(broken), 502, "gateway:backend-failed");
    }
}

#[test]
fn what_is_there_keeps_its_type_whichever_answer_is_given() {
    for broken in [
        r#"{"id":"o1","pending":true,"position":0}"#,
        r#"{"id":"o1","pending":true,"position":3,"total":"12"}"#,
        r#"{"id":"o1","pending":true,"position":3,"lines":[{"sku":7}]}"#,
        r#"{"id":"o1","pending":"yes","position":3}"#,
        r#"{"id":"o1","position":3}"#,
        r#"{"pending":true,"position":3}"#,
    ] {
        problem(&ordered(broken), 502, "gateway:backend-failed");
    }
}

const ORDER: &str = r#"{"id":"o1","total":1,"state":"new","lines":[]}"#;

#[test]
fn a_result_that_is_null_can_be_an_answer_of_its_own() {
    let there = answer("/v1/next", "/next", 200, ORDER);
    assert_eq!((there.status, there.text().as_str()), (200, ORDER));
    let gone = answer("/v1/next", "/next", 404, "");
    assert_eq!((gone.status, gone.body.len(), gone.header("content-type")), (204, 0, None));
    problem(&answer("/v1/next", "/next", 410, ""), 404, "statuses:not-found");
    problem(&answer("/v1/next", "/next", 500, ""), 502, "gateway:backend-failed");
    assert_eq!(answer("/v1/last", "/last", 200, ORDER).text(), ORDER);
    assert_eq!(answer("/v1/last", "/last", 500, "").status, 204);
}

#[test]
fn head_follows_the_answer_that_get_would_be_given() {
    let orders = Backend::start().answer("GET", "/next", 200, ORDER);
    let gateway = gateway(&orders.url(), NOBODY);
    let head = send(gateway.address(), "HEAD", "/v1/next", &[], b"");
    let length = ORDER.len().to_string();
    assert_eq!(
        (head.status, head.body.len(), head.header("content-length")),
        (200, 0, Some(length.as_str()))
    );
    let options = send(gateway.address(), "OPTIONS", "/v1/next", &[], b"");
    assert_eq!((options.status, options.header("allow")), (204, Some("GET, HEAD, OPTIONS")));
}

#[test]
fn one_status_can_be_made_in_two_ways() {
    let price = |level: &str| {
        let orders =
            Backend::start().answer("GET", "/prices/a", 200, r#"{"normal":2.50,"reduced":1.00}"#);
        let stock = Backend::start().answer("GET", "/levels/a", 200, level);
        get(gateway(&orders.url(), &stock.url()).address(), "/v1/price/a")
    };
    let sale = price(r#"{"count":3,"sale":true}"#);
    assert_eq!(sale.text(), r#"{"price":1.00,"from":"sale","stock":3}"#);
    let list = price(r#"{"count":3,"sale":false}"#);
    assert_eq!(list.text(), r#"{"price":2.50,"from":"list","stock":3}"#);
}

#[test]
fn an_answer_that_a_stand_in_decides_says_so_and_is_not_stored() {
    let orders =
        Backend::start().answer("GET", "/prices/a", 200, r#"{"normal":2.50,"reduced":1.00}"#);
    let gateway = gateway(&orders.url(), NOBODY);
    let price = get(gateway.address(), "/v1/price/a");
    assert_eq!(price.text(), r#"{"price":2.50,"from":"list","stock":0}"#);
    assert_eq!(price.header("fallback"), Some("price, from, stock"));
    assert_eq!(price.header("cache-control"), Some("no-store"));
    // A list has no fields to name.
    let list = get(gateway.address(), "/v1/skus");
    assert_eq!((list.status, list.text().as_str()), (200, r#"["none"]"#));
    assert_eq!(
        (list.header("fallback"), list.header("cache-control")),
        (Some("*"), Some("no-store"))
    );
    let next = get(gateway.address(), "/v1/last");
    assert_eq!((next.status, next.header("fallback")), (204, Some("*")));
}

fn headers(result: &str) -> Answer {
    answer("/v1/headers", "/headers", 200, result)
}

#[test]
fn a_typed_header_is_written_plainly() {
    let all = headers(r#"{"count":1e1,"price":1.50,"state":"open","name":"A b","kind":"huge"}"#);
    assert_eq!(all.status, 204, "{}", all.text());
    let found = ["x-count", "x-price", "x-open", "x-name", "x-kind"].map(|name| all.header(name));
    assert_eq!(found, [Some("10"), Some("1.50"), Some("true"), Some("A b"), Some("small")]);
    let few = headers(r#"{"count":1.0,"price":0,"state":"","name":null}"#);
    let found = ["x-count", "x-price", "x-open", "x-name", "x-kind"].map(|name| few.header(name));
    assert_eq!(found, [Some("1"), Some("0"), Some("false"), None, Some("small")]);
}

#[test]
fn a_typed_header_keeps_its_type() {
    for broken in [
        r#"{"count":101,"price":1,"state":"","name":"a"}"#,
        r#"{"count":1.5,"price":1,"state":"","name":"a"}"#,
        r#"{"price":1,"state":"","name":"a"}"#,
        r#"{"count":1,"price":1.234,"state":"","name":"a"}"#,
        r#"{"count":1,"price":1,"state":"","name":""}"#,
        r#"{"count":1,"price":1,"state":"","name":"a\r\nX-B: 1"}"#,
        r#"{"count":1,"price":1,"state":"","name":"a\nb"}"#,
        r#"{"count":1,"price":1,"state":"","name":"a "}"#,
    ] {
        let answer = headers(broken);
        problem(&answer, 502, "gateway:backend-failed");
        assert_eq!(answer.header("x-b"), None);
    }
}

#[test]
fn every_answer_has_the_reply_headers() {
    let ready = ordered(READY);
    let waits = ordered(WAITS);
    for answer in [&ready, &waits] {
        assert_eq!(answer.header("location"), Some("/v1/orders/o1"));
    }
    assert_eq!((ready.header("x-lines"), waits.header("x-lines")), (Some("1"), None));
    let smuggled = ordered(&READY.replace("o1", r"o1\r\nX-B: 1"));
    problem(&smuggled, 502, "gateway:backend-failed");
    assert_eq!((smuggled.header("location"), smuggled.header("x-b")), (None, None));
}

#[test]
fn a_version_edits_answers_status_by_status() {
    let orders = Backend::start()
        .answer("POST", "/orders", 200, WAITS)
        .answer("GET", "/next", 200, ORDER)
        .answer("GET", "/prices/a", 200, r#"{"normal":2.50}"#);
    let stock = Backend::start().answer("GET", "/levels/a", 200, r#"{"count":3,"sale":true}"#);
    let gateway = gateway(&orders.url(), &stock.url());
    let waits = post(&gateway, "/v2/orders", r#"{"sku":"s"}"#);
    let expected = json!({"id": "o1", "position": 3, "reason": "you are number 3"});
    assert_eq!((waits.status, value(&waits)), (202, expected));
    let next = get(gateway.address(), "/v2/next");
    assert_eq!((next.status, next.text()), (200, ORDER.replace("new", "next")));
    // Where several are of one status, the edit's take the place of all.
    let medium = get(gateway.address(), "/v2/size/50");
    assert_eq!((medium.status, value(&medium)), (200, json!({"size": "small"})));
    let quick = get(gateway.address(), "/v2/size/50?quick=true");
    assert_eq!((quick.status, value(&quick)), (203, json!({"size": "some"})));
    let price = get(gateway.address(), "/v2/price/a");
    assert_eq!(price.text(), r#"{"price":2.50,"from":"always","stock":3}"#);
}
