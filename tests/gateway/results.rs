//! What a backend's result must be, value by value.

use gatewright_runtime::testing::{Answer, Backend, Gateway, get};
use serde_json::json;

use crate::ask::{fetch, problem};
use crate::contracts::results::CONTRACT;

/// What the gateway makes of this result. Every endpoint calls its own path at the backend.
#[track_caller]
fn ask(path: &str, result: &str) -> Answer {
    let backend = Backend::start().answer("GET", path, 200, result);
    let gateway = Gateway::start(&CONTRACT, &[("SOURCE_URL", &backend.url())]);
    get(gateway.address(), &format!("/v1{path}"))
}

/// One type with values that it takes, passed on as they were sent, and values that it does not.
#[track_caller]
fn check(kind: &str, taken: &[&str], refused: &[&str]) {
    for value in taken {
        let body = format!(r#"{{"value":{value}}}"#);
        let answer = ask(kind, &body);
        assert_eq!((answer.status, answer.text()), (200, body), "{kind} {value}");
    }
    for value in refused {
        let body = format!(r#"{{"value":{value}}}"#);
        let answer = ask(kind, &body);
        assert_eq!(answer.status, 502, "{kind} takes {value}");
        problem(&answer, 502, "gateway:backend-failed");
    }
}

/// The table of null and absent: what is sent for one of the fields a to d, and what callers see.
#[track_caller]
fn missing(kind: &str, value: &str) {
    let full = |field: &str, sent: Option<&str>| {
        let fields = ["a", "b", "c", "d"].iter().filter_map(|name| match sent {
            _ if *name != field => Some(format!(r#""{name}":{value}"#)),
            sent => sent.map(|sent| format!(r#""{name}":{sent}"#)),
        });
        format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
    };
    for (field, sent, seen) in [
        ("a", Some(value), Some(Some(value))),
        ("a", Some("null"), None),
        ("a", None, None),
        ("b", Some("null"), Some(None)),
        ("b", None, Some(None)),
        ("c", Some("null"), Some(Some("null"))),
        ("c", None, Some(Some("null"))),
        ("d", Some("null"), Some(Some("null"))),
        ("d", None, Some(None)),
    ] {
        let answer = ask(kind, &full(field, sent));
        match seen {
            Some(seen) => assert_eq!(answer.text(), full(field, seen), "{kind} {field} {sent:?}"),
            None => assert_eq!(answer.status, 502, "{kind} {field} {sent:?}"),
        }
    }
}

#[test]
fn null_and_absent_become_what_was_promised() {
    missing("/missing", r#""x""#);
    missing("/missing/records", r#"{"x":1}"#);
    missing("/missing/lists", r#"["x"]"#);
}

#[test]
fn null_in_a_list_is_taken_where_it_is_declared() {
    let body = |plain: &str, nulls: &str, parts: &str| {
        ask("/missing/elements", &format!(r#"{{"plain":{plain},"nulls":{nulls},"parts":{parts}}}"#))
    };
    let fine = body(r#"["a"]"#, r#"["a",null]"#, r#"[{"x":1,"y":null},{"x":2,"y":3}]"#);
    let expected = r#"{"plain":["a"],"nulls":["a",null],"parts":[{"x":1},{"x":2,"y":3}]}"#;
    assert_eq!(fine.text(), expected);
    assert_eq!(body("[]", "[]", "[]").text(), r#"{"plain":[],"nulls":[],"parts":[]}"#);
    for answer in [
        body(r#"["a",null]"#, "[]", "[]"),
        body("[]", "[1]", "[]"),
        body("[]", "[]", r#"[{"x":1},null]"#),
        body("[]", "[]", r#"[{"x":1},{"y":1}]"#),
        body("null", "[]", "[]"),
        body("{}", "[]", "[]"),
    ] {
        problem(&answer, 502, "gateway:backend-failed");
    }
}

#[test]
fn texts() {
    check(
        "/text",
        &[r#""ab""#, r#""abcd""#, r#""🍵🍵🍵🍵""#, r#""\u0061\n\/\"""#, r#""\ud83c\udf75e""#],
        &[r#""a""#, r#""abcde""#, "1", "true", "[]", r#""\u0061""#, r#""ab\ud800""#],
    );
    check(
        "/pattern",
        &[r#""ab1""#, r#""a\u00621""#],
        &[r#""ab""#, r#""ab1\n""#, r#""xab1""#, r#""AB1""#, r#""ab१""#],
    );
}

#[test]
fn booleans() {
    check("/bool", &["true", "false"], &["0", r#""true""#, "null", "TRUE", "[true]"]);
}

#[test]
fn numbers() {
    check(
        "/int",
        &["0", "-7", "9007199254740991", "-9007199254740991"],
        &["1.5", "9007199254740992", "1e16", r#""1""#, "true", "01", "+1", "0x1", "NaN"],
    );
    check("/bounded", &["-5", "5", "0"], &["-6", "6", "1e1"]);
    check(
        "/int64",
        &["9223372036854775807", "-9223372036854775808"],
        &["9223372036854775808", "0.5", r#""9223372036854775807""#],
    );
    check("/number", &["0.001", "100", "99.5"], &["0", "-1", "100.1", "1e999", r#""1""#]);
    for (value, expected) in [("1.0", 1.0), ("1e2", 100.0), ("-0", 0.0), ("2.5e1", 25.0)] {
        let answer = ask("/int", &format!(r#"{{"value":{value}}}"#));
        assert_eq!(crate::ask::value(&answer)["value"].as_f64(), Some(expected), "{value}");
    }
}

#[test]
fn digits_of_a_decimal_arrive_as_sent() {
    check(
        "/decimal",
        &["59.90", "0.10", "-1.00", "9999.99", "7", "0.1"],
        &["59.905", "1234567.00", r#""59.90""#, "1e6", "0.001"],
    );
}

#[test]
fn formats() {
    check(
        "/date",
        &[r#""2026-02-28""#, r#""2028-02-29""#],
        &[r#""2026-02-29""#, r#""2026-2-1""#, r#""2026-02-28T00:00:00Z""#, "20260228"],
    );
    check(
        "/instant",
        &[r#""2026-11-22T10:00:00Z""#, r#""2026-11-22T10:00:00.123+01:00""#],
        &[r#""2026-11-22""#, r#""2026-11-22T10:00:00""#, r#""2026-11-22T25:00:00Z""#],
    );
    check("/duration", &[r#""PT1M""#, r#""P1DT2H""#], &[r#""1m""#, r#""P""#, "60"]);
    check(
        "/uuid",
        &[r#""0b9f3c52-6d1c-4b2e-8a44-5f2f9d6c0001""#],
        &[r#""0b9f3c526d1c4b2e8a445f2f9d6c0001""#, r#""0b9f3c52-6d1c-4b2e-8a44""#, "1"],
    );
    check("/email", &[r#""ann@example.com""#], &[r#""ann""#, r#""@example.com""#, r#""a b@c""#]);
    check(
        "/url",
        &[r#""https://example.com/a?b=c#d""#],
        &[r#""example.com""#, r#""/a""#, r#""http://a b/""#],
    );
    check("/bytes", &[r#""AA==""#, r#""""#], &[r#""A""#, r#""A*==""#]);
}

#[test]
fn enums_are_closed_or_replace_or_are_open() {
    check("/closed", &[r#""on""#, r#""off""#], &[r#""broken""#, r#""""#, r#""ON""#, "1", "true"]);
    check("/known", &[r#""red""#, r#""GREEN""#, r#""unknown""#], &["1", "null", "[]"]);
    for unknown in [r#""blue""#, r#""green""#, r#""""#] {
        let answer = ask("/known", &format!(r#"{{"value":{unknown}}}"#));
        assert_eq!(answer.text(), r#"{"value":"unknown"}"#, "{unknown}");
    }
    check("/open", &[r#""small""#, r#""medium""#, r#""""#], &["1", "null", "{}"]);
}

#[test]
fn lists_have_bounds_and_are_cut_only_where_the_contract_says() {
    check("/list", &["[1]", "[1,2,3]"], &["[]", "[1,2,3,4]", "[1,null]", r#"["1"]"#, "{}"]);
    check(
        "/unique",
        &["[]", "[1,2]", r#"[1,"1",[1]]"#, r#"[{"a":1},{"a":2}]"#],
        &["[1,1]", "[1,1.0]", r#"["a","\u0061"]"#, r#"[{"a":1,"b":2},{"b":2,"a":1}]"#],
    );
    check("/matrix", &["[]", "[[],[1,2]]"], &["[[1,2,3]]", "[[],[],[]]", "[1]", "[[null]]"]);
    for (sent, seen) in [("[]", "[]"), ("[1,2]", "[1,2]"), ("[1,2,3,4,5]", "[1,2]")] {
        let answer = ask("/cut", &format!(r#"{{"value":{sent}}}"#));
        assert_eq!(answer.text(), format!(r#"{{"value":{seen}}}"#));
    }
}

#[test]
fn what_has_any_type_is_passed_on_unread_but_must_be_json() {
    check(
        "/json",
        &["null", "1.50", r#"{"a":[1,{"b":null}]}"#, r#""\u0061""#, "[ 1 ]", "1e400"],
        &["{", "[1,]", "nul", r#""\x""#],
    );
}

#[test]
fn what_is_nested_is_checked_all_the_way_down() {
    check(
        "/nested",
        &[r#"{"inner":[]}"#, r#"{"inner":[{"leaf":true},{"leaf":false}]}"#],
        &[r#"{"inner":[{"leaf":true},{}]}"#, r#"{"inner":{}}"#, r#"{"inner":[true]}"#, "{}", "7"],
    );
}

#[test]
fn a_result_may_be_a_list_or_a_scalar() {
    let list = ask("/top/list", r#"[{"x":1,"y":2,"z":3},{"x":2}]"#);
    assert_eq!(list.text(), r#"[{"x":1,"y":2},{"x":2}]"#);
    assert_eq!(ask("/top/list", "[]").text(), "[]");
    let long = format!("[{}{{\"x\":0}}]", "{\"x\":1,\"y\":2},".repeat(3000));
    assert_eq!(ask("/top/list", &long).text(), long);
    assert_eq!(ask("/top/text", "\"a\"").text(), r#"{"value":"a"}"#);
    assert_eq!(ask("/top/number", " 11 ").text(), r#"{"big":true}"#);
    for (body, target) in [
        (r#"{"x":1}"#, "/top/list"),
        ("null", "/top/list"),
        ("[1]", "/top/list"),
        ("7", "/top/text"),
        ("null", "/top/text"),
        ("\"11\"", "/top/number"),
    ] {
        problem(&ask(target, body), 502, "gateway:backend-failed");
    }
}

#[test]
fn what_is_not_read_does_not_matter_and_does_not_leak() {
    let body = r#"{"secret":"s3cret","value":true,"other":{"value":"x"},"list":[null,{"a":[]}]}"#;
    assert_eq!(ask("/bool", body).text(), r#"{"value":true}"#);
    let body = r#"{"value":{"inner":[{"leaf":true,"secret":"s3cret"}],"secret":"s3cret"}}"#;
    assert_eq!(ask("/nested", body).text(), r#"{"value":{"inner":[{"leaf":true}]}}"#);
}

#[test]
fn a_key_that_stands_twice_makes_a_result_invalid() {
    for body in [
        r#"{"value":true,"value":true}"#,
        r#"{"value":true,"v\u0061lue":false}"#,
        r#"{"value":true,"value":7}"#,
    ] {
        assert_eq!(ask("/bool", body).status, 502, "{body}");
    }
}

#[test]
fn an_invalid_result_takes_the_way_that_the_contract_declares() {
    assert_eq!(ask("/guarded", r#"{"value":7}"#).text(), r#"{"value":"invalid"}"#);
    assert_eq!(ask("/guarded", r#"{"value":"fine"}"#).text(), r#"{"value":"fine"}"#);
    let gateway = Gateway::start(&CONTRACT, &[("SOURCE_URL", crate::ask::NOBODY)]);
    assert_eq!(fetch(&gateway, "/v1/guarded"), json!({"value": "else"}));
}
