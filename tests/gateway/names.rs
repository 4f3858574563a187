//! Names that mean something in Rust or in generated code mean nothing here.

use gatewright_runtime::testing::{Backend, Gateway, Running, get, send};
use serde_json::json;

use crate::ask::{fetch, post, problem, value, violations};
use crate::contracts::names::CONTRACT;

fn gateway(crate_: &Backend, self_: &Backend) -> Running {
    Gateway::start(&CONTRACT, &[("CRATE_URL", &crate_.url()), ("SELF_URL", &self_.url())])
}

fn gateway_alone() -> Running {
    gateway(&Backend::start(), &Backend::start())
}

#[test]
fn keywords_are_names_like_any_other() {
    let target = "/type/a%2Fb?in=c&self=d&match=7";
    let backend = Backend::start().answer("GET", target, 200, r#"{"loop":"e"}"#);
    let gateway = gateway(&Backend::start(), &backend);
    let asked = "/v1/keywords/a%2Fb/7?in=c&async=true";
    let answer = send(gateway.address(), "GET", asked, &[("Self", "d")], b"");
    let expected =
        json!({"type": "a/b", "match": 7, "in": "c", "self": "d", "async": true, "out": "e"});
    assert_eq!(value(&answer), expected);
    assert_eq!(backend.requests()[0].header("x-log"), Some("none"));
    let answer = send(gateway.address(), "GET", "/v1/keywords/a/x", &[], b"");
    assert_eq!(violations(&answer), ["path match", "query in", "header self"]);
}

#[test]
fn what_generated_code_calls_its_own_is_free_to_use() {
    let one = Backend::start()
        .answer("GET", "/call/r?rt=1&types=2&errors=3&upstreams=4", 200, r#"{"value":"v"}"#)
        .answer("GET", "/out/g", 500, "{}")
        .answer("GET", "/value/v", 200, r#"{"value":"w"}"#)
        .answer("GET", "/value/v", 404, r#"{"error":"e"}"#);
    let two = Backend::start().answer("GET", "/result/v", 200, r#"{"result":"x"}"#).answer(
        "GET",
        "/body",
        200,
        r#"{"body":"y"}"#,
    );
    let gateway = gateway(&one, &two);
    let target = "/v1/locals/r/g?violations=v&rt=1&types=2&errors=3&upstreams=4";
    let expected = json!({
        "call": "v", "out": "out", "value": "w", "result": "x", "failure": "none", "body": "y",
        "violations": "v",
    });
    assert_eq!(fetch(&gateway, target), expected);
    let result = two.requests().into_iter().find(|request| request.target == "/result/v");
    assert_eq!(result.expect("it was asked").header("x-value"), Some("r/g"));
    let document = problem(&get(gateway.address(), target), 409, "names:some");
    assert_eq!((&document["ok"], &document["match"]), (&json!("e"), &json!(1)));
    assert_eq!(document.get("err"), None);
}

#[test]
fn paths_that_would_be_one_name_are_different_paths() {
    let gateway = gateway_alone();
    let targets = ["a-b", "a_b", "a/b", "a.b", "A/b", "get", "routes", "types", "1"];
    for at in targets {
        assert_eq!(fetch(&gateway, &format!("/v1/{at}")), json!({"at": at}));
    }
    assert_eq!(fetch(&gateway, "/v1/%C3%A9"), json!({"at": "é"}));
}

#[test]
fn fields_and_types_may_have_any_name() {
    let vec = r#"{"fn":1,"let":"a","a-b":"b","é":true,"":2,"type":"Self","r":3}"#;
    let backend = Backend::start()
        .answer("POST", "/vec", 200, vec)
        .answer("POST", "/vec", 404, "{}")
        .answer(
            "GET",
            "/slots",
            200,
            r#"{"slot":1,"slot_slot":2,"Slot":3,"r_slot":4,"raw":[5],"key":[{"key":6,"reader":[7]}]}"#,
        );
    let gateway = gateway(&backend, &Backend::start());
    assert_eq!(post(&gateway, "/v1/vec", vec).text(), vec);
    problem(&post(&gateway, "/v1/vec", vec), 404, "names:error");
    let boxed = r#"{"Self":["a"],"String":"b","Result":{"Ok":true}}"#;
    assert_eq!(post(&gateway, "/v1/box", boxed).text(), boxed);
    let expected = json!({
        "slot": 1, "slot_slot": 2, "Slot": 3, "r_slot": 4, "raw": [5],
        "key": [{"key": 6, "reader": [7]}],
    });
    assert_eq!(fetch(&gateway, "/v1/slots"), expected);
    let answer = post(&gateway, "/v1/vec", r#"{"type":"self","":"x"}"#);
    let expected = ["body /type", "body /", "body /fn", "body /a-b", "body /é", "body /r"];
    let mut found = violations(&answer);
    let mut expected = expected.map(str::to_owned);
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}
