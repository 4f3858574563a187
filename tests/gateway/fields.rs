//! Forms that backends are sent: every value stays in its field.

use gatewright_runtime::testing::{Backend, Gateway, Received, Running, send};

use crate::ask::{JSON, post};
use crate::contracts::fields::CONTRACT;

const FINE: &str = r#"{"value":"fine"}"#;

fn gateway(backend: &Backend) -> Running {
    Gateway::start(&CONTRACT, &[("TARGET_URL", &backend.url())])
}

fn text(request: &Received) -> String {
    String::from_utf8(request.body.clone()).expect("a form is ASCII")
}

/// The form of the one request that a body at this target led to.
#[track_caller]
fn sent(target: &str, body: &str) -> String {
    let backend = Backend::start();
    let answer = post(&gateway(&backend), target, body);
    let requests = backend.requests();
    assert_eq!(requests.len(), 1, "{}", answer.text());
    let request = &requests[0];
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    text(request)
}

#[test]
fn each_value_is_a_field_and_absent_ones_are_not_sent() {
    assert_eq!(
        sent("/v1/login?note=n&tag=x&tag=y", r#"{"user":"a b","pin":7,"tags":["1","2&3"]}"#),
        "grant=password&user=a+b&pin=7&note=n&tags=1&tags=2%263&tag=x&tag=y&who=a+b%21&remember=false&fixed=12.50"
    );
    assert_eq!(
        sent("/v1/login", r#"{"user":""}"#),
        "grant=password&user=&who=%21&remember=false&fixed=12.50"
    );
}

#[test]
fn a_value_adds_no_field() {
    let form = sent("/v1/login", r#"{"user":"a&admin=1\r\nb=c+d%26é"}"#);
    assert!(form.contains("user=a%26admin%3D1%0D%0Ab%3Dc%2Bd%2526%C3%A9&"), "{form}");
    assert_eq!(form.matches('=').count(), 5, "{form}");
}

#[test]
fn a_declared_body_goes_field_by_field() {
    assert_eq!(sent("/v1/all", r#"{"user":"a","tags":["1"]}"#), "user=a&tags=1&remember=false");
    let backend = Backend::start().answer("PUT", "/login", 200, FINE);
    let gateway = gateway(&backend);
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let answer =
        send(gateway.address(), "POST", "/v1/more", &[form], b"user=a+b&pin=1&tags=p&tags=q");
    assert_eq!(answer.text(), FINE);
    let request = backend.wait_for(1).remove(0);
    assert_eq!(text(&request), "pin=1&tags=p&tags=q&remember=false&user=x&extra=y");
}

#[test]
fn the_form_of_an_operation_is_checked() {
    let backend = Backend::start().answer("POST", "/token", 200, r#"{"token":"t"}"#);
    let gateway = gateway(&backend);
    let answer = post(&gateway, "/v1/typed?scope=s", r#"{"user":"a","tags":["1","2"]}"#);
    assert_eq!(answer.text(), r#"{"token":"t"}"#);
    assert_eq!(text(&backend.wait_for(1)[0]), "grant_type=password&scope=s&tags=1&tags=2");
    let long = post(&gateway, "/v1/typed?scope=0123456789", r#"{"user":"a"}"#);
    assert_eq!((long.status, backend.requests().len()), (502, 1), "{}", long.text());
}

#[test]
fn a_value_of_a_result_must_be_one() {
    let first = |body: &str| {
        let backend =
            Backend::start().answer("GET", "/first", 200, body).answer("POST", "/login", 200, FINE);
        let answer = send(gateway(&backend).address(), "POST", "/v1/chain", &[JSON], b"");
        (answer.status, backend.requests().get(1).map(text))
    };
    let fine = r#"{"id":1e2,"name":"n","list":[{"id":true},{"id":"b"}],"none":null}"#;
    assert_eq!(first(fine), (200, Some("id=100&name=n&ids=true&ids=b".to_owned())));
    assert_eq!(first(r#"{"id":{"a":1},"name":"n","list":[]}"#), (502, None));
}
