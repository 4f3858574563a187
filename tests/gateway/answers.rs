//! How answers are made of results, and bodies of what is sent on.

use gatewright_runtime::testing::{Answer, Backend, Gateway, Running, get, send};
use serde_json::{Value, json};

use crate::ask::{JSON, NOBODY, fetch, post, problem, value};
use crate::contracts::answers::CONTRACT;

fn gateway(people: &str, orders: &str) -> Running {
    Gateway::start(&CONTRACT, &[("PEOPLE_URL", people), ("ORDERS_URL", orders)])
}

/// What the gateway makes of one result of the people backend.
#[track_caller]
fn answer(target: &str, backend: &str, result: &str) -> Answer {
    let people = Backend::start().answer("GET", backend, 200, result);
    get(gateway(&people.url(), NOBODY).address(), target)
}

/// The body of the first request that a backend received.
#[track_caller]
fn sent(backend: &Backend) -> Value {
    let request = backend.requests().first().cloned().expect("it was asked");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("content-length"), Some(request.body.len().to_string().as_str()));
    serde_json::from_slice(&request.body).expect("JSON")
}

const PERSON: &str = r#"{
    "id": 7, "given": "Ann", "family": "O'\"Hara", "mail": null, "password": "s3cret", "age": 30,
    "address": {"street": "Main St", "city": "Köln", "door": "s3cret"},
    "contacts": [
        {"name": "Bob", "since": 2020, "phone": "s3cret", "home": {"street": "A", "town": "B", "c": 1}},
        {"name": "\u0043arl", "since": null}
    ]
}"#;

#[test]
fn a_result_is_projected_renamed_and_nested() {
    let people = Backend::start().answer("GET", "/people/7", 200, PERSON).answer(
        "GET",
        "/roles/7",
        200,
        r#"{"list":[{"name":"a","x":1},{"name":"b"}],"more":0}"#,
    );
    let gateway = gateway(&people.url(), NOBODY);
    let expected = json!({
        "id": 7, "full_name": "Ann O'\"Hara", "home": {"street": "Main St", "town": "Köln"},
        "friends": [
            {"nick": "Bob", "since": 2020, "home": {"street": "A", "town": "B"}},
            {"nick": "Carl"},
        ],
        "roles": ["a", "b"],
    });
    assert_eq!(fetch(&gateway, "/v1/people/7"), expected);
}

#[test]
fn records_and_lists_are_made_anew() {
    let result = r#"{"name":"Ann","address":{"city":"Köln"},"contacts":[
        {"name":"a"},{"name":"b","since":1},{"name":"c"}],
        "accounts":[{"balance":{"value":0.10,"unit":"EUR"}},{"balance":{"value":-7,"unit":"USD"}}]}"#;
    let expected = concat!(
        r#"{"who":{"name":"Ann","at":{"town":"Köln"}},"#,
        r#""first":[{"nick":"a"},{"nick":"b","since":1}],"#,
        r#""all":[{"amount":0.10,"currency":"EUR"},{"amount":-7,"currency":"USD"}],"empty":[]}"#,
    );
    assert_eq!(answer("/v1/nested/7", "/people/7", result).text(), expected);
}

