//! Paths and methods.

use gatewright_runtime::codegen as rt;
use gatewright_runtime::testing::{Backend, Client, Gateway, get, send};

use crate::contract::gateway;

const NOWHERE: &str = "http://127.0.0.1:1";

#[test]
fn an_endpoint_answers_with_its_backends_result() {
    let backend = Backend::start().answer("GET", "/items/p_1", 200, r#"{"id":"p_1"}"#);
    let gateway = gateway(&backend.url());
    let answer = get(gateway.address(), "/v1/plain/items/p_1");
    assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"id":"p_1"}"#));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(backend.requests().len(), 1);
}

#[test]
fn what_is_no_route_is_404_and_a_trailing_slash_is_explained() {
    let gateway = gateway(NOWHERE);
    for target in
        ["/v2/plain/items/p_1", "/v1", "/nothing", "//", "/v1//items/p_1", "/v1/plain/items/"]
    {
        let answer = get(gateway.address(), target);
        assert_eq!(answer.status, 404, "{target}");
        assert!(answer.text().contains("urn:problem:gateway:no-route"), "{target}");
        assert!(!answer.text().contains("detail"), "{target}: {}", answer.text());
    }
    let answer = get(gateway.address(), "/v1/plain/items/p_1/");
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains("trailing slash"), "{}", answer.text());
    assert_eq!(get(gateway.address(), "/").status, 204);
}

#[test]
fn an_encoded_slash_stays_inside_its_segment_on_both_sides() {
    let backend = Backend::start().answer("GET", "/items/a%2Fb%3F%252e", 200, "1");
    let gateway = gateway(&backend.url());
    assert_eq!(get(gateway.address(), "/v1/plain/items/a%2fb%3F%252e").status, 200);
    assert_eq!(get(gateway.address(), "/v1/plain/items/a/b").status, 404);
}

#[test]
fn paths_that_two_readers_could_read_differently_are_400() {
    let backend = Backend::start();
    let gateway = gateway(&backend.url());
    for segment in ["%", "%4", "%zz", "%00", "%0d%0a", "%ff", ".", "..", "%2e%2e", "%2E.", "é"] {
        let target = format!("/v1/plain/items/{segment}");
        let answer = get(gateway.address(), &target);
        assert_eq!(answer.status, 400, "{target}");
    }
    assert!(backend.requests().is_empty());
}

#[test]
fn methods_are_listed_and_others_are_405() {
    let gateway = gateway(NOWHERE);
    let target = "/v1/plain/items/p_1";
    for method in ["DELETE", "PATCH", "TRACE", "BREW", "get"] {
        let answer = send(gateway.address(), method, target, &[], b"");
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), Some("GET, PUT, POST, HEAD, OPTIONS"));
    }
    let answer = send(gateway.address(), "OPTIONS", target, &[], b"");
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    assert_eq!(answer.header("allow"), Some("GET, PUT, POST, HEAD, OPTIONS"));
    assert_eq!(send(gateway.address(), "OPTIONS", "/nothing", &[], b"").status, 404);
}

