//! Values inside values: where they come from, and what becomes of them when a part is missing.

use gatewright_compiler::analyse;
use gatewright_compiler::source::Sources;
use gatewright_runtime::testing::{Answer, Backend, Gateway, Running, get};
use serde_json::{Value, json};

use crate::ask::{NOBODY, names, post, problem, value};
use crate::contracts::shapes::CONTRACT;

fn gateway(one: &str, two: &str) -> Running {
    Gateway::start(&CONTRACT, &[("ONE_URL", one), ("TWO_URL", two)])
}

/// What the gateway makes of one result. The backend has a path of the same name.
#[track_caller]
fn of(target: &str, result: &str) -> Answer {
    let path = target.split(['/', '?']).nth(2).unwrap_or_default();
    let one = Backend::start().answer("GET", &format!("/{path}"), 200, result);
    get(gateway(&one.url(), NOBODY).address(), target)
}

/// The text of an answer with status 200.
#[track_caller]
fn text(target: &str, result: &str) -> String {
    let answer = of(target, result);
    assert_eq!(answer.status, 200, "{target} {result}: {}", answer.text());
    answer.text()
}

#[test]
fn an_answer_may_be_any_value() {
    assert_eq!(text("/v1/text", r#"{"value":"a\"b"}"#), r#""a\"b""#);
    assert_eq!(text("/v1/whole", r#"{"value":[1, null]}"#), r#"{"value":[1, null]}"#);
    assert_eq!(text("/v1/whole", " null\n"), "null");
    assert_eq!(text("/v1/list", r#"{"list":[1,2]}"#), "[1,2]");
    assert_eq!(text("/v1/flag", r#"{"value":3.5}"#), "true");
    assert_eq!(text("/v1/template/7", "{}"), r#""id 7""#);
    assert_eq!(text("/v2/template/7", "{}"), r#""two 7""#);
    for target in ["/v1/text", "/v1/list", "/v1/flag"] {
        problem(&of(target, r#"{"value":null,"list":null}"#), 502, "gateway:backend-failed");
    }
}

#[test]
fn any_json_can_be_made_of_what_is_in_scope() {
    assert_eq!(
        text("/v1/made/7", r#"{"no":"a\"1","rows":[1,{"b":[]}],"size":3,"other":1}"#),
        concat!(
            r#"{"extra":{"id":7,"label":"no a\"1","all":["a\"1",{"open":true}]},"#,
            r#""rows":[[1,{"b":[]}],{"no":"a\"1"}]}"#,
        )
    );
    let null = text("/v1/made/7", r#"{"no":1,"rows":null,"size":1,"gone":null}"#);
    assert_eq!(
        null,
        concat!(
            r#"{"extra":{"id":7,"label":"no 1","gone":null,"all":[1,{"open":false}]},"#,
            r#""rows":[null,{"no":1}]}"#,
        )
    );
}

#[test]
fn a_record_may_have_nothing_in_it() {
    for (result, expected) in [
        ("{}", "{}"),
        (r#"{"a":null,"c":true}"#, r#"{"c":true}"#),
        (r#"{"b":1,"x":2}"#, r#"{"b":1}"#),
        (r#"{"c":false,"b":1,"a":"x"}"#, r#"{"a":"x","b":1,"c":false}"#),
    ] {
        assert_eq!(text("/v1/small", result), expected);
    }
}

#[test]
fn records_in_records_are_normalised_each_for_itself() {
    for (result, expected) in [
        (r#"{"last":1}"#, r#"{"second":null,"last":1}"#),
        (
            r#"{"first":null,"second":null,"third":null,"last":1}"#,
            r#"{"second":null,"third":null,"last":1}"#,
        ),
        (
            r#"{"first":{},"second":{"b":null},"third":{"c":true,"y":1},"last":1}"#,
            r#"{"first":{},"second":{},"third":{"c":true},"last":1}"#,
        ),
    ] {
        assert_eq!(text("/v1/outer", result), expected);
    }
    assert_eq!(text("/v1/optional", r#"{"inner":null}"#), r#"{"rest":1}"#);
    let inner = r#"{"inner":{"a":"x"}}"#;
    assert_eq!(text("/v1/optional", inner), r#"{"inner":{"a":"x","b":null},"rest":1}"#);
    for broken in [r#"{"inner":{}}"#, r#"{"inner":{"a":null}}"#, r#"{"inner":7}"#] {
        problem(&of("/v1/optional", broken), 502, "gateway:backend-failed");
    }
}

const ITEMS: &str = r#"{"items":[
    {"code":"a","count":7,"labels":["x","y"],"note":null,
     "parts":[{"name":"p","owner":{"name":"Ann","age":3}},{"name":"q","owner":{"name":"Bob"}}]},
    {"code":"b","count":6.9,"labels":[],"parts":[],"note":"n","secret":1},
    {"code":"c","count":8,"labels":["1"],"parts":[]},
    {"code":"d","count":8,"labels":["1"],"parts":[]}]}"#;

#[test]
fn lists_in_lists_see_their_element_and_what_is_around() {
    let expected = concat!(
        r#"[{"code":"a","label":"7-a","big":true,"tags":["x","y"],"#,
        r#""inner":[{"name":"p","of":"Ann"},{"name":"q","of":"Bob"}]},"#,
        r#"{"code":"b","label":"7-b","big":false,"tags":[],"inner":[],"note":"n"},"#,
        r#"{"code":"c","label":"7-c","big":true,"tags":["1"],"inner":[]}]"#,
    );
    assert_eq!(text("/v1/items/7", ITEMS), expected);
    let marked = text("/v1/items/7?mark=%22", ITEMS);
    assert!(marked.contains(r#""label":"7\"a""#), "{marked}");
    let first = text("/v2/items/7", ITEMS);
    let items: Value = serde_json::from_str(&first).expect("JSON");
    assert_eq!((items[0]["label"].as_str(), items.as_array().map(Vec::len)), (Some("a"), Some(4)));
}

#[test]
fn a_cut_is_made_where_it_is_written() {
    let long = ITEMS.replace(r#"["x","y"]"#, r#"["x","y","z"]"#);
    assert!(text("/v1/items/7", &long).contains(r#""tags":["x","y"],"#));
    problem(&of("/v2/items/7", &long), 502, "gateway:backend-failed");
}

#[test]
fn fields_of_elements_make_lists() {
    let result = r#"{"name":"n","items":[{"name":"a","inner":{"name":"A"}},
        {"name":"b","inner":{"name":"B"}},{"name":"c","inner":{"name":"C"}}]}"#;
    let expected = concat!(
        r#"{"names":["a","b","c"],"deep":["A","B","C"],"firsts":["a","b"],"#,
        r#""mixed":[{"a":"n"},{"a":"fixed"},{"a":"n!"}]}"#,
    );
    assert_eq!(text("/v1/flat", result), expected);
    let lacking = result.replace(r#","inner":{"name":"B"}"#, "");
    problem(&of("/v1/flat", &lacking), 502, "gateway:backend-failed");
}

#[test]
fn the_first_that_is_there_wins_wherever_it_goes() {
    let two = || {
        Backend::start()
            .answer("GET", "/y", 200, r#"{"id":"b","small":{"b":2},"text":"y"}"#)
            .answer("GET", "/z/a?pick=p", 200, r#"{"picked":"1"}"#)
            .answer("GET", "/z/b", 200, r#"{"picked":"2"}"#)
            .answer("GET", "/z/7?pick=q", 200, r#"{"picked":"3"}"#)
    };
    let x = r#"{"id":"a","small":{"a":"x"},"list":[{"a":"l"},{}],"text":null,"pick":"p"}"#;
    let (one, second) = (Backend::start().answer("GET", "/x", 200, x), two());
    let answer = get(gateway(&one.url(), &second.url()).address(), "/v1/either/7");
    let expected = json!({
        "small": {"a": "x"}, "list": [{"a": "l"}, {}], "text": "y", "picked": "1",
    });
    assert_eq!(value(&answer), expected);

    let (one, second) = (Backend::start().answer("GET", "/x", 200, r#"{"id":null}"#), two());
    let answer = get(gateway(&one.url(), &second.url()).address(), "/v1/either/7");
    let expected = json!({"small": {"b": 2}, "list": [{"b": 1}], "text": "y", "picked": "2"});
    assert_eq!(value(&answer), expected);
    let asked = second.requests().into_iter().find(|request| request.target == "/z/b");
    assert_eq!(asked.expect("it was asked").header("x-pick"), Some("none"));
}

#[test]
fn the_last_resort_is_what_is_written() {
    let two = Backend::start().answer("GET", "/z/7?pick=q", 200, r#"{"picked":"3"}"#);
    let answer = get(gateway(NOBODY, &two.url()).address(), "/v1/either/7?pick=q");
    let expected = json!({"small": {"a": "none"}, "list": [{"b": 1}], "text": "7", "picked": "3"});
    assert_eq!(value(&answer), expected);
    assert!(
        ["small", "list", "text"].iter().all(|field| names(&answer, "fallback").contains(field))
    );
}

#[test]
fn conditions_read_the_body_and_parameters() {
    for (body, query, made) in [
        (r#"{"count":3,"kind":"slow"}"#, "", vec![]),
        (r#"{"count":3.1e1,"kind":"slow"}"#, "", vec!["/a"]),
        (r#"{"count":-4,"kind":"fast"}"#, "?flag=false", vec!["/b"]),
        (r#"{"count":0,"kind":"slow"}"#, "?flag=true", vec!["/c"]),
        (r#"{"count":4,"kind":"f\u0061st","nick":""}"#, "?flag=true", vec!["/a", "/b", "/c", "/d"]),
    ] {
        let one = ["/a", "/b", "/c", "/d"]
            .into_iter()
            .fold(Backend::start(), |one, path| one.answer("GET", path, 200, r#"{"x":1}"#));
        let answer = post(&gateway(&one.url(), NOBODY), &format!("/v1/conditions{query}"), body);
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        let mut asked: Vec<_> = one.requests().into_iter().map(|request| request.target).collect();
        asked.sort_unstable();
        assert_eq!(asked, made, "{body}");
        let held = |name: &str| made.contains(&format!("/{name}").as_str());
        let expected = json!({"a": held("a"), "b": held("b"), "c": held("c"), "d": held("d")});
        assert_eq!(value(&answer), expected);
        assert_eq!(answer.header("fallback"), None);
    }
}

#[test]
fn every_failure_goes_the_way_that_is_written() {
    let failing = |status: u16, body: &str| {
        let one = Backend::start().answer("GET", "/failing", status, body);
        get(gateway(&one.url(), NOBODY).address(), "/v1/failing")
    };
    assert_eq!(failing(200, r#"{"value":1}"#).text(), r#"{"value":1}"#);
    let null = failing(404, "{}");
    assert_eq!(
        (null.text().as_str(), null.header("fallback")),
        (r#"{"value":null}"#, Some("value"))
    );
    problem(&failing(500, "{}"), 404, "shapes:not-found");
    problem(&failing(200, r#"{"value":"1"}"#), 404, "shapes:not-found");
    let fixed = problem(&failing(400, ""), 409, "shapes:broken");
    assert_eq!((&fixed["parts"], fixed.get("cause")), (&json!([{"name": "fixed"}]), None));
    let body = r#"{"parts":[{"title":"a","size":1,"x":2},{"title":"b"}],"cause":{"code":3,"y":4}}"#;
    let made = problem(&failing(409, body), 409, "shapes:broken");
    assert_eq!(made["parts"], json!([{"name": "a", "size": 1}, {"name": "b"}]));
    assert_eq!(made["cause"], json!({"code": 3}));
}

#[test]
fn parts_of_a_body_go_where_they_are_named() {
    for (body, target, sent) in [
        (r#"{"lines":[]}"#, "/orders", json!({"skus": [], "lines": [], "rush": false})),
        (
            r#"{"owner":{"name":"Ann","address":{"city":"K&K"}},"lines":[{"sku":"a"}],"kind":"B"}"#,
            "/orders?city=K%26K&kind=B",
            json!({
                "who": {"name": "Ann", "address": {"city": "K&K"}}, "city": "K&K", "skus": ["a"],
                "lines": [{"id": "a"}], "kind": "B", "rush": false,
            }),
        ),
        (
            r#"{"owner":{"name":"Ann","mail":"m"},"lines":[{"sku":"a","parts":[1,2]}],"kind":"a"}"#,
            "/orders?mail=m&kind=a",
            json!({
                "who": {"name": "Ann", "mail": "m"}, "skus": ["a"],
                "lines": [{"id": "a", "parts": [1, 2]}], "kind": "a", "rush": true,
            }),
        ),
    ] {
        let one = Backend::start().answer("POST", target, 200, r#"{"owner":{"name":"Eve","x":1}}"#);
        let answer = post(&gateway(&one.url(), NOBODY), "/v1/orders", body);
        let requests = one.requests();
        assert_eq!(requests[0].target, target);
        let found: Value = serde_json::from_slice(&requests[0].body).expect("JSON");
        assert_eq!(found, sent);
        let mut expected: Value = serde_json::from_str(body).expect("JSON");
        expected["owner"] = json!({"name": "Eve"});
        assert_eq!(value(&answer), expected);
    }
}

#[test]
fn a_rename_goes_on_through_versions() {
    let result = r#"{"a":"x","b":1,"c":true,"d":2,"alpha":"no","omega":"no"}"#;
    assert_eq!(text("/v1/small", result), r#"{"a":"x","b":1,"c":true}"#);
    assert_eq!(text("/v2/small", result), r#"{"alpha":"x","b":1,"d":2}"#);
    assert_eq!(text("/v3/small", result), r#"{"omega":"x","b":1,"d":2}"#);
    let nested = r#"{"first":{"a":"x"},"second":null,"last":1}"#;
    let expected = r#"{"first":{"omega":"x"},"second":null,"last":1}"#;
    assert_eq!(text("/v3/outer", nested), expected);
    problem(&of("/v3/template/7", "{}"), 404, "gateway:no-route");
}

#[test]
fn a_rename_reaches_what_is_written_out() {
    let contract = r#"
        api shapes {}
        backend one at env ONE_URL { timeout 1s }
        type Small { a?: text }
        version 1 {
          GET /x -> { small: Small } {
            public
            x = one GET /x
            return { small: x.small or { a: "none" } }
          }
        }
        version 2 from 1 { rename Small.a to alpha }
    "#;
    let mut sources = Sources::new();
    sources.add("shapes.api", contract);
    let findings = analyse(&sources).diagnostics;
    assert!(findings.is_empty(), "{findings:#?}");
}
