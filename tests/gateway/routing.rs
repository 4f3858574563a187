//! Which request leads where.

use gatewright_runtime::testing::{Gateway, Running, get, send};
use serde_json::json;

use crate::ask::{fetch, names, post, problem, violations};
use crate::contracts::routes::CONTRACT;

fn gateway() -> Running {
    Gateway::start(&CONTRACT, &[])
}

/// The name of the route that answers a GET.
#[track_caller]
fn route(gateway: &Running, target: &str) -> String {
    fetch(gateway, target)["route"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_literal_wins_over_a_parameter() {
    let gateway = gateway();
    assert_eq!(route(&gateway, "/v1/items/top"), "top");
    assert_eq!(fetch(&gateway, "/v1/items/tops"), json!({"route": "item", "id": "tops"}));
    assert_eq!(fetch(&gateway, "/v1/items/Top"), json!({"route": "item", "id": "Top"}));
    let part = json!({"route": "part", "id": "a", "part": "top"});
    assert_eq!(fetch(&gateway, "/v1/items/a/parts/top"), part);
    let part = json!({"route": "top part", "part": "a"});
    assert_eq!(fetch(&gateway, "/v1/items/top/parts/a"), part);
}

#[test]
fn a_literal_of_one_method_hides_no_parameter_of_another() {
    let gateway = gateway();
    let answer = send(gateway.address(), "PUT", "/v1/items/top", &[], b"");
    assert_eq!(answer.text(), r#"{"route":"put","id":"top"}"#);
    assert_eq!(send(gateway.address(), "DELETE", "/v1/items/top", &[], b"").status, 204);
    let answer = send(gateway.address(), "DELETE", "/v1/items/other", &[], b"");
    problem(&answer, 405, "gateway:method");
    assert_eq!(names(&answer, "allow"), ["GET", "HEAD", "OPTIONS", "PUT"]);
}

#[test]
fn patterns_that_cannot_meet_tell_parameters_apart() {
    let gateway = gateway();
    assert_eq!(fetch(&gateway, "/v1/codes/12"), json!({"route": "number", "id": "12"}));
    assert_eq!(fetch(&gateway, "/v1/codes/ab"), json!({"route": "word", "id": "ab"}));
    for neither in ["/v1/codes/a1", "/v1/codes/A", "/v1/codes/1a", "/v1/codes/%C3%A9"] {
        let status = get(gateway.address(), neither).status;
        assert!(matches!(status, 400 | 404), "{neither}: {status}");
    }
}

#[test]
fn a_path_is_decoded_once_and_segment_by_segment() {
    let gateway = gateway();
    for (encoded, id) in [
        ("a%2Fb", "a/b"),
        ("a%2fb", "a/b"),
        ("%2570", "%70"),
        ("%252F", "%2F"),
        ("a+b", "a+b"),
        ("a%20b", "a b"),
        ("a%3Fb%23c", "a?b#c"),
        ("%E2%82%AC", "€"),
        ("%22%5C", "\"\\"),
        ("...", "..."),
    ] {
        let expected = json!({"route": "item", "id": id});
        assert_eq!(fetch(&gateway, &format!("/v1/items/{encoded}")), expected, "{encoded}");
    }
    assert_eq!(route(&gateway, "/v1/items/%74op"), "top");
    assert_eq!(route(&gateway, "/v1/caf%C3%A9"), "coffee");
    assert_eq!(route(&gateway, "/%761/caf%c3%a9"), "coffee");
}

#[test]
fn a_path_that_two_readers_could_read_differently_is_400() {
    let gateway = gateway();
    for path in [
        "/v1/items/..",
        "/v1/items/.",
        "/v1/items/%2e%2e",
        "/v1/items/%2E",
        "/v1/../v2/items",
        "/v1/items/a%00",
        "/v1/items/a%0D%0Ab",
        "/v1/items/%zz",
        "/v1/items/%f",
        "/v1/items/%ff",
    ] {
        problem(&get(gateway.address(), path), 400, "gateway:invalid-request");
    }
}

#[test]
fn an_empty_segment_is_never_a_value() {
    let gateway = gateway();
    for path in ["/v1/items//parts/a", "/v1//items", "//v1/items", "/v1/items//", "/", "/v1/"] {
        let document = problem(&get(gateway.address(), path), 404, "gateway:no-route");
        assert_eq!(document.get("detail"), None, "{path}");
    }
}

#[test]
fn a_trailing_slash_is_404_with_a_hint() {
    let gateway = gateway();
    for path in ["/v1/items/", "/v1/items/top/", "/v1/items/a/parts/b/"] {
        let document = problem(&get(gateway.address(), path), 404, "gateway:no-route");
        let detail = document["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("trailing slash"), "{path}: {detail}");
    }
}

#[test]
fn what_no_version_declares_is_404() {
    let gateway = gateway();
    for path in ["/v3/items", "/v1", "/items", "/V1/items", "/v01/items", "/v1/fresh", "/v1/nope"] {
        let answer = get(gateway.address(), path);
        problem(&answer, 404, "gateway:no-route");
        assert!(!answer.text().contains("nope"));
    }
}

#[test]
fn a_version_has_what_it_inherits_but_for_its_edits() {
    let gateway = gateway();
    assert_eq!(fetch(&gateway, "/v2/items/top"), json!({"route": "item", "id": "top"}));
    assert_eq!(route(&gateway, "/v2/fresh"), "fresh");
    assert_eq!(route(&gateway, "/v2/items/top/parts/a"), "top part");
    let answer = send(gateway.address(), "DELETE", "/v2/items/top", &[], b"");
    problem(&answer, 405, "gateway:method");
}

#[test]
fn a_method_that_a_path_does_not_answer_is_405_with_those_that_it_does() {
    let gateway = gateway();
    for (method, path, allow) in [
        ("PATCH", "/v1/items", vec!["GET", "HEAD", "OPTIONS", "POST"]),
        ("PATCH", "/v1/items/top", vec!["DELETE", "GET", "HEAD", "OPTIONS", "PUT"]),
        ("GET", "/v1/beat", vec!["HEAD", "OPTIONS", "POST"]),
        ("get", "/v1/caf%C3%A9", vec!["GET", "HEAD", "OPTIONS"]),
        ("BREW", "/v1/caf%C3%A9", vec!["GET", "HEAD", "OPTIONS"]),
    ] {
        let answer = send(gateway.address(), method, path, &[], b"");
        problem(&answer, 405, "gateway:method");
        assert_eq!(names(&answer, "allow"), allow, "{method} {path}");
        let answer = send(gateway.address(), "OPTIONS", path, &[], b"");
        assert_eq!((answer.status, names(&answer, "allow")), (204, allow), "{path}");
    }
    problem(&send(gateway.address(), "OPTIONS", "/v1/nope", &[], b""), 404, "gateway:no-route");
}

#[test]
fn head_follows_get_and_can_be_declared() {
    let gateway = gateway();
    let got = get(gateway.address(), "/v1/items/a");
    let head = send(gateway.address(), "HEAD", "/v1/items/a", &[], b"");
    assert_eq!((head.status, head.text().as_str()), (200, ""));
    for field in ["content-type", "content-length"] {
        assert_eq!(head.header(field), got.header(field));
    }
    assert_eq!(send(gateway.address(), "HEAD", "/v1/beat", &[], b"").status, 204);
    assert_eq!(send(gateway.address(), "HEAD", "/v1/nope", &[], b"").status, 404);
}

#[test]
fn one_path_has_a_handler_per_method() {
    let gateway = gateway();
    assert_eq!(route(&gateway, "/v1/items"), "items");
    let answer = post(&gateway, "/v1/items", r#"{"name":"a"}"#);
    assert_eq!((answer.status, answer.text().as_str()), (201, r#"{"route":"new a"}"#));
    let target = "/v1/admin/deep/levels/3";
    assert_eq!(fetch(&gateway, target), json!({"level": 3}));
}

#[test]
fn a_value_that_its_type_refuses_is_400_not_404() {
    let gateway = gateway();
    for path in ["/v1/admin/deep/levels/0", "/v1/admin/deep/levels/x", "/v1/admin/deep/levels/03"] {
        assert_eq!(violations(&get(gateway.address(), path)), ["path level"], "{path}");
    }
    let answer = get(gateway.address(), "/v1/items/a/parts/123456789");
    assert_eq!(violations(&answer), ["path part"]);
    assert!(!answer.text().contains("123456789"));
}
