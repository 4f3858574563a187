//! What reaches a backend: what the contract says, wherever a caller's values go.

use gatewright_runtime::testing::{Answer, Backend, Client, Gateway, Received, Running, get, send};
use proptest::prelude::{any, prop_assert, prop_assert_eq};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::ask::{post, problem};
use crate::contracts::sending::CONTRACT;

const FINE: &str = r#"{"value":"fine"}"#;

fn gateway(backend: &Backend) -> Running {
    Gateway::start(&CONTRACT, &[("TARGET_URL", &backend.url()), ("TARGET_KEY", "k-1")])
}

/// Asks a gateway whose backend knows nothing; returns what the backend received.
#[track_caller]
fn asked(target: &str, fields: &[(&str, &str)]) -> Received {
    let backend = Backend::start();
    let answer = send(gateway(&backend).address(), "GET", target, fields, b"");
    let requests = backend.requests();
    assert_eq!(requests.len(), 1, "{}", answer.text());
    requests.into_iter().next().expect("there is one")
}

const NASTY: [&str; 12] = [
    "a%2Fb",
    "a%2F..%2F..%2Fadmin",
    "%2e%2e%2F",
    "a%3Fadmin=1",
    "a%23b",
    "a%26admin%3D1",
    "a%252Fb",
    "a%5C..%5Cb",
    "a;b=c",
    "a%20HTTP%2F1.1",
    "%C3%A9%F0%9F%8D%B5",
    "a=b&c",
];

#[test]
fn a_value_in_a_path_stays_one_segment() {
    for nasty in NASTY {
        let target = asked(&format!("/v1/path/{nasty}"), &[]).target;
        let segments: Vec<_> = target.split('/').collect();
        assert_eq!(segments.len(), 4, "{target}");
        assert_eq!((segments[1], segments[3]), ("fixed", "end"), "{target}");
        assert!(!target.contains(['?', '#', '&', ';', '=', '\\']), "{target}");
    }
    assert_eq!(asked("/v1/path/a%2Fb%3Fc", &[]).target, "/fixed/a%2Fb%3Fc/end");
    assert_eq!(asked("/v1/path/a%252Fb", &[]).target, "/fixed/a%252Fb/end");
    assert_eq!(asked("/v1/joined/a%2F/b%3F", &[]).target, "/a-a%2F.b%3F");
}

#[test]
fn a_value_in_a_query_stays_one_value() {
    for nasty in NASTY.map(|nasty| nasty.replace('&', "%26")) {
        let target =
            asked(&format!("/v1/query?text={nasty}&more={nasty}&list={nasty}"), &[]).target;
        let (path, query) = target.split_once('?').expect("a query");
        assert_eq!(path, "/query");
        let names: Vec<_> = query.split('&').map(|pair| pair.split('=').next()).collect();
        let expected = ["first", "text", "more", "list", "both", "last"].map(Some);
        assert_eq!(names, expected, "{target}");
        assert_eq!(query.matches('=').count(), 5, "{target}");
        assert!(!query.contains(['#', ' ', ';', '/']), "{target}");
    }
}

#[test]
fn absent_values_drop_their_pair_and_lists_repeat_it() {
    let found = asked("/v1/query?text=a+b", &[]).target;
    assert_eq!(found, "/query?first=1&text=a%20b&both=a%20b-none&last");
    let found = asked("/v1/query?text=&more=&list=x&list=&list=y%26&number=1.50", &[]).target;
    let expected = "/query?first=1&text=&more=&list=x&list=&list=y%26&number=1.50&both=-&last";
    assert_eq!(found, expected);
}

#[test]
fn numbers_in_a_query_are_written_plainly() {
    for (given, sent) in [("1e3", "1000"), ("-25e-1", "-2.5"), ("1E%2B2", "100"), ("0.10", "0.10")]
    {
        let target = asked(&format!("/v1/query?text=a&number={given}"), &[]).target;
        let number = target.split('&').find_map(|pair| pair.strip_prefix("number="));
        assert_eq!(number, Some(sent), "{given}");
    }
}

