//! What callers are told about the end of a version or an endpoint.

use gatewright_runtime::testing::{Backend, Gateway, Running, get, send};

use crate::contracts::sending::CONTRACT;

fn gateway(backend: &Backend) -> Running {
    Gateway::start(&CONTRACT, &[("TARGET_URL", &backend.url()), ("TARGET_KEY", "k-1")])
}

fn backend() -> Backend {
    Backend::start().answer("GET", "/fixed/a%2Fb/end", 200, r#"{"value":"fine"}"#)
}

#[test]
fn a_deprecated_version_says_so_on_every_answer() {
    let backend = backend();
    let gateway = gateway(&backend);
    for (method, target, status) in [
        ("GET", "/v1/path/a%2Fb", 200),
        ("HEAD", "/v1/path/a%2Fb", 200),
        ("GET", "/v1/path/other", 502),
        ("GET", "/v1/path/a%2Fb?x=1", 400),
    ] {
        let answer = send(gateway.address(), method, target, &[], b"");
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("deprecation"), Some("@1788220800"), "{method} {target}");
        assert_eq!(answer.header("sunset"), Some("Mon, 01 Mar 2027 00:00:00 GMT"));
        let links = answer.headers("link");
        assert!(links.contains(&"<https://sending.example/v2>; rel=\"deprecation\""), "{links:?}");
    }
}

#[test]
fn a_successor_is_named_where_it_has_the_same_route() {
    let backend = backend();
    let gateway = gateway(&backend);
    let answer = get(gateway.address(), "/v1/path/a%2Fb");
    let successor = "</v2/path/a%2Fb>; rel=\"successor-version\"";
    assert!(answer.headers("link").contains(&successor), "{:?}", answer.headers("link"));
    let answer = get(gateway.address(), "/v1/joined/a/b");
    assert_eq!(answer.headers("link").len(), 2, "{:?}", answer.headers("link"));
}

#[test]
fn a_deprecation_is_not_inherited() {
    let backend = backend();
    let gateway = gateway(&backend);
    let answer = get(gateway.address(), "/v2/path/a%2Fb");
    for field in ["deprecation", "sunset", "link"] {
        assert_eq!(answer.header(field), None, "{field}");
    }
}

#[test]
fn an_endpoint_can_be_deprecated_alone() {
    let backend = backend();
    let gateway = gateway(&backend);
    let answer = get(gateway.address(), "/v2/query?text=a");
    assert_eq!(answer.header("deprecation"), Some("@1790812800"));
    assert_eq!((answer.header("sunset"), answer.header("link")), (None, None));
}