#[test]
fn elements_beyond_a_cut_are_not_looked_at() {
    let result = |third: &str| {
        format!(
            r#"{{"name":"Ann","address":{{"city":"K"}},"contacts":[{{"name":"a"}},{{"name":"b"}},{third}],"accounts":[]}}"#
        )
    };
    assert_eq!(answer("/v1/nested/7", "/people/7", &result(r#"{"name":7}"#)).status, 200);
    let broken = answer("/v1/nested/7", "/people/7", &result("{"));
    problem(&broken, 502, "gateway:backend-failed");
}

#[test]
fn a_promise_about_what_is_made_is_kept_or_the_answer_is_502() {
    let result = |unit: &str| {
        format!(
            r#"{{"name":"A","address":{{"city":"K"}},"contacts":[],"accounts":[{{"balance":{{"value":1,"unit":"{unit}"}}}}]}}"#
        )
    };
    assert_eq!(answer("/v1/nested/7", "/people/7", &result("EUR")).status, 200);
    let long = answer("/v1/nested/7", "/people/7", &result("EURO"));
    problem(&long, 502, "gateway:backend-failed");
}

#[test]
fn a_list_can_be_the_whole_answer() {
    let result = r#"[{"code":"a","name":"x\"y","count":11,"price":1.50},
        {"code":7,"name":true,"count":10,"price":0}]"#;
    let expected = concat!(
        r#"[{"label":"a: x\"y","big":true,"money":{"amount":1.50,"currency":"EUR"}},"#,
        r#"{"label":"7: true","big":false,"money":{"amount":0,"currency":"EUR"}}]"#,
    );
    assert_eq!(answer("/v1/list", "/list", result).text(), expected);
    assert_eq!(answer("/v1/list", "/list", "[]").text(), "[]");
}

#[test]
fn numbers_are_compared_by_value_and_texts_by_characters() {
    let one = |number: &str, price: &str, name: &str, nick: &str| {
        let result =
            format!(r#"{{"number":{number},"price":{price},"name":"{name}","nick":{nick}}}"#);
        value(&answer("/v1/compare/10?name=Ann", "/one", &result))
    };
    let equal = json!({
        "eq": true, "ne": false, "lt": false, "le": true, "gt": false, "ge": true, "exact": true,
        "same": true, "other": false, "null": true, "there": false,
    });
    assert_eq!(one("10", "0.3", "Ann", "null"), equal);
    assert_eq!(one("1.0e1", "0.300", "\\u0041nn", "null"), equal);
    let greater = json!({
        "eq": false, "ne": true, "lt": false, "le": false, "gt": true, "ge": true, "exact": false,
        "same": false, "other": true, "null": false, "there": true,
    });
    assert_eq!(one("10.000000000000000000001", "0.30000000000000001", "Ann ", "\"\""), greater);
    let less = one("-11", "3e-2", "ann", "\"null\"");
    assert_eq!(
        (&less["lt"], &less["le"], &less["gt"]),
        (&json!(true), &json!(true), &json!(false))
    );
}

#[test]
fn a_comparison_with_what_is_absent_does_not_hold() {
    let result = r#"{"number":1,"price":1,"name":"Ann"}"#;
    let found = value(&answer("/v1/compare/10", "/one", result));
    assert_eq!((&found["same"], &found["null"]), (&json!(false), &json!(true)));
    let without = answer("/v1/compare/10", "/one", r#"{"price":1,"name":"Ann"}"#);
    problem(&without, 502, "gateway:backend-failed");
}

#[test]
fn or_takes_the_first_that_is_there() {
    for (result, query, expected) in [
        (
            r#"{"nick":"n","name":"m","count":5,"list":[1]}"#,
            "?given=g",
            json!({"a": "n", "b": 5, "c": [1], "d": "n", "e": "n"}),
        ),
        (
            r#"{"nick":null,"name":"m","list":[]}"#,
            "?given=g",
            json!({"a": "m", "b": 7, "c": [], "d": "g", "e": "g"}),
        ),
        (
            r#"{"name":null,"count":null,"list":null}"#,
            "?given=g",
            json!({"a": "g", "b": 7, "c": [7, 8], "d": "g", "e": "g"}),
        ),
        ("{}", "", json!({"a": "nobody", "b": 7, "c": [7, 8], "d": null})),
        (r#"{"nick":""}"#, "", json!({"a": "", "b": 7, "c": [7, 8], "d": "", "e": ""})),
    ] {
        let found = answer(&format!("/v1/or/7{query}"), "/one", result);
        assert_eq!(value(&found), expected, "{result}{query}");
    }
}

#[test]
fn templates_hold_any_scalar_and_stay_one_text() {
    let result = r#"{"name":"A\"\\\n\u00e9","price":1.50,"flag":true,"number":1e2}"#;
    let found = value(&answer("/v1/templates/7", "/one", result));
    let name = "A\"\\\né";
    assert_eq!(found["words"], json!(["a", name, format!("{name}!"), "7", "1.50", "true"]));
    let line = found["line"].as_str().unwrap_or_default();
    assert!(line.starts_with("\"A\"\\\né\" \\ 1") && line.ends_with('\n'), "{line:?}");
    for lacking in [r#"{"name":null,"price":1,"flag":true,"number":1}"#, r#"{"name":"a"}"#] {
        let answer = answer("/v1/templates/7", "/one", lacking);
        problem(&answer, 502, "gateway:backend-failed");
    }
}

const ORDER: &str = r#"{"items":[{"sku":"a","quantity":2},{"sku":"b\n","quantity":9,"gift":true}],
    "price":100.10,"extra":{"any":[1.0, null]}}"#;

fn shop() -> Backend {
    Backend::start().answer("POST", "/quotes", 200, r#"{"id":"q1","version":3}"#).answer(
        "POST",
        "/orders",
        201,
        r#"{"id":"o_1","note":"not asked for"}"#,
    )
}

#[test]
fn a_sent_body_is_built_and_drops_what_is_absent() {
    let orders = shop();
    let gateway = gateway(NOBODY, &orders.url());
    assert_eq!(post(&gateway, "/v1/orders", ORDER).status, 201);
    let expected = json!({
        "lines": [
            {"code": "a", "sku": "a", "quantity": 2},
            {"code": "b\n", "sku": "b\n", "quantity": 9, "gift": true},
        ],
        "first": [{"sku": "a"}],
        "label": "100.10 EUR",
        "rich": true,
        "fixed": [1, "two", true, null],
    });
    let mut sent = sent(&orders);
    // Whether `...` repeats what was renamed is no concern of this test.
    for line in sent["lines"].as_array_mut().into_iter().flatten() {
        line["sku"] = line["code"].clone();
    }
    assert_eq!(sent, expected);
}

#[test]
fn a_sent_body_has_what_is_present() {
    let orders = shop();
    let gateway = gateway(NOBODY, &orders.url());
    let order = ORDER.replace(r#""price""#, r#""note":"","coupon":"c","price""#);
    assert_eq!(post(&gateway, "/v1/orders?dry=false", &order).status, 201);
    let sent = sent(&orders);
    let found = (&sent["note"], &sent["coupon"], &sent["dry"]);
    assert_eq!(found, (&json!(""), &json!("c"), &json!(false)));
}

#[test]
fn a_whole_body_is_passed_on_as_it_came() {
    let orders = shop();
    let gateway = gateway(NOBODY, &orders.url());
    assert_eq!(post(&gateway, "/v1/orders", ORDER).status, 201);
    let order = orders.requests().get(1).cloned().expect("it was asked twice");
    let same: Value = serde_json::from_str(ORDER).expect("JSON");
    assert_eq!(serde_json::from_slice::<Value>(&order.body).expect("JSON"), same);
    let text = String::from_utf8_lossy(&order.body).into_owned();
    assert!(text.contains("100.10") && text.contains("1.0"), "{text}");
    assert_eq!(order.header("x-quote"), Some("q1/3"));
}

#[test]
fn an_answer_has_its_status_its_fields_and_its_header() {
    let orders = shop();
    let gateway = gateway(NOBODY, &orders.url());
    let answer = post(&gateway, "/v1/orders", ORDER);
    assert_eq!(answer.status, 201);
    assert_eq!(answer.text(), r#"{"id":"o_1","quantities":[2,9],"price":100.10}"#);
    assert_eq!(answer.header("location"), Some("/v1/orders/o_1"));
    assert_eq!(answer.header("x-note"), Some("none"));
    let noted = ORDER.replace(r#""price""#, r#""note":"n","price""#);
    assert_eq!(post(&gateway, "/v1/orders", &noted).header("x-note"), Some("n"));
}

#[test]
fn a_declared_error_is_made_of_the_backends_body() {
    let body =
        r#"{"missing":["a","b"],"first":null,"text":"t","who":{"name":"Ann","age":1},"x":1}"#;
    let orders = Backend::start().answer("POST", "/quotes", 409, body);
    let gateway = gateway(NOBODY, &orders.url());
    let document = problem(&post(&gateway, "/v1/orders", ORDER), 409, "answers:taken");
    let expected = json!({
        "type": "urn:problem:answers:taken", "title": "Somebody was faster", "status": 409,
        "instance": document["instance"], "ids": ["a", "b"], "first": "none", "note": "t",
        "count": 3, "who": {"name": "Ann"},
    });
    assert_eq!(document, expected);
    assert_eq!(orders.requests().len(), 1, "nothing was ordered");
}

#[test]
fn a_declared_error_without_members_needs_no_body() {
    let orders = Backend::start().answer("POST", "/quotes", 423, "no json");
    let gateway = gateway(NOBODY, &orders.url());
    let document = problem(&post(&gateway, "/v1/orders", ORDER), 423, "answers:closed");
    assert_eq!(document["title"], "Not today");
}

#[test]
fn the_body_can_be_spread_into_an_answer() {
    let orders = Backend::start().answer("POST", "/things", 200, r#"{"id":5,"name":"other"}"#);
    let gateway = gateway(NOBODY, &orders.url());
    let answer = post(&gateway, "/v1/spread", r#"{"tags":["x"],"name":"a"}"#);
    assert_eq!(answer.text(), r#"{"name":"a","tags":["x"],"id":5}"#);
    assert_eq!(sent(&orders), json!({"name": "a", "tags": ["x"], "kind": "thing"}));
}

#[test]
fn an_answer_without_a_body_has_none() {
    let orders = Backend::start().answer("PUT", "/things/7", 200, "ignored, and no json");
    let gateway = gateway(NOBODY, &orders.url());
    let put = |body: &[u8]| send(gateway.address(), "PUT", "/v1/things/7", &[JSON], body);
    let answer = put(br#"{"name":"a"}"#);
    assert_eq!((answer.status, answer.header("content-type")), (204, None));
    assert_eq!(sent(&orders), json!({"name": "a"}));
    assert_eq!(put(b"").status, 204);
    let absent = orders.requests().get(1).cloned().expect("it was asked twice");
    assert_eq!((absent.body.len(), absent.header("content-type")), (0, None));
}

#[test]
fn a_list_can_be_passed_on_and_a_declared_status_is_used() {
    let orders = Backend::start().answer("POST", "/tags", 200, r#"{"count":2}"#);
    let gateway = gateway(NOBODY, &orders.url());
    let answer = post(&gateway, "/v1/tags", r#"["a", "b"]"#);
    assert_eq!((answer.status, answer.text().as_str()), (202, r#"{"count":2}"#));
    assert_eq!(sent(&orders), json!(["a", "b"]));
}