#[test]
fn a_value_that_would_name_another_resource_is_not_sent() {
    let backend = Backend::start();
    let gateway = gateway(&backend);
    // `.` and `-` around the values make these harmless.
    for fine in ["/v1/joined/a/b", "/v1/joined/.../..."] {
        assert_eq!(get(gateway.address(), fine).status, 502);
    }
    assert_eq!(backend.requests().len(), 2);
    assert_eq!(get(gateway.address(), "/v1/path/..").status, 400);
    assert_eq!(get(gateway.address(), "/v1/path/%2e").status, 400);
    assert_eq!(backend.requests().len(), 2);
}

#[test]
fn a_value_in_a_header_field_adds_no_field() {
    let backend = Backend::start().answer("GET", "/header", 200, FINE);
    let gateway = gateway(&backend);
    for nasty in ["a%0D%0AX-Evil:%201", "a%0Ab", "a%0Db", "%00", "a%0D%0A%0D%0AGET%20/evil"] {
        let answer = get(gateway.address(), &format!("/v1/header?text={nasty}"));
        assert!(matches!(answer.status, 400 | 502), "{nasty}: {}", answer.status);
        assert!(!answer.text().contains("evil"));
    }
    assert_eq!(backend.requests().len(), 0);
    assert_eq!(get(gateway.address(), "/v1/header?text=a%20b;c,d").status, 200);
    let request = backend.wait_for(1).remove(0);
    assert_eq!(request.header("x-text"), Some("a b;c,d"));
}

#[test]
fn declared_fields_are_sent_and_absent_ones_are_not() {
    let fields = [("X-Value", "v;w"), ("Accept-Language", "de, en;q=0.5"), ("X-Region", "us")];
    let request = asked("/v1/header?text=t", &fields);
    assert_eq!(request.header("x-value"), Some("v;w"));
    assert_eq!(request.header("accept-language"), Some("de, en;q=0.5"));
    assert_eq!(request.header("x-text"), Some("t"));
    assert_eq!(request.header("x-both"), Some("<us>"));
    let request = asked("/v1/header", &[]);
    for absent in ["x-value", "accept-language", "x-text"] {
        assert_eq!(request.header(absent), None, "{absent}");
    }
    assert_eq!(request.header("x-both"), Some("<none>"));
}

#[test]
fn nothing_else_of_the_callers_head_goes_on() {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = asked(
        "/v1/path/a",
        &[
            ("Authorization", "Bearer secret"),
            ("Cookie", "secret=1"),
            ("X-Api-Key", "secret"),
            ("X-Region", "secret"),
            ("X-Forwarded-For", "6.6.6.6"),
            ("Forwarded", "for=6.6.6.6"),
            ("X-Forwarded-Host", "secret.example"),
            ("X-Custom", "secret"),
            ("User-Agent", "secret"),
            ("Accept", "secret/*"),
            ("Accept-Encoding", "gzip"),
            ("Traceparent", trace),
            ("X-Request-Id", "r-1"),
            ("Host", "shop.example"),
        ],
    );
    let mut names: Vec<_> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "accept",
        "forwarded",
        "host",
        "traceparent",
        "user-agent",
        "x-api-key",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-region",
        "x-request-id",
    ];
    assert_eq!(names, expected);
    for (name, expected) in [
        ("x-api-key", "k-1"),
        ("x-region", "eu"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "shop.example"),
        ("forwarded", "for=127.0.0.1;proto=http;host=\"shop.example\""),
        ("traceparent", trace),
        ("x-request-id", "r-1"),
        ("accept", "application/json"),
    ] {
        assert_eq!(request.header(name), Some(expected), "{name}");
    }
    assert!(request.headers.iter().all(|(_, value)| !value.contains("secret")));
}

