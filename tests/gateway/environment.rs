//! What an operator sets as values: it goes where the contract says, and is looked at before the gateway listens.

use gatewright_runtime::testing::{Backend, Gateway, Received, Running, get, send};
use serde_json::json;

use crate::ask::{fetch, problem};
use crate::contracts::environment::CONTRACT;

const FINE: &str = r#"{"value":"fine"}"#;

/// A complete environment, in which `changed` counts before the rest.
fn environment<'e>(url: &'e str, changed: &[(&'e str, &'e str)]) -> Vec<(&'e str, &'e str)> {
    let rest = [
        ("TARGET_URL", url),
        ("TARGET_TOKEN", "t-1"),
        ("TENANT", "a/b"),
        ("LIMIT", "50"),
        ("RATE", "19.50"),
    ];
    changed.iter().copied().chain(rest).collect()
}

fn gateway(backend: &Backend, changed: &[(&str, &str)]) -> Running {
    Gateway::start(&CONTRACT, &environment(&backend.url(), changed))
}

/// What the one request of a call was that this method and target lead to.
#[track_caller]
fn asked(method: &str, target: &str) -> Received {
    let backend = Backend::start();
    let answer = send(gateway(&backend, &[]).address(), method, target, &[], b"");
    let requests = backend.requests();
    assert_eq!(requests.len(), 1, "{}", answer.text());
    requests.into_iter().next().expect("there is one")
}

#[test]
fn a_variable_is_encoded_for_the_place_it_goes_to() {
    let request = asked("GET", "/v1/sent/x");
    let expected = "/a%2Fb/items-eu/x?limit=50&region=eu&both=x-eu";
    assert_eq!(request.target, expected);
    assert_eq!(request.header("x-region"), Some("eu"));
    assert_eq!(request.header("x-limit"), Some("at most 50"));
    assert_eq!(request.header("authorization"), Some("Bearer t-1"));
}

#[test]
fn a_variable_stands_in_a_body_as_its_kind() {
    let request = asked("POST", "/v1/body");
    let body = String::from_utf8(request.body).expect("JSON is UTF-8");
    let expected = r#"{"region":"eu","limit":50,"open":true,"words":["a","a/b"],"text":"in eu"}"#;
    assert_eq!(body, expected);
}

#[test]
fn an_answer_holds_variables_in_its_own_types() {
    let backend = Backend::start();
    let gateway = gateway(&backend, &[("REGION", "us"), ("OPEN", "false"), ("PLAN", "large")]);
    let answer = get(gateway.address(), "/v1/answer");
    assert_eq!(
        answer.text(),
        r#"{"region":"us","limit":50,"rate":19.50,"code":"DE","amount":"12.50","open":false,"plan":"large","is_eu":false,"first":"us"}"#
    );
    assert_eq!(answer.header("x-region"), Some("us"));
    assert_eq!(answer.header("x-limit"), Some("50"));
    assert_eq!(fetch(&gateway, "/v1/answer?name=n")["first"], "n");
}

#[test]
fn conditions_fallbacks_errors_and_elements_see_variables() {
    let backend = Backend::start()
        .answer("GET", "/each/a?region=eu", 200, FINE)
        .answer("GET", "/each/b?region=eu", 200, FINE)
        .answer("GET", "/limits", 200, FINE);
    let open = gateway(&backend, &[]);
    let closed = gateway(&backend, &[("OPEN", "false")]);
    let document = problem(&get(open.address(), "/v1/open"), 503, "environment:closed");
    assert_eq!((&document["region"], &document["limit"]), (&json!("eu"), &json!(50)));
    assert_eq!(fetch(&closed, "/v1/open"), json!({ "value": "eu" }));
    assert_eq!(fetch(&open, "/v1/each?id=a&id=b"), json!({ "values": ["fine", "fine"] }));
    assert_eq!(fetch(&open, "/v1/limits?size=50"), json!({ "value": "fine" }));
    assert_eq!(fetch(&open, "/v1/limits?size=51"), json!({ "value": "too large" }));
}

#[test]
fn every_place_has_its_say_before_the_gateway_listens() {
    let refusal = |changed: &[(&str, &str)]| {
        Gateway::refusal(&CONTRACT, &environment("http://127.0.0.1:1", changed))
    };
    assert_eq!(refusal(&[]), None);
    for (name, text, expected) in [
        ("REGION", "eu\r\nX-Admin: 1", "must be the value of a header field"),
        ("REGION", "north-west", "is `north-west`, must be"),
        ("TENANT", "..", "must be a segment of a path"),
        ("LIMIT", "+5", "is `+5`, must be"),
        ("LIMIT", "101", "is `101`, must be"),
        ("LIMIT", "many", "is `many`, must be a whole number"),
        ("RATE", "1e-3", "is `1e-3`, must be"),
        ("RATE", "100.00", "is `100.00`, must be"),
        ("CODE", "de", "is `de`, must be"),
        ("PLAN", "medium", "is `medium`, must be"),
        ("OPEN", "yes", "is `yes`, must be `true` or `false`"),
    ] {
        let report = refusal(&[(name, text)]).unwrap_or_default();
        assert!(report.contains(&format!("invalid: {name}")), "{name}={text}: {report}");
        assert!(report.contains(expected), "{name}={text}: {report}");
    }
    let secret = refusal(&[("TARGET_TOKEN", "hunter2\r\nX-Admin: 1")]).unwrap_or_default();
    assert!(secret.contains("TARGET_TOKEN") && !secret.contains("hunter2"), "{secret}");
    let all =
        refusal(&[("REGION", "north-west"), ("CODE", "de"), ("RATE", "")]).unwrap_or_default();
    assert_eq!(all.matches("invalid: ").count(), 2, "{all}");
    assert_eq!(all.matches("missing: RATE").count(), 1, "{all}");
}
