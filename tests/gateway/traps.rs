//! The traps of other gateways are not here: one test for each.

use std::time::Duration;

use gatewright_runtime::testing::{Answer, Backend, Gateway, Received, Running, get, send};
use serde_json::{Value, json};

use crate::ask::{names, post, problem, value};
use crate::contracts::traps::CONTRACT;

fn gateway(left: &Backend, right: &Backend) -> Running {
    Gateway::start(&CONTRACT, &[("LEFT_URL", &left.url()), ("RIGHT_URL", &right.url())])
}

fn idle() -> Backend {
    Backend::start()
}

/// What the left backend receives for a GET, if anything.
fn sent(target: &str, fields: &[(&str, &str)]) -> Option<Received> {
    let left = idle();
    send(gateway(&left, &idle()).address(), "GET", target, fields, b"");
    left.requests().into_iter().next()
}

#[test]
fn a_parameter_adds_no_path_segment() {
    for (value, encoded) in [
        ("a%2Fb", "a%2Fb"),
        ("a%2f..%2f..%2Fadmin", "a%2F..%2F..%2Fadmin"),
        ("x%20y", "x%20y"),
        ("a%3Fb%23c", "a%3Fb%23c"),
        ("%252F", "%252F"),
        ("%253F%2523", "%253F%2523"),
    ] {
        let target = sent(&format!("/v1/values/{value}"), &[]).expect("a call").target;
        assert!(target.starts_with(&format!("/base/{encoded}/tail?")), "{target}");
    }
    for climbing in ["..", ".", "%2e%2e", "%2E."] {
        assert!(sent(&format!("/v1/values/{climbing}"), &[]).is_none(), "{climbing}");
    }
}

#[test]
fn a_parameter_adds_no_query_pair() {
    let target = sent("/v1/values/a%26b%3D2%23", &[]).expect("a call").target;
    assert_eq!(target, "/base/a%26b%3D2%23/tail?x=a%26b%3D2%23&y=1");
    let target = sent("/v1/values/a%2Bb+c", &[]).expect("a call").target;
    assert_eq!(target, "/base/a%2Bb%2Bc/tail?x=a%2Bb%2Bc&y=1");
}

#[test]
fn a_parameter_adds_no_header_field() {
    for control in ["a%0D%0AX-Evil:%201", "a%0Ab", "a%00", "a%7F"] {
        assert!(sent(&format!("/v1/values/{control}"), &[]).is_none(), "{control}");
    }
    let received = sent("/v1/values/a:%20b%2C%20c", &[]).expect("a call");
    assert_eq!(received.header("x-id"), Some("a: b, c"));
}

#[test]
fn a_query_that_is_not_declared_goes_nowhere() {
    assert!(sent("/v1/values/a?admin=1", &[]).is_none(), "it is refused");
}

#[test]
fn header_fields_of_the_caller_do_not_leak_to_backends() {
    let fields = [
        ("Authorization", "Bearer secret"),
        ("Cookie", "sid=secret"),
        ("X-Own", "secret"),
        ("Proxy-Authorization", "secret"),
        ("TE", "trailers"),
        ("User-Agent", "secret"),
        ("Accept-Language", "secret"),
        ("X-Forwarded-User", "secret"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("X-Id", "secret"),
    ];
    let received = sent("/v1/values/a", &fields).expect("a call");
    assert!(received.headers.iter().all(|(_, value)| !value.contains("secret")), "{received:?}");
    assert_eq!((received.method.as_str(), received.header("x-id")), ("GET", Some("a")));
    assert_eq!(received.header("x-http-method-override"), None);
}

#[test]
fn header_fields_of_backends_do_not_leak_to_callers() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: a=1\r\nX-Internal: secret\r\n\
                Server: secret\r\nCache-Control: public\r\nContent-Length: 19\r\n\r\n{\"ok\":true,\"more\":1}";
    let left = idle().raw("GET", "/base/a/tail?x=a&y=1", head.replace("19", "20").as_bytes());
    let answer = get(gateway(&left, &idle()).address(), "/v1/values/a");
    assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"ok":true}"#));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    for leaked in ["set-cookie", "x-internal", "server", "cache-control"] {
        assert_eq!(answer.header(leaked), None, "{leaked}");
    }
}

fn merged(left: Backend, right: Backend) -> Answer {
    get(gateway(&left, &right).address(), "/v1/merged")
}

const ONE: &str = r#"{"name":"one","secret":true,"other":"x"}"#;
const TWO: &str = r#"{"name":"two","secret":true,"other":"y"}"#;

