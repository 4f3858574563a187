//! Parameters for the rest of a path: what they match, hold and send on.

use gatewright_runtime::testing::{Backend, Gateway, Running, get, send};

use crate::ask::{NOBODY, fetch, names, problem, sent, violations};
use crate::contracts::paths::CONTRACT;

fn gateway() -> Running {
    Gateway::start(&CONTRACT, &[("STORE_URL", NOBODY)])
}

#[track_caller]
fn route(gateway: &Running, target: &str) -> (String, String) {
    let found = fetch(gateway, target);
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    let value = if found["rest"].is_null() { text("id") } else { text("rest") };
    (text("route"), value)
}

#[track_caller]
fn leads(gateway: &Running, target: &str, wanted: &str, value: &str) {
    assert_eq!(route(gateway, target), (wanted.to_owned(), value.to_owned()), "{target}");
}

#[test]
fn the_rest_is_one_segment_or_more() {
    let gateway = gateway();
    leads(&gateway, "/v1/files/x/y", "files", "x/y");
    leads(&gateway, "/v1/files/x", "files", "x");
    leads(&gateway, "/v1/files/x/y/z/1/2/3/4/5/6", "files", "x/y/z/1/2/3/4/5/6");
    leads(&gateway, "/v1/files/caf%C3%A9/a%20b", "files", "café/a b");
    for nothing in ["/v1/files", "/v1/files/", "/v1/raw", "/v1/raw/", "/v1/"] {
        let document = problem(&get(gateway.address(), nothing), 404, "gateway:no-route");
        assert_eq!(document.get("detail"), None, "{nothing}");
    }
}

#[test]
fn literals_win_over_parameters_and_those_over_the_rest() {
    let gateway = gateway();
    leads(&gateway, "/v1/files/top", "top", "");
    leads(&gateway, "/v1/files/7", "number", "7");
    leads(&gateway, "/v1/files/seven", "files", "seven");
    leads(&gateway, "/v1/files/top/x", "below top", "x");
    leads(&gateway, "/v1/files/top/x/y", "below top", "x/y");
    leads(&gateway, "/v1/files/x/meta", "meta", "x");
    leads(&gateway, "/v1/files/x/meta/y", "files", "x/meta/y");
    leads(&gateway, "/v1/files/a/b/c", "abc", "");
    leads(&gateway, "/v1/files/a/b", "files", "a/b");
    leads(&gateway, "/v1/files/a/b/c/d", "files", "a/b/c/d");
    leads(&gateway, "/v1/files/a/x", "files", "a/x");
}

#[test]
fn two_rests_at_one_place_give_way_to_the_longer() {
    let gateway = gateway();
    leads(&gateway, "/v2/anything", "all", "anything");
    leads(&gateway, "/v2/files", "all", "files");
    leads(&gateway, "/v2/files/7", "files", "7");
    leads(&gateway, "/v2/files/top/x", "below top", "x");
    leads(&gateway, "/v2/bounded/up/ab", "up", "ab");
    leads(&gateway, "/v2/bounded", "all", "bounded");
    leads(&gateway, "/v2/one", "all", "one");
}

#[test]
fn a_method_finds_the_rest_where_another_has_something_more_literal() {
    let gateway = gateway();
    for (method, target, expected) in [
        ("POST", "/v1/files/top", r#"{"route":"new","rest":"top"}"#),
        ("POST", "/v1/files/a/b/c", r#"{"route":"new","rest":"a/b/c"}"#),
        ("PUT", "/v1/files/a/meta", r#"{"route":"put meta","id":"a"}"#),
    ] {
        assert_eq!(send(gateway.address(), method, target, &[], b"").text(), expected);
    }
    let answer = send(gateway.address(), "PUT", "/v1/files/x", &[], b"");
    problem(&answer, 405, "gateway:method");
    assert_eq!(names(&answer, "allow"), ["GET", "HEAD", "OPTIONS", "POST"]);
    let answer = send(gateway.address(), "OPTIONS", "/v1/files/x/meta", &[], b"");
    assert_eq!(names(&answer, "allow"), ["GET", "HEAD", "OPTIONS", "POST", "PUT"]);
}

#[test]
fn a_slash_at_the_end_belongs_to_the_rest() {
    let gateway = gateway();
    leads(&gateway, "/v1/files/x/", "files", "x/");
    leads(&gateway, "/v1/files/a/b/", "files", "a/b/");
    assert_eq!(sent(&CONTRACT, "/v1/raw/docs/").target, "/base/docs/");
    // It does not lead past a more literal route to what may be the same place.
    for literal in ["/v1/files/top/", "/v1/files/7/", "/v1/files/a/b/c/", "/v1/files/x/meta/"] {
        let answer = get(gateway.address(), literal);
        problem(&answer, 405, "gateway:method");
        assert_eq!(names(&answer, "allow"), ["OPTIONS", "POST"], "{literal}");
    }
    for inside in ["/v1/files//x", "/v1/files/x//", "/v1/files/x//y"] {
        problem(&get(gateway.address(), inside), 404, "gateway:no-route");
    }
}

#[test]
fn its_type_is_checked_as_one_text() {
    let gateway = gateway();
    leads(&gateway, "/v1/bounded/up/ab/cd", "up", "ab/cd");
    for bad in ["/v1/bounded/up/a", "/v1/bounded/up/a/b/c/d/e/f/g"] {
        let answer = get(gateway.address(), bad);
        assert_eq!(violations(&answer), ["path path"]);
        assert!(answer.text().contains("text(2..12)"), "{}", answer.text());
    }
}

#[test]
fn it_is_sent_on_segment_by_segment() {
    for (rest, expected) in [
        ("a/b", "/base/a/b"),
        ("a", "/base/a"),
        ("a%2Fb/c", "/base/a%2Fb/c"),
        ("a%3Fx=1/b%23", "/base/a%3Fx%3D1/b%23"),
        ("%252e%252e/%25", "/base/%252e%252e/%25"),
        ("caf%C3%A9/%2B+", "/base/caf%C3%A9/%2B%2B"),
        ("a;b=c/d&e", "/base/a%3Bb%3Dc/d%26e"),
        (".../..a", "/base/.../..a"),
    ] {
        assert_eq!(sent(&CONTRACT, &format!("/v1/raw/{rest}")).target, expected, "{rest}");
    }
    assert_eq!(sent(&CONTRACT, "/v2/raw/a/b").target, "/second/a/b");
}

#[test]
fn without_a_star_it_is_one_value() {
    let received = sent(&CONTRACT, "/v1/one/a/b%2Fc");
    assert_eq!(received.target, "/base/a%2Fb%2Fc/end?path=a%2Fb%2Fc");
    assert_eq!(received.header("x-path"), Some("<a/b/c>"));
}

#[test]
fn it_never_climbs() {
    let backend = Backend::start();
    let gateway = Gateway::start(&CONTRACT, &[("STORE_URL", &backend.url())]);
    for climbing in [
        "..",
        ".",
        "a/..",
        "a/%2e%2e/b",
        "a/.%2E",
        "..%2Fadmin",
        "a%2F..%2F..%2Fadmin",
        "a/..%5C..%5Cb",
        "%2e%2e%5c",
        "a%2F.",
        "x/%2e%2e%2f",
    ] {
        let answer = get(gateway.address(), &format!("/v1/raw/{climbing}"));
        problem(&answer, 400, "gateway:invalid-request");
    }
    assert_eq!(backend.requests().len(), 0);
    let answer = get(gateway.address(), "/v1/raw/a%2F..%2Fb");
    assert_eq!(violations(&answer), ["path path"]);
}
