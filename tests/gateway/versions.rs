//! Which version answers, and what callers are told about it.

use gatewright_runtime::testing::{Answer, Backend, Gateway, Running, get, send};
use serde_json::json;

use crate::ask::{NOBODY, problem, value};
use crate::contracts::{by_header, by_media};

fn by_header(store: &str) -> Running {
    Gateway::start(&by_header::CONTRACT, &[("STORE_URL", store)])
}

fn by_media(store: &str) -> Running {
    Gateway::start(&by_media::CONTRACT, &[("STORE_URL", store)])
}

fn ask(gateway: &Running, method: &str, target: &str, fields: &[(&str, &str)]) -> Answer {
    send(gateway.address(), method, target, fields, b"")
}

fn store() -> Backend {
    let item = json!({ "id": 7, "title": "Shoes" }).to_string();
    Backend::start().answer("GET", "/items/7", 200, &item)
}

#[test]
fn a_header_field_names_the_version() {
    let store = store();
    let gateway = by_header(&store.url());
    let first = json!({ "id": 7, "title": "Shoes" });
    let second = json!({ "id": 7, "name": "Shoes" });
    for (named, label, body) in [
        (None, "1", &first),
        (Some("1"), "1", &first),
        (Some("2"), "2", &second),
        (Some("2026-09-01"), "2026-09-01", &second),
    ] {
        let field = named.map(|named| ("api-version", named));
        let answer = ask(&gateway, "GET", "/items/7", field.as_slice());
        assert_eq!((answer.status, &value(&answer)), (200, body), "{named:?}");
        assert_eq!(answer.header("api-version"), Some(label));
        assert_eq!(answer.header("vary"), Some("Api-Version"));
        let ends = answer.header("sunset").is_some();
        assert_eq!(ends, label == "1", "{label}");
    }
}

#[test]
fn a_header_field_that_names_no_version_is_400() {
    let gateway = by_header(NOBODY);
    for fields in [
        &[("Api-Version", "3")][..],
        &[("Api-Version", "")],
        &[("Api-Version", "v1")],
        &[("Api-Version", "1, 2")],
        &[("Api-Version", "1"), ("Api-Version", "1")],
        &[("Api-Version", "\u{e9}")],
    ] {
        for target in ["/items/7", "/nowhere"] {
            let answer = ask(&gateway, "GET", target, fields);
            let document = problem(&answer, 400, "gateway:unknown-version");
            assert_eq!(document["versions"], json!(["1", "2", "2026-09-01"]), "{fields:?}");
            assert!(!answer.text().contains('\u{e9}'), "nothing that was sent comes back");
            assert_eq!(answer.header("vary"), Some("Api-Version"));
            assert_eq!(answer.header("api-version"), None);
        }
    }
}

#[test]
fn every_version_has_routes_of_its_own() {
    let gateway = by_header(NOBODY);
    let in_version =
        |method, target, label| ask(&gateway, method, target, &[("Api-Version", label)]);
    assert_eq!(in_version("GET", "/old", "1").status, 200);
    assert_eq!(in_version("GET", "/new", "2026-09-01").status, 200);
    for (target, label) in [("/old", "2"), ("/new", "1"), ("/new", "2")] {
        let answer = in_version("GET", target, label);
        problem(&answer, 404, "gateway:no-route");
        assert_eq!(answer.header("api-version"), Some(label), "{target}");
        assert_eq!(answer.header("vary"), Some("Api-Version"));
    }
    let answer = in_version("DELETE", "/old", "1");
    problem(&answer, 405, "gateway:method");
    assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS"));
    assert_eq!(answer.header("api-version"), Some("1"));
    let head = in_version("HEAD", "/new", "2026-09-01");
    assert_eq!((head.status, head.header("api-version")), (200, Some("2026-09-01")));
    let options = in_version("OPTIONS", "/items", "2");
    assert_eq!((options.status, options.header("allow")), (204, Some("POST, OPTIONS")));
    assert_eq!(options.header("vary"), Some("Api-Version"));
}

#[test]
fn the_end_of_a_version_is_told_where_no_endpoint_answers_too() {
    let gateway = by_header(NOBODY);
    for (method, target, status) in
        [("GET", "/nowhere", 404), ("DELETE", "/old", 405), ("OPTIONS", "/old", 204)]
    {
        let answer = ask(&gateway, method, target, &[("Api-Version", "1")]);
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("deprecation"), Some("@1788220800"), "{method} {target}");
        assert_eq!(answer.header("sunset"), Some("Sun, 01 Mar 2099 00:00:00 GMT"));
        let other = ask(&gateway, method, target, &[("Api-Version", "2")]);
        assert_eq!(other.header("deprecation"), None, "{method} {target}");
    }
}

#[test]
fn a_media_type_names_the_version() {
    let store = store();
    let gateway = by_media(&store.url());
    for (accept, label) in [
        ("application/vnd.shop.v1+json", "1"),
        ("application/vnd.shop.v1+json;q=0.9, application/vnd.shop.v2+json;q=0.3", "1"),
        ("application/vnd.shop.v2+json", "2"),
        ("application/json", "2"),
        ("text/html, */*;q=0.1", "2"),
    ] {
        let answer = ask(&gateway, "GET", "/items/7", &[("Accept", accept)]);
        let name = if label == "1" { "title" } else { "name" };
        assert_eq!(value(&answer)[name], "Shoes", "{accept}");
        let wanted = format!("application/vnd.shop.v{label}+json");
        assert_eq!(answer.header("content-type"), Some(&*wanted), "{accept}");
        assert_eq!(answer.header("vary"), Some("Accept"));
    }
    assert_eq!(value(&get(gateway.address(), "/items/7"))["name"], "Shoes");
    let nothing = get(gateway.address(), "/nothing");
    assert_eq!((nothing.status, nothing.header("content-type")), (204, None));
}

#[test]
fn a_media_type_of_no_version_is_400() {
    let gateway = by_media(NOBODY);
    let answer =
        ask(&gateway, "GET", "/items/7", &[("Accept", "application/vnd.shop.v7+json, text/html")]);
    let document = problem(&answer, 400, "gateway:unknown-version");
    assert_eq!(document["versions"], json!(["1", "2"]));
    assert_eq!(answer.header("vary"), Some("Accept"));
}

#[test]
fn what_is_passed_on_keeps_its_own_media_type() {
    let store = Backend::start().answer("GET", "/raw", 200, "{}");
    let gateway = by_media(&store.url());
    let answer = ask(&gateway, "GET", "/raw", &[("Accept", "application/vnd.shop.v1+json")]);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("vary"), Some("Accept"));
}

#[test]
fn a_path_of_no_version_says_which_there_are() {
    let gateway = Gateway::start(
        &crate::contracts::reuse::CONTRACT,
        &[("STORE_URL", NOBODY), ("RATES_URL", NOBODY)],
    );
    let document = problem(&get(gateway.address(), "/v9/hits"), 404, "gateway:no-route");
    let detail = document["detail"].as_str().unwrap_or_default();
    assert!(detail.starts_with("this gateway has no such version, it has 1"), "{detail}");
    for other in ["/", "/hits", "/v/hits", "/vx/hits", "/v-/hits", "/favicon.ico"] {
        let document = problem(&get(gateway.address(), other), 404, "gateway:no-route");
        assert_eq!(document["detail"], json!(null), "{other}");
    }
}