#[test]
fn every_call_of_a_request_carries_its_identity() {
    let one = r#"{"id":"x","tags":[],"number":1,"header":"h"}"#;
    let backend = Backend::start().answer("GET", "/one", 200, one).answer(
        "GET",
        "/two/x?number=1",
        200,
        FINE,
    );
    let answer = get(gateway(&backend).address(), "/v1/chain");
    assert_eq!(answer.text(), FINE);
    let id = answer.header("x-request-id");
    let requests = backend.wait_for(2);
    assert!(id.is_some() && requests.iter().all(|request| request.header("x-request-id") == id));
    let traces: Vec<_> = requests.iter().map(|request| request.header("traceparent")).collect();
    assert_eq!(traces[0].map(|trace| &trace[..35]), traces[1].map(|trace| &trace[..35]));
}

/// What a chain sends for the second time, when its first result is this.
#[track_caller]
fn chained(result: &Value) -> (Answer, Option<Received>) {
    let backend = Backend::start().answer("GET", "/one", 200, &result.to_string());
    let answer = get(gateway(&backend).address(), "/v1/chain");
    (answer, backend.requests().get(1).cloned())
}

#[test]
fn a_backends_values_are_trusted_as_little_as_a_callers() {
    let result = json!({"id": "a/../b?c#", "tags": ["x&y=z", "/"], "number": 7, "header": "a;b"});
    let (_, second) = chained(&result);
    let second = second.expect("it was asked twice");
    assert_eq!(second.target, "/two/a%2F..%2Fb%3Fc%23?tag=x%26y%3Dz&tag=%2F&number=7");
    assert_eq!(second.header("x-one"), Some("a;b"));
    for (member, nasty) in [
        ("id", json!("..")),
        ("id", json!(".")),
        ("id", json!("")),
        ("header", json!("a\r\nX-Evil: 1")),
        ("header", json!("a\nb")),
        ("header", json!("\u{0}")),
        ("id", json!(null)),
        ("id", json!({})),
        ("header", json!(null)),
    ] {
        let mut result = json!({"id": "a", "tags": [], "number": 1, "header": "h"});
        result[member] = nasty.clone();
        let (answer, second) = chained(&result);
        problem(&answer, 502, "gateway:backend-failed");
        assert!(second.is_none(), "{member} {nasty}");
    }
}

#[test]
fn a_reply_header_cannot_be_smuggled_by_a_backend() {
    for (sent, status) in [("fine; a=1", 200), ("a\r\nSet-Cookie: b=1", 502), ("a\nb", 502)] {
        let body = json!({"header": sent}).to_string();
        let backend = Backend::start().answer("GET", "/one", 200, &body);
        let answer = get(gateway(&backend).address(), "/v1/reply");
        assert_eq!((answer.status, answer.header("set-cookie")), (status, None), "{sent:?}");
        assert_eq!(answer.header("x-value"), (status == 200).then_some(sent));
    }
}

#[test]
fn a_sent_body_escapes_what_it_holds() {
    let backend = Backend::start().answer("POST", "/body", 204, "");
    let nasty = "\"},\"admin\":true,\"x\":{\"\\\n\u{7f}é";
    let body = json!({"text": nasty, "price": 0, "any": {"a": nasty}}).to_string();
    let body = body.replace("\"price\":0", "\"price\":12.340");
    assert_eq!(post(&gateway(&backend), "/v1/body", &body).status, 204);
    let request = backend.wait_for(1).remove(0);
    let sent: Value = serde_json::from_slice(&request.body).expect("JSON");
    let expected = json!({
        "wrapped": nasty, "label": format!("<{nasty}>"), "price": 12.34, "any": {"a": nasty},
    });
    assert_eq!(sent, expected);
    assert!(String::from_utf8_lossy(&request.body).contains("12.340"));
}

#[test]
fn a_head_call_is_made_for_its_status() {
    let backend = Backend::start().answer("HEAD", "/there", 200, "");
    assert_eq!(get(gateway(&backend).address(), "/v1/there").status, 204);
    assert_eq!(backend.requests().len(), 1);
    let gone = Backend::start();
    problem(&get(gateway(&gone).address(), "/v1/there"), 404, "sending:not-found");
}

