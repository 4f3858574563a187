//! Request bodies that are wrong in every way, and those that are not.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use gatewright_runtime::testing::{Answer, Client, Gateway, Running, send};
use serde_json::json;

use crate::ask::{JSON, post, problem, value, violations};
use crate::contracts::requests::CONTRACT;

const ORDER: &str = concat!(
    r#"{"lines":[{"sku":"p_1a2","quantity":2},{"sku":"p_000","quantity":99}],"#,
    r#""ship_to":{"city":"Köln","zip":null,"tags":["a","b"]},"note":"","gift":null,"#,
    r#""price":59.90,"at":"2026-11-22T10:00:00+01:00"}"#,
);

fn gateway() -> Running {
    Gateway::start(&CONTRACT, &[])
}

/// Sends the order with one part of its text replaced.
#[track_caller]
fn order(gateway: &Running, old: &str, new: &str) -> Answer {
    assert_eq!(ORDER.matches(old).count(), 1, "{old}");
    post(gateway, "/v1/orders", &ORDER.replace(old, new))
}

#[test]
fn a_good_body_is_taken_as_it_is() {
    let answer = post(&gateway(), "/v1/orders", ORDER);
    assert_eq!((answer.status, answer.text().as_str()), (201, ORDER));
}

#[test]
fn order_of_members_blanks_and_escapes_do_not_matter() {
    let body = "\n{ \"te\\u0078t\" :\t\"\\u0061\\/\\\"\\ud83c\\udf75\" }\r\n";
    let answer = send(gateway().address(), "PUT", "/v1/notes", &[JSON], body.as_bytes());
    assert_eq!(value(&answer), json!({"text": "a/\"🍵"}));
}

#[test]
fn what_is_no_json_is_400() {
    let gateway = gateway();
    for body in [
        " ",
        "{",
        "{}x",
        "{}{}",
        "nul",
        "{'name':1}",
        r#"{"name":"a",}"#,
        r#"{"name" "a"}"#,
        r#"{"name":"a"#,
        r#"{"name":01}"#,
        r#"{"name":"\x"}"#,
        r#"{"name":"\ud800"}"#,
        "{\"name\":\"a\nb\"}",
        "\u{feff}{\"name\":\"a\"}",
        r#"{name:"a"}"#,
        r#"{"name":"a"} // comment"#,
    ] {
        let answer = post(&gateway, "/v1/tolerant", body);
        let found = violations(&answer);
        assert!(!found.is_empty(), "{body}");
        assert!(found.iter().all(|place| place.starts_with("body")), "{body}: {found:?}");
    }
    let answer = send(gateway.address(), "POST", "/v1/tolerant", &[JSON], b"{\"name\":\"\xff\"}");
    assert_eq!(violations(&answer).len(), 1);
}

#[test]
fn another_media_type_is_415() {
    let gateway = gateway();
    let body = br#"{"name":"a"}"#;
    let ask =
        |fields: &[(&str, &str)]| send(gateway.address(), "POST", "/v1/tolerant", fields, body);
    for media in ["application/json; charset=UTF-8", "application/vnd.a+json", "Application/JSON"] {
        assert_eq!(ask(&[("Content-Type", media)]).status, 200, "{media}");
    }
    for media in ["text/plain", "application/json; charset=latin1", "application/xml", ""] {
        problem(&ask(&[("Content-Type", media)]), 415, "gateway:media");
    }
    problem(&ask(&[]), 415, "gateway:media");
    problem(&ask(&[JSON, ("Content-Encoding", "gzip")]), 415, "gateway:media");
    problem(&ask(&[JSON, ("Content-Type", "text/plain")]), 415, "gateway:media");
}

#[test]
fn a_body_that_is_too_large_is_413() {
    let gateway = gateway();
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(2048));
    let document = problem(&post(&gateway, "/v1/tolerant", &large), 413, "gateway:body");
    assert!(document["detail"].as_str().is_some_and(|detail| detail.contains("2048 bytes")));
    let fits = format!(r#"{{"name":"{}"}}"#, "x".repeat(2048 - 11));
    assert_eq!(post(&gateway, "/v1/tolerant", &fits).status, 200);

    let mut client = Client::connect(gateway.address());
    let chunked = [JSON, ("Transfer-Encoding", "chunked")];
    let body = format!("400\r\n{0}\r\n400\r\n{0}\r\n400\r\n{0}\r\n0\r\n\r\n", "x".repeat(1024));
    client.request("POST", "/v1/tolerant", &chunked, body.as_bytes());
    problem(&client.answer("POST").expect("a whole answer"), 413, "gateway:body");
}