#[test]
fn merges_are_deterministic_whoever_is_slower() {
    let pause = Duration::from_millis(60);
    let expected = r#"{"name":"one","other":"two"}"#;
    for _ in 0..5 {
        let left = idle().answer("GET", "/one", 200, ONE);
        assert_eq!(merged(left, idle().slow("GET", "/two", pause, TWO)).text(), expected);
        let left = idle().slow("GET", "/one", pause, ONE);
        assert_eq!(merged(left, idle().answer("GET", "/two", 200, TWO)).text(), expected);
        let left = idle().answer("GET", "/one", 200, ONE);
        assert_eq!(merged(left, idle().answer("GET", "/two", 200, TWO)).text(), expected);
    }
}

#[test]
fn a_filter_holds_where_a_part_is_missing() {
    for two in [
        idle(),
        idle().answer("GET", "/two", 500, TWO),
        idle().answer("GET", "/two", 200, r#"{"name":7,"secret":true}"#),
        idle().close_early("GET", "/two"),
    ] {
        let answer = merged(idle().answer("GET", "/one", 200, ONE), two);
        assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"name":"one"}"#));
        assert_eq!(answer.header("fallback"), Some("other"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    // A result that has nothing of it is no failure.
    let two = idle().answer("GET", "/two", 200, r#"{"secret":true}"#);
    let answer = merged(idle().answer("GET", "/one", 200, ONE), two);
    assert_eq!((answer.text().as_str(), answer.header("fallback")), (r#"{"name":"one"}"#, None));
}

#[test]
fn a_filter_holds_where_the_request_fails() {
    for one in [
        idle().answer("GET", "/one", 500, r#"{"secret":"secret-1"}"#),
        idle().answer("GET", "/one", 404, r#"{"secret":"secret-1"}"#),
        idle().answer("GET", "/one", 200, r#"{"name":{"secret":"secret-1"}}"#),
        idle().answer("GET", "/one", 200, r#"secret-1"#),
    ] {
        let address = one.url();
        let answer = merged(one, idle().answer("GET", "/two", 200, TWO));
        problem(&answer, 502, "gateway:backend-failed");
        assert!(!answer.text().contains("secret-1") && !answer.text().contains("two"));
        assert!(!answer.text().contains(address.trim_start_matches("http://")));
    }
}

#[test]
fn names_change_places_and_nothing_becomes_something_else() {
    let one = r#"{"holder":{"list":[],"more":1},"list":[],"a":"<was a> & é","y.x":"dot","y":{"x":"no"},"b":"was b"}"#;
    let expected = r#"{"b":"<was a> & é","a":"was b","x.y":"dot","list":[],"holder":{"list":[]}}"#;
    // What a backend says of its type makes no difference to what it sends.
    for kind in ["application/json", "text/plain", "application/xml; charset=latin1"] {
        let length = one.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{one}"
        );
        let left = idle().raw("GET", "/swap", head.as_bytes());
        let answer = get(gateway(&left, &idle()).address(), "/v1/swapped");
        assert_eq!(answer.text(), expected, "{kind}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

fn chained(one: &str) -> (Answer, Vec<Received>) {
    let left = idle().answer("GET", "/one", 200, one);
    let right = idle();
    let answer = get(gateway(&left, &right).address(), "/v1/chained");
    (answer, right.requests())
}

#[test]
fn nothing_unresolved_is_ever_sent() {
    let good = json!({"a": {"c": "v"}, "c": "root", "list": ["1"], "n": 1, "text": "t"});
    let (_, requests) = chained(&good.to_string());
    assert_eq!(requests.first().map(|one| one.target.as_str()), Some("/two/v?list=1&n=1"));
    // No lookup one level higher, no `{one.a.c}`, no `<nil>`, nothing empty.
    for (pointer, bad) in [
        ("/a", json!("text")),
        ("/a", json!({})),
        ("/a", Value::Null),
        ("/a/c", Value::Null),
        ("/a/c", json!("")),
        ("/a/c", json!("..")),
        ("/a/c", json!({"d": 1})),
        ("/a/c", json!([1])),
        ("/text", Value::Null),
        ("/list", json!([1, null])),
        ("/list", json!([{"a": 1}])),
        ("/n", json!({"p": {"q": 1}})),
    ] {
        let mut one = good.clone();
        *one.pointer_mut(pointer).expect("it is there") = bad.clone();
        let (answer, requests) = chained(&one.to_string());
        problem(&answer, 502, "gateway:backend-failed");
        assert_eq!(requests.len(), 0, "{pointer}: {bad}");
    }
}

#[test]
fn what_may_be_missing_in_a_query_drops_its_pair() {
    for (one, target) in [
        (r#"{"a":{"c":"v"},"text":"t","list":[],"n":null}"#, "/two/v"),
        (r#"{"a":{"c":"v"},"text":"t","list":null}"#, "/two/v"),
        (r#"{"a":{"c":"v"},"text":"t","list":["",true]}"#, "/two/v?list=&list=true"),
    ] {
        let (_, requests) = chained(one);
        assert_eq!(requests.first().map(|one| one.target.as_str()), Some(target), "{one}");
    }
}

#[test]
fn numbers_go_on_digit_by_digit() {
    for (n, sent) in [
        ("12345678901234567", "12345678901234567"),
        ("1.5", "1.5"),
        ("1e3", "1000"),
        ("0.1000", "0.1000"),
    ] {
        let one = format!(r#"{{"a":{{"c":"v"}},"text":"t","list":[],"n":{n}}}"#);
        let (_, requests) = chained(&one);
        let target = requests.first().map(|one| one.target.clone());
        assert_eq!(target, Some(format!("/two/v?n={sent}")));
    }
}

#[test]
fn one_body_feeds_two_calls() {
    let left = idle().answer("POST", "/first", 201, r#"{"id":"l1"}"#);
    let right = idle().answer("PUT", "/second", 200, r#"{"id":"r1"}"#);
    let gateway = gateway(&left, &right);
    let answer = post(&gateway, "/v1/orders", r#"{"amount":2,"name":"Ada \u0022x\u0022"}"#);
    assert_eq!((answer.status, answer.header("location")), (201, Some("/v1/orders/l1")));
    assert_eq!(value(&answer), json!({"left": "l1", "right": "r1"}));
    let body = |backend: &Backend| -> Value {
        let requests = backend.requests();
        assert_eq!(requests.len(), 1);
        serde_json::from_slice(&requests[0].body).expect("JSON")
    };
    assert_eq!(body(&left), json!({"who": "Ada \"x\""}));
    assert_eq!(body(&right), json!({"name": "Ada \"x\"", "amount": 2}));
}

#[test]
fn declared_statuses_arrive_as_declared() {
    let left = idle()
        .answer("DELETE", "/orders/1", 204, "")
        .answer("DELETE", "/orders/2", 200, r#"{"deleted":true}"#)
        .answer("GET", "/orders/1", 201, r#"{"id":1}"#)
        .answer("GET", "/orders/3", 403, r#"{"id":3}"#);
    let gateway = gateway(&left, &idle());
    let ask = |method: &str, target: &str| send(gateway.address(), method, target, &[], b"");
    for target in ["/v1/orders/1", "/v1/orders/2"] {
        let answer = ask("DELETE", target);
        assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    }
    assert_eq!(ask("GET", "/v1/orders/1").status, 200);
    for method in ["GET", "DELETE"] {
        problem(&ask(method, "/v1/orders/9"), 404, "traps:not-found");
    }
    problem(&ask("GET", "/v1/orders/3"), 502, "gateway:backend-failed");
}

#[test]
fn redirects_are_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let right = idle();
        let head = format!(
            "HTTP/1.1 {status} Moved\r\nLocation: {}/two\r\nContent-Length: 0\r\n\r\n",
            right.url()
        );
        let left = idle().raw("GET", "/one", head.as_bytes());
        let answer = get(gateway(&left, &right).address(), "/v1/merged");
        problem(&answer, 502, "gateway:backend-failed");
        assert_eq!(answer.header("location"), None);
        let followed = right.requests();
        assert!(followed.iter().all(|one| one.header("referer").is_none()));
        assert!(followed.len() <= 1 && left.requests().len() == 1, "{status}");
    }
}

#[test]
fn a_slow_backend_is_504_and_has_the_whole_budget() {
    let left = idle().slow("GET", "/one", Duration::from_millis(900), ONE);
    let right = idle().slow("GET", "/two", Duration::from_millis(900), TWO);
    assert_eq!(merged(left, right).status, 200, "two calls have no less time than one");
    let left = idle().slow("GET", "/one", Duration::from_secs(3), ONE);
    problem(&merged(left, idle()), 504, "gateway:backend-timeout");
}

#[test]
fn paths_are_taken_as_they_are() {
    let left = idle().answer("GET", "/orders/1", 200, r#"{"id":1}"#);
    let gateway = gateway(&left, &idle());
    for near in ["/v1/orders/1/", "//v1/orders/1", "/v1//orders/1", "/V1/orders/1", "/v1/Orders/1"]
    {
        let answer = get(gateway.address(), near);
        problem(&answer, 404, "gateway:no-route");
        assert_eq!(answer.header("location"), None, "{near}");
    }
    problem(&get(gateway.address(), "/v1/x/../orders/1"), 400, "gateway:invalid-request");
    let answer = send(gateway.address(), "PATCH", "/v1/orders/1", &[], b"");
    problem(&answer, 405, "gateway:method");
    assert_eq!(names(&answer, "allow"), ["DELETE", "GET", "HEAD", "OPTIONS"]);
    assert_eq!(send(gateway.address(), "HEAD", "/v1/orders/1", &[], b"").status, 200);
    assert_eq!(send(gateway.address(), "OPTIONS", "/v1/orders/1", &[], b"").status, 204);
}