#[test]
fn head_follows_get_without_a_body() {
    let backend = Backend::start().answer("GET", "/items/p_1", 200, r#"{"id":"p_1"}"#);
    let gateway = gateway(&backend.url());
    let mut client = Client::connect(gateway.address());
    for _ in 0..2 {
        client.request("HEAD", "/v1/plain/items/p_1", &[], b"");
        let answer = client.answer("HEAD").expect("an answer without a body");
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-length"), Some("12"));
    }
    client.request("HEAD", "/nothing", &[], b"");
    assert_eq!(client.answer("HEAD").expect("an answer").status, 404);
    client.request("GET", "/v1/plain/items/p_1", &[], b"");
    assert_eq!(client.answer("GET").expect("an answer").body.len(), 12);
}

#[test]
fn the_other_forms_of_a_target_are_understood_or_refused() {
    let backend = Backend::start().answer("GET", "/items/p_1", 200, "1");
    let gateway = gateway(&backend.url());
    let answer = get(gateway.address(), "http://gateway.test/v1/plain/items/p_1");
    assert_eq!(answer.status, 200);
    for (method, target) in [("OPTIONS", "*"), ("GET", "v1"), ("CONNECT", "a:80")] {
        let answer = send(gateway.address(), method, target, &[], b"");
        assert_eq!(answer.status, 400, "{method} {target}");
    }
}

#[test]
fn values_reach_a_query_encoded_and_nowhere_else() {
    let backend =
        Backend::start().answer("GET", "/find?size=20&text=a%26b%3D1%20%23&tag=x&tag=", 200, "1");
    let gateway = gateway(&backend.url());
    let answer = get(gateway.address(), "/v1/search?q=a%26b%3D1+%23&tag=x&tag=");
    assert_eq!(answer.status, 200, "{:?}", backend.requests());
}

#[test]
fn a_query_that_is_not_declared_is_400() {
    let gateway = gateway(NOWHERE);
    let answer = get(gateway.address(), "/v1/search?q=1&q=2&admin=1&%0a=2");
    assert_eq!(answer.status, 400);
    let problem: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    let names: Vec<_> = problem["errors"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|error| error["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["admin", "\n", "q"]);
    assert_eq!(get(gateway.address(), "/v1/search?q=%zz").status, 400);
}

#[test]
fn a_version_that_ends_says_so_on_every_answer() {
    let backend = Backend::start().answer("GET", "/items/p%2F1", 200, "1");
    let gateway = gateway(&backend.url());
    for (id, status) in [("p%2F1", 200), ("other", 404)] {
        let answer = get(gateway.address(), &format!("/v1/ending/{id}?page=2"));
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("deprecation"), Some("@1788220800"));
        assert_eq!(answer.header("sunset"), Some("Mon, 01 Mar 2027 00:00:00 GMT"));
        let successor = format!("</v2/ending/{id}>; rel=\"successor-version\"");
        let sunset = "<https://shop.example/end>; rel=\"sunset\"";
        assert_eq!(answer.headers("link"), [sunset, &successor]);
    }
    assert_eq!(get(gateway.address(), "/v1/plain/items/p_1").header("link"), None);
}

/// A contract whose version 0 is retired, and whose version 2 another gateway answers.
static SECOND: rt::Contract = rt::Contract {
    versions: &[rt::Version {
        label: "1",
        digest: "",
        draft: false,
        published: None,
        prefix: &["v1"],
        media_type: "application/json",
        lifecycle: None,
        source: "",
        endpoints: &[],
        route: |path| match path {
            ["v1", "ending", _] => const { &[&crate::contract::ENDING_GET] },
            _ => &[],
        },
    }],
    elsewhere: &[
        rt::Elsewhere {
            label: "0",
            prefix: &["v0"],
            place: 0,
            retired: true,
            see: Some("https://shop.example/v0"),
        },
        rt::Elsewhere { label: "2", prefix: &["v2"], place: 1, retired: false, see: None },
    ],
    api: "shop",
    ..rt::Contract::EMPTY
};

#[test]
fn a_retired_version_is_410_with_a_link() {
    let gateway = Gateway::start(&SECOND, &[]);
    let answer = send(gateway.address(), "DELETE", "/v0/ending/p%2F1%22?page=2", &[], b"");
    assert_eq!(answer.status, 410);
    let problem: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(problem["type"], "urn:problem:gateway:retired");
    assert_eq!(
        answer.headers("link"),
        [
            "<https://shop.example/v0>; rel=\"sunset\"",
            "</v1/ending/p%2F1%22>; rel=\"successor-version\"",
        ]
    );
    let other = get(gateway.address(), "/v0/nowhere");
    assert_eq!(other.status, 410, "whatever the path is");
    assert_eq!(other.headers("link"), ["<https://shop.example/v0>; rel=\"sunset\""]);
}

#[test]
fn a_version_that_another_gateway_answers_is_404_with_a_link() {
    let gateway = Gateway::start(&SECOND, &[]);
    let answer = get(gateway.address(), "/v2/ending/7");
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains("another gateway answers this version"), "{}", answer.text());
    assert_eq!(answer.headers("link"), ["</v1/ending/7>; rel=\"predecessor-version\""]);
    let unknown = get(gateway.address(), "/v3/ending/7");
    assert_eq!((unknown.status, unknown.header("link")), (404, None));
    assert!(unknown.text().contains("it has 1"), "{}", unknown.text());
}
