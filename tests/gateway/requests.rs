//! Requests that are wrong outside their body, and those that are not.

use gatewright_runtime::testing::{Answer, Client, Gateway, Running, get, send};
use serde_json::json;

use crate::ask::{fetch, problem, violations};
use crate::contracts::requests::CONTRACT;

const TRACE: &str = "0b9f3c52-6d1c-4b2e-8a44-5f2f9d6c0001";

fn gateway() -> Running {
    Gateway::start(&CONTRACT, &[])
}

/// Asks with a good query and something more.
#[track_caller]
fn search(gateway: &Running, more: &str) -> Answer {
    get(gateway.address(), &format!("/v1/search?q=tea&id=1{more}"))
}

#[test]
fn defaults_stand_in_for_what_is_left_out() {
    let expected = json!({
        "q": "tea", "tags": [], "ids": [1], "deep": false, "limit": 10, "sort": "relevance",
    });
    assert_eq!(fetch(&gateway(), "/v1/search?q=tea&id=1"), expected);
}

#[test]
fn every_kind_of_value_arrives() {
    let target = "/v1/search?q=tea+%26%20%C3%A9&tag=a&tag=b%2Cc&id=7&id=99&deep=true&exact=false\
        &limit=100&ratio=0.25&sort=NEW&since=2026-02-28&price=59.90";
    let answer = get(gateway().address(), target);
    let expected = concat!(
        r#"{"q":"tea & é","tags":["a","b,c"],"ids":[7,99],"deep":true,"exact":false,"#,
        r#""limit":100,"ratio":0.25,"sort":"NEW","since":"2026-02-28","price":59.90}"#,
    );
    assert_eq!(answer.text(), expected);
}

#[test]
fn an_empty_text_is_not_an_absent_one() {
    let gateway = gateway();
    assert_eq!(fetch(&gateway, "/v1/tolerant"), json!({}));
    for empty in ["?q=", "?q", "?&q=&"] {
        assert_eq!(fetch(&gateway, &format!("/v1/tolerant{empty}")), json!({"q": ""}), "{empty}");
    }
    for target in ["/v1/search?q=&id=1", "/v1/search?q&id=1"] {
        assert_eq!(violations(&get(gateway.address(), target)), ["query q"]);
    }
}

#[test]
fn a_value_out_of_bounds_is_named_and_never_repeated() {
    let gateway = gateway();
    for (name, wrong) in [
        ("tag", vec!["", "sixsix", "a&tag=b&tag=c&tag=d"]),
        ("id", vec!["0", "100", "1", "x", "2&id=3"]),
        ("deep", vec!["", "TRUE", "1", "yes", "true+", "null"]),
        ("exact", vec!["", "on", "0"]),
        ("limit", vec!["", "0", "101", "1.5", "+5", "%2B5", "5+", "0x5", "007", "NaN", "%D9%A3"]),
        ("ratio", vec!["0", "-0", "-1", "1.01", "1e999", "Infinity", "1,5"]),
        ("sort", vec!["", "newest", "new", "RELEVANCE", "relevance+"]),
        ("since", vec!["", "2026-02-29", "2026-2-1", "26-02-01", "2026-02-01T00:00:00Z"]),
        ("price", vec!["", "1.005", "1234567.00", "5e-3", "1e6", "EUR"]),
    ] {
        for value in wrong {
            let answer = search(&gateway, &format!("&{name}={value}"));
            let found = violations(&answer);
            let expected = format!("query {name}");
            assert!(!found.is_empty(), "{name}={value} is accepted");
            assert!(found.iter().all(|place| *place == expected), "{name}={value}: {found:?}");
        }
    }
    let answer = search(&gateway, "&limit=31337&since=secretday&sort=secretsort&secret=hidden");
    assert_eq!(answer.status, 400);
    for value in ["31337", "secretday", "secretsort", "hidden"] {
        assert!(!answer.text().contains(value), "{}", answer.text());
    }
}

#[test]
fn numbers_may_be_written_as_json_writes_them() {
    let gateway = gateway();
    for (given, expected) in [("1e2", 100.0), ("10.0", 10.0), ("1E1", 10.0)] {
        let answer = search(&gateway, &format!("&limit={given}"));
        assert_eq!(crate::ask::value(&answer)["limit"].as_f64(), Some(expected), "{given}");
    }
}

#[test]
fn lengths_count_characters() {
    let gateway = gateway();
    let target = |count| format!("/v1/search?id=1&q={}", "%F0%9F%8D%B5".repeat(count));
    assert_eq!(get(gateway.address(), &target(10)).status, 200);
    assert_eq!(violations(&get(gateway.address(), &target(11))), ["query q"]);
}

#[test]
fn what_is_required_is_missed() {
    let gateway = gateway();
    assert_eq!(violations(&get(gateway.address(), "/v1/search?id=1")), ["query q"]);
    assert_eq!(violations(&get(gateway.address(), "/v1/search?q=a")), ["query id"]);
    assert_eq!(violations(&get(gateway.address(), "/v1/search")), ["query q", "query id"]);
}

#[test]
fn one_value_is_not_two() {
    let gateway = gateway();
    assert_eq!(violations(&search(&gateway, "&q=tea")), ["query q"]);
    assert_eq!(violations(&search(&gateway, "&limit=5&limit=5")), ["query limit"]);
    assert_eq!(violations(&search(&gateway, "&exact=true&e%78act=true")), ["query exact"]);
}