#[test]
fn a_backend_may_live_under_a_path() {
    let backend = Backend::start().answer("GET", "/base/fixed/a/end", 200, FINE);
    let url = format!("{}/base/", backend.url());
    let gateway = Gateway::start(&CONTRACT, &[("TARGET_URL", &url), ("TARGET_KEY", "k-1")]);
    assert_eq!(get(gateway.address(), "/v1/path/a").text(), FINE);
}

/// Percent-encodes everything but letters and digits.
fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        plain if plain.is_ascii_alphanumeric() => char::from(plain).to_string(),
        other => format!("%{other:02x}"),
    };
    text.bytes().map(encode).collect()
}

/// The text of a percent-encoded value.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || char::from(rest.next()?).to_digit(16);
        bytes.push(if byte == b'%' { u8::try_from(digit()? * 16 + digit()?).ok()? } else { byte });
    }
    String::from_utf8(bytes).ok()
}

#[test]
fn any_text_arrives_whole_and_nowhere_else() {
    let backend = Backend::start();
    let gateway = gateway(&backend);
    let client = std::cell::RefCell::new(Client::connect(gateway.address()));
    let asked = std::cell::Cell::new(0);
    let ask = |target: &str| {
        let mut client = client.borrow_mut();
        client.request("GET", target, &[], b"");
        let status = client.answer("GET").expect("a whole answer").status;
        let requests = backend.requests();
        let new = requests.get(asked.get()..).unwrap_or_default().to_vec();
        asked.set(requests.len());
        (status, new)
    };
    let mut runner =
        TestRunner::new(Config { cases: 128, failure_persistence: None, ..Config::default() });
    let result = runner.run(&any::<String>(), |text| {
        let (status, requests) = ask(&format!("/v1/path/{}", encoded(&text)));
        if text.is_empty() || text == "." || text == ".." || text.chars().any(char::is_control) {
            prop_assert!(matches!(status, 400 | 404) && requests.is_empty());
        } else {
            prop_assert_eq!(requests.len(), 1);
            let segments: Vec<_> = requests[0].target.split('/').collect();
            prop_assert_eq!(segments.len(), 4);
            prop_assert_eq!(decoded(segments[2]), Some(text.clone()));
        }
        let (_, requests) = ask(&format!("/v1/query?text={0}&more={0}&list={0}", encoded(&text)));
        prop_assert_eq!(requests.len(), 1);
        let pairs: Vec<_> = requests[0].target.split('&').collect();
        prop_assert_eq!(pairs.len(), 6);
        for (pair, name) in pairs[1..4].iter().zip(["text=", "more=", "list="]) {
            prop_assert_eq!(pair.strip_prefix(name).and_then(decoded), Some(text.clone()));
        }
        Ok(())
    });
    assert!(result.is_ok(), "{result:?}");
}

#[test]
fn any_text_of_a_body_arrives_as_that_text() {
    let backend = Backend::start().answer("POST", "/body", 204, "");
    let gateway = gateway(&backend);
    let mut runner =
        TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    let result = runner.run(&any::<(String, String)>(), |(text, other)| {
        let body = json!({"text": text, "price": 1, "any": {&other: [other]}});
        prop_assert_eq!(post(&gateway, "/v1/body", &body.to_string()).status, 204);
        let request = backend.requests().pop().expect("it was asked");
        let sent: Value = serde_json::from_slice(&request.body).expect("JSON");
        prop_assert_eq!(&sent["wrapped"], &body["text"]);
        prop_assert_eq!(&sent["label"], &json!(format!("<{text}>")));
        prop_assert_eq!(&sent["any"], &body["any"]);
        Ok(())
    });
    assert!(result.is_ok(), "{result:?}");
}

#[test]
fn numbers_of_a_result_are_written_plainly_too() {
    let one = r#"{"id":1e3,"tags":[-2.50E1,0.10],"number":1E+2,"header":12e-1}"#;
    let backend = Backend::start().answer("GET", "/one", 200, one);
    assert_eq!(get(gateway(&backend).address(), "/v1/chain").status, 502);
    let second = backend.wait_for(2).remove(1);
    assert_eq!(second.target, "/two/1000?tag=-25&tag=0.10&number=100");
    assert_eq!(second.header("x-one"), Some("1.2"));
}