#[test]
fn a_required_body_is_missed_and_an_optional_one_is_not() {
    let gateway = gateway();
    assert_eq!(violations(&post(&gateway, "/v1/tolerant", "")), ["body "]);
    assert_eq!(violations(&send(gateway.address(), "POST", "/v1/numbers", &[], b"")), ["body "]);

    let put = |fields: &[(&str, &str)], body: &str| {
        send(gateway.address(), "PUT", "/v1/notes", fields, body.as_bytes())
    };
    assert_eq!(put(&[], "").text(), r#"{"text":"none"}"#);
    assert_eq!(put(&[JSON], "").text(), r#"{"text":"none"}"#);
    assert_eq!(put(&[JSON], r#"{"text":"a"}"#).text(), r#"{"text":"a"}"#);
    assert_eq!(violations(&put(&[JSON], "{}")), ["body /text"]);
    assert_eq!(violations(&put(&[JSON], "null")), ["body "]);
    problem(&put(&[], r#"{"text":"a"}"#), 415, "gateway:media");
}

#[test]
fn a_field_is_refused_by_its_place() {
    let gateway = gateway();
    for (old, new, places) in [
        (r#""quantity":2"#, r#""quantity":0"#, vec!["body /lines/0/quantity"]),
        (r#""quantity":2"#, r#""quantity":"2""#, vec!["body /lines/0/quantity"]),
        (r#""quantity":2"#, r#""quantity":2.5"#, vec!["body /lines/0/quantity"]),
        (r#""quantity":99"#, r#""quantity":1e2"#, vec!["body /lines/1/quantity"]),
        (r#""sku":"p_000","#, "", vec!["body /lines/1/sku"]),
        (r#"{"sku":"p_000","quantity":99}"#, "7", vec!["body /lines/1"]),
        (r#""city":"Köln""#, r#""city":"""#, vec!["body /ship_to/city"]),
        (r#""city":"Köln","#, "", vec!["body /ship_to/city"]),
        (r#""zip":null"#, r#""zip":"1""#, vec!["body /ship_to/zip"]),
        (r#""tags":["a","b"]"#, r#""tags":["a","a"]"#, vec!["body /ship_to/tags"]),
        (r#""tags":["a","b"]"#, r#""tags":["a","b","c"]"#, vec!["body /ship_to/tags"]),
        (r#""tags":["a","b"]"#, r#""tags":{}"#, vec!["body /ship_to/tags"]),
        (r#""gift":null"#, r#""gift":"no""#, vec!["body /gift"]),
        (r#""gift":null,"#, "", vec!["body /gift"]),
        (r#""price":59.90"#, r#""price":59.905"#, vec!["body /price"]),
        (r#""price":59.90"#, r#""price":"59.90""#, vec!["body /price"]),
        ("2026-11-22T", "2026-02-30T", vec!["body /at"]),
    ] {
        assert_eq!(violations(&order(&gateway, old, new)), places, "{new}");
    }
}

#[test]
fn null_is_not_absence() {
    let gateway = gateway();
    assert_eq!(violations(&order(&gateway, r#""note":"""#, r#""note":null"#)), ["body /note"]);
    let price = order(&gateway, r#""price":59.90"#, r#""price":null"#);
    assert_eq!(violations(&price), ["body /price"]);
    assert_eq!(order(&gateway, r#""zip":null,"#, "").status, 201);
    assert_eq!(order(&gateway, r#""note":"","#, "").status, 201);
    let answer = post(&gateway, "/v1/tolerant", r#"{"name":"a","inner":null}"#);
    assert_eq!(violations(&answer), ["body /inner"], "also where unknown fields are ignored");
}

#[test]
fn an_unknown_field_is_refused_where_nothing_else_is_said() {
    let gateway = gateway();
    for (old, new, place) in [
        (r#""gift":null"#, r#""gift":null,"nope":1"#, "body /nope"),
        (r#""gift":null"#, r#""gift":null,"Note":"a""#, "body /Note"),
        (r#""quantity":99"#, r#""quantity":99,"a/b~c":{"d":1}"#, "body /lines/1/a~1b~0c"),
        (r#""zip":null"#, r#""zip":null,"":0"#, "body /ship_to/"),
    ] {
        assert_eq!(violations(&order(&gateway, old, new)), [place]);
    }
    let body = r#"{"nope":[{}],"name":"a","inner":{"value":1,"more":null}}"#;
    let answer = post(&gateway, "/v1/tolerant", body);
    assert_eq!(answer.text(), r#"{"name":"a","inner":{"value":1}}"#);
}

#[test]
fn everything_wrong_is_said_in_one_answer_without_values() {
    let gateway = gateway();
    let body = r#"{"lines":[{"sku":"secret1","quantity":0},{}],"ship_to":{"zip":"secret2",
        "tags":[1]},"secret_field":"secret3","gift":7,"price":1.234,"at":"secret4"}"#;
    let answer = post(&gateway, "/v1/orders", body);
    let expected = [
        "body /lines/0/sku",
        "body /lines/0/quantity",
        "body /lines/1/sku",
        "body /lines/1/quantity",
        "body /ship_to/zip",
        "body /ship_to/tags/0",
        "body /ship_to/city",
        "body /secret_field",
        "body /gift",
        "body /price",
        "body /at",
    ];
    let mut found = violations(&answer);
    found.sort_unstable();
    let mut expected = expected.map(str::to_owned);
    expected.sort_unstable();
    assert_eq!(found, expected);
    for secret in ["secret1", "secret2", "secret3", "secret4", "1.234"] {
        assert!(!answer.text().contains(secret), "{}", answer.text());
    }
}

#[test]
fn a_body_and_the_rest_of_a_request_are_judged_together() {
    let gateway = gateway();
    let answer = post(&gateway, "/v1/tolerant?x=1", "{}");
    assert_eq!(violations(&answer), ["query x", "body /name"]);
}

#[test]
fn the_list_of_violations_ends_at_32() {
    let members: Vec<_> = (0..100).map(|number| format!("\"x{number}\":1")).collect();
    let answer = post(&gateway(), "/v1/orders", &format!("{{{}}}", members.join(",")));
    assert_eq!(violations(&answer).len(), 32);
}

#[test]
fn a_key_may_stand_once() {
    let gateway = gateway();
    for body in [
        r#"{"name":"a","name":"a"}"#,
        r#"{"name":"a","n\u0061me":"a"}"#,
        r#"{"name":"a","inner":{"value":1,"value":1}}"#,
    ] {
        assert!(!violations(&post(&gateway, "/v1/tolerant", body)).is_empty(), "{body}");
    }
}

#[test]
fn depth_has_a_limit() {
    let gateway = gateway();
    let nested = |depth| format!(r#"{{"any":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert_eq!(post(&gateway, "/v1/any", &nested(63)).text(), nested(63));
    for depth in [64, 1000, 20_000] {
        assert_eq!(violations(&post(&gateway, "/v1/any", &nested(depth))).len(), 1, "{depth}");
    }
}

#[test]
fn a_body_may_be_a_list_or_a_scalar() {
    let gateway = gateway();
    assert_eq!(post(&gateway, "/v1/numbers", "[1,-2,3]").text(), "[1,-2,3]");
    assert_eq!(post(&gateway, "/v1/name", "\"a\\u0062\"").text(), "{\"name\":\"a\\u0062\"}");
    for (target, body, places) in [
        ("/v1/numbers", "[]", vec!["body "]),
        ("/v1/numbers", "[1,2,3,4]", vec!["body "]),
        ("/v1/numbers", r#"[1,"2",null]"#, vec!["body /1", "body /2"]),
        ("/v1/numbers", "{}", vec!["body "]),
        ("/v1/numbers", "9007199254740992", vec!["body "]),
        ("/v1/numbers", "[9007199254740992]", vec!["body /0"]),
        ("/v1/matrix", "[[1,2],[3,4,5],[6]]", vec!["body ", "body /1"]),
        ("/v1/matrix", "[[1,10],[null,2]]", vec!["body /0/1", "body /1/0"]),
        ("/v1/name", "7", vec!["body "]),
        ("/v1/name", "\"sixsix\"", vec!["body "]),
    ] {
        assert_eq!(violations(&post(&gateway, target, body)), places, "{body}");
    }
}

#[test]
fn any_json_is_passed_on_as_it_was_written() {
    let gateway = gateway();
    for text in ["1.50", "1e400", "\"\\u0061\"", "[ 1 , {} ]", "null", "-0", "{\"a\":[true]}"] {
        let body = format!(r#"{{"any":{text}}}"#);
        let answer = post(&gateway, "/v1/any", &body);
        assert_eq!((answer.status, answer.text()), (200, body));
    }
}

#[test]
fn a_body_where_none_is_declared_is_no_concern() {
    let gateway = gateway();
    let answer = send(gateway.address(), "GET", "/v1/tolerant?q=a", &[], b"not json");
    assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"q":"a"}"#));
}

/// Sends a head that asks to go on, and what comes before the body is sent.
fn expecting(gateway: &Running, target: &str, media: &str, length: usize) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(gateway.address()).expect("the gateway listens");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("it is a socket");
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: a\r\nContent-Type: {media}\r\nContent-Length: {length}\r\n\
         Expect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("the gateway reads");
    let mut first = [0; 256];
    let count = stream.read(&mut first).expect("the gateway answers");
    let first = String::from_utf8_lossy(first.get(..count).unwrap_or_default()).into_owned();
    (stream, first)
}

#[test]
fn who_asks_to_go_on_is_told_to_or_answered_at_once() {
    let gateway = gateway();
    let body = r#"{"name":"a"}"#;
    let (mut stream, first) = expecting(&gateway, "/v1/tolerant", "application/json", body.len());
    assert_eq!(first, "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).expect("the gateway reads");
    let mut answer = [0; 15];
    stream.read_exact(&mut answer).expect("the gateway answers");
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    // What is refused by its head is refused before the body is on its way.
    let (_, first) = expecting(&gateway, "/v1/tolerant", "text/plain", body.len());
    assert!(first.starts_with("HTTP/1.1 415 "), "{first}");
    let (_, first) = expecting(&gateway, "/v1/tolerant", "application/json", 1 << 30);
    assert!(first.starts_with("HTTP/1.1 413 "), "{first}");
    let (_, first) = expecting(&gateway, "/v1/nowhere", "application/json", body.len());
    assert!(first.starts_with("HTTP/1.1 404 "), "{first}");
}