#[test]
fn an_unknown_parameter_is_refused_where_nothing_else_is_said() {
    let gateway = gateway();
    assert_eq!(violations(&search(&gateway, "&x=1")), ["query x"]);
    assert_eq!(violations(&search(&gateway, "&Q=1&=2")), ["query Q", "query "]);
    assert_eq!(violations(&search(&gateway, "&tag%5B%5D=a")), ["query tag[]"]);
    let answer = get(gateway.address(), "/v1/headers?x=1");
    assert_eq!(violations(&answer), ["header X-Trace", "query x"]);
    assert_eq!(fetch(&gateway, "/v1/tolerant?x=1&y=%20&q=a"), json!({"q": "a"}));
    assert_eq!(violations(&get(gateway.address(), "/v1/tolerant?q=sixsix")), ["query q"]);
}

#[test]
fn a_query_that_is_not_encoded_well_is_400() {
    let gateway = gateway();
    for more in ["&q=%", "&q=%zz", "&tag=%ff", "&%C3=1"] {
        problem(&search(&gateway, more), 400, "gateway:invalid-request");
    }
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let gateway = gateway();
    let answer = get(gateway.address(), "/v1/things/nope/11/maybe/worst?x=1");
    let expected = ["path sku", "path count", "path on", "path sort", "query x"];
    assert_eq!(violations(&answer), expected);
    let many: String = (0..60).map(|number| format!("&x{number}=1")).collect();
    assert_eq!(violations(&search(&gateway, &many)).len(), 32);
}

#[test]
fn values_of_a_path_have_types() {
    let gateway = gateway();
    let expected = json!({"sku": "p_1a2", "count": 10, "on": false, "sort": "NEW"});
    assert_eq!(fetch(&gateway, "/v1/things/p_1a2/10/false/NEW"), expected);
    for (target, name) in [
        ("/v1/things/xp_1a2/10/false/NEW", "sku"),
        ("/v1/things/p_1a2x/10/false/NEW", "sku"),
        ("/v1/things/p_1a2%0A/10/false/NEW", ""),
        ("/v1/things/p_1a2/11/false/NEW", "count"),
        ("/v1/things/p_1a2/-1/false/NEW", "count"),
        ("/v1/things/p_1a2/10/False/NEW", "on"),
        ("/v1/things/p_1a2/10/false/newest", "sort"),
    ] {
        let answer = get(gateway.address(), target);
        let expected = if name.is_empty() { vec![] } else { vec![format!("path {name}")] };
        assert_eq!(violations(&answer), expected, "{target}");
    }
}

#[test]
fn header_fields_are_checked_like_everything_else() {
    let gateway = gateway();
    let ask = |fields: &[(&str, &str)]| send(gateway.address(), "GET", "/v1/headers", fields, b"");
    let answer = ask(&[("x-tRACE", TRACE), ("X-Note", "héé"), ("X-Other", "1")]);
    assert_eq!(answer.text(), format!(r#"{{"level":2,"note":"héé","trace":"{TRACE}"}}"#));
    let answer = ask(&[("X-Trace", TRACE), ("X-Level", "3"), ("X-Note", "")]);
    assert_eq!(answer.text(), format!(r#"{{"level":3,"note":"","trace":"{TRACE}"}}"#));

    assert_eq!(violations(&ask(&[])), ["header X-Trace"]);
    for (fields, place) in [
        (vec![("X-Trace", "secret-trace")], "header X-Trace"),
        (vec![("X-Trace", TRACE), ("X-Trace", TRACE)], "header X-Trace"),
        (vec![("X-Trace", TRACE), ("X-Level", "4")], "header X-Level"),
        (vec![("X-Trace", TRACE), ("X-Level", "")], "header X-Level"),
        (vec![("X-Trace", TRACE), ("X-Level", "1"), ("X-Level", "1")], "header X-Level"),
        (vec![("X-Trace", TRACE), ("X-Note", "sixsix")], "header X-Note"),
    ] {
        let answer = ask(&fields);
        assert_eq!(violations(&answer), [place], "{fields:?}");
        assert!(!answer.text().contains("secret") && !answer.text().contains("six"));
    }
    let all = ask(&[("X-Trace", "x"), ("X-Level", "9"), ("X-Note", "sixsix")]);
    assert_eq!(violations(&all), ["header X-Level", "header X-Note", "header X-Trace"]);
}

#[test]
fn a_header_field_that_is_no_text_is_refused() {
    let gateway = gateway();
    let mut client = Client::connect(gateway.address());
    let head = format!("GET /v1/headers HTTP/1.1\r\nHost: a\r\nX-Trace: {TRACE}\r\nX-Note: ");
    let request = [head.as_bytes(), b"\xff\xfe\r\n\r\n"].concat();
    client.write(&request).expect("still open");
    let answer = client.answer("GET").expect("a whole answer");
    assert_eq!(violations(&answer), ["header X-Note"]);
}

#[test]
fn a_parameter_may_have_any_name() {
    let gateway = gateway();
    let expected = json!({"size": 5, "from_there": "x", "default": true});
    let target = "/v1/named?page%5Bsize%5D=5&from-there=x&default=true";
    assert_eq!(fetch(&gateway, target), expected);
    assert_eq!(fetch(&gateway, "/v1/named?page[size]=5&default=false")["size"], json!(5));
    let answer = get(gateway.address(), "/v1/named?page[size]=0&from_there=x");
    let expected = ["query page[size]", "query default", "query from_there"];
    assert_eq!(violations(&answer), expected);
}
