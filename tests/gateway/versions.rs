//! Which version answers, and what callers are told about it.

use std::process::Command;
use std::time::Duration;

use gatewright_runtime::testing::{Answer, Backend, Gateway, Running, get, send};
use serde_json::json;

use crate::ask::{NOBODY, problem, value};
use crate::contracts::{by_header, by_media, ending};

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

fn ending() -> Running {
    ending_beside(NOBODY)
}

fn ending_beside(store: &str) -> Running {
    Gateway::start(&ending::CONTRACT, &[("STORE_URL", store)])
}

#[test]
fn the_end_of_a_version_is_told_on_every_answer() {
    let gateway = ending();
    for (method, target, status) in [
        ("GET", "/v1/items/7", 200),
        ("GET", "/v1/items/x", 400),
        ("HEAD", "/v1/items/7", 200),
        ("GET", "/v1/nowhere", 404),
        ("DELETE", "/v1/items/7", 405),
        ("OPTIONS", "/v1/items/7", 204),
    ] {
        let answer = ask(&gateway, method, target, &[]);
        assert_eq!(answer.status, status, "{method} {target}");
        assert_eq!(answer.header("deprecation"), Some("@1788220800"), "{method} {target}");
        assert_eq!(answer.header("sunset"), Some("Sun, 01 Mar 2099 00:00:00 GMT"));
        let links = answer.headers("link");
        assert_eq!(links[0], "<https://shop.example/v1>; rel=\"deprecation\"");
        assert_eq!(links[1], "<https://shop.example/v1>; rel=\"sunset\"");
        let successor = (status == 200 || status == 400)
            .then(|| format!("<{}>; rel=\"successor-version\"", target.replace("v1", "v2")));
        assert_eq!(links.get(2).map(|link| (*link).to_owned()), successor, "{method} {target}");
    }
    let only = get(gateway.address(), "/v1/only");
    assert_eq!(only.headers("link").len(), 2, "no later version has it");
}

/// What somebody who is refused is told about the end of the version.
fn is_told(fields: &dyn Fn(&str) -> Vec<String>, what: &str) {
    assert_eq!(fields("deprecation"), ["@1788220800"], "{what}");
    assert_eq!(fields("sunset"), ["Sun, 01 Mar 2099 00:00:00 GMT"], "{what}");
    let links = fields("link").join(", ");
    assert!(links.contains("<https://shop.example/v1>; rel=\"deprecation\""), "{what}: {links}");
    assert!(links.contains("<https://shop.example/v1>; rel=\"sunset\""), "{what}: {links}");
}

#[test]
fn who_is_refused_is_told_of_the_end_as_well() {
    let store = Backend::start().slow("GET", "/stored", Duration::from_secs(1), "{}");
    let gateway = ending_beside(&store.url());
    assert_eq!(get(gateway.address(), "/v1/seldom").status, 204);
    let large = format!("{{\"text\":\"{}\"}}", "a".repeat(2_000));
    let json = ("Content-Type", "application/json");
    for (method, target, fields, body, status) in [
        ("GET", "/v1/seldom", &[][..], "", 429),
        ("POST", "/v1/notes", &[json], &large, 413),
        ("POST", "/v1/notes", &[("Content-Type", "text/plain")], "hello", 415),
        ("POST", "/v1/notes", &[json], "{", 400),
        ("GET", "/v1/stored", &[], "", 504),
        ("GET", "/v1/nowhere", &[], "", 404),
        ("PUT", "/v1/notes", &[], "", 405),
    ] {
        let answer = send(gateway.address(), method, target, fields, body.as_bytes());
        assert_eq!(answer.status, status, "{method} {target}: {}", answer.text());
        let fields = |name: &str| answer.headers(name).into_iter().map(str::to_owned).collect();
        is_told(&fields, &format!("{method} {target}"));
    }
    drop(gateway);
    let gateway = ending();
    let answer = get(gateway.address(), "/v1/stored");
    assert_eq!(answer.status, 502);
    is_told(&|name| answer.headers(name).into_iter().map(str::to_owned).collect(), "502");
}

#[test]
fn the_end_is_told_over_http_2_as_well() {
    let gateway = ending();
    for (target, status) in [
        ("/v1/items/7", "200"),
        ("/v1/items/x", "400"),
        ("/v1/nowhere", "404"),
        ("/v0/items/7", "410"),
    ] {
        for flags in ["-si", "-sI"] {
            let url = format!("http://{}{target}", gateway.address());
            let curl = Command::new("curl")
                .args([flags, "-m", "10", "--http2-prior-knowledge", &url])
                .output()
                .expect("curl is there");
            let text = String::from_utf8_lossy(&curl.stdout).into_owned();
            assert!(text.starts_with(&format!("HTTP/2 {status}")), "{flags} {target}: {text}");
            let fields = |name: &str| -> Vec<String> {
                let lines = text.lines().filter_map(|line| line.split_once(": "));
                let own = lines.filter(|(field, _)| *field == name);
                own.map(|(_, value)| value.trim().to_owned()).collect()
            };
            if target.starts_with("/v0") {
                assert_eq!(fields("sunset"), ["Wed, 01 Jan 2020 00:00:00 GMT"], "{text}");
                assert!(fields("link").join(", ").contains("successor-version"), "{text}");
            } else {
                is_told(&fields, target);
            }
        }
    }
}

#[test]
fn the_nearest_word_about_an_end_counts_part_by_part() {
    let gateway = ending();
    let first = get(gateway.address(), "/v1/first");
    assert_eq!(first.header("deprecation"), Some("@1782864000"));
    assert_eq!(first.header("sunset"), Some("Sat, 01 Mar 2098 00:00:00 GMT"));
    assert_eq!(
        first.headers("link"),
        ["</docs/first>; rel=\"deprecation\"", "</docs/first>; rel=\"sunset\""]
    );
    let product = get(gateway.address(), "/v1/products/7");
    assert_eq!(product.header("deprecation"), Some("@1788220800"), "that of the version");
    assert_eq!(product.header("sunset"), Some("Sun, 01 Mar 2099 00:00:00 GMT"));
    for plain in ["/v2/files/a", "/v2/nowhere"] {
        let answer = get(gateway.address(), plain);
        for field in ["deprecation", "sunset", "link"] {
            assert_eq!(answer.header(field), None, "{plain} {field}");
        }
    }
}

#[test]
fn what_takes_the_place_of_an_endpoint_is_linked() {
    let gateway = ending();
    let successor = |target: &str| {
        let answer = get(gateway.address(), target);
        let link = answer.headers("link").into_iter().find(|link| link.contains("successor"));
        link.map(str::to_owned)
    };
    for (target, to) in [
        ("/v1/products/7", "/v1/items/7"),
        ("/v1/of/7/a%2Fb", "/v2/names/a%2Fb/7"),
        ("/v1/old/a/b%20c/", "/v2/files/a/b%20c/"),
    ] {
        let wanted = format!("<{to}>; rel=\"successor-version\"");
        assert_eq!(successor(target), Some(wanted), "{target}");
    }
    let latest = get(gateway.address(), "/v1/latest");
    assert_eq!(
        latest.header("link-template"),
        Some("\"/v1/items/{id}\"; rel=\"successor-version\""),
        "the request does not have what the path needs (RFC 9652)"
    );
    assert_eq!(successor("/v1/latest"), None);
}

#[test]
fn a_hard_sunset_ends_what_it_is_about() {
    let gateway = ending();
    for target in ["/v0/items/7", "/v0/nowhere", "/v2/gone"] {
        let answer = ask(&gateway, "DELETE", target, &[]);
        assert_eq!(answer.status, if target == "/v2/gone" { 405 } else { 410 }, "{target}");
        problem(&get(gateway.address(), target), 410, "gateway:retired");
    }
    let version = get(gateway.address(), "/v0/items/7");
    assert_eq!(version.header("sunset"), Some("Wed, 01 Jan 2020 00:00:00 GMT"));
    assert_eq!(
        version.headers("link"),
        [
            "<https://shop.example/v0>; rel=\"deprecation\"",
            "<https://shop.example/v0>; rel=\"sunset\"",
            "</v2/items/7>; rel=\"successor-version\"",
        ]
    );
    let late = get(gateway.address(), "/v2/late");
    assert_eq!(late.status, 204, "a sunset alone ends nothing");
    assert_eq!(late.header("sunset"), Some("Wed, 01 Jan 2020 00:00:00 GMT"));
    assert_eq!(get(gateway.address(), "/v2/soon").status, 204, "not yet");
}

#[test]
fn a_draft_is_left_out() {
    assert_eq!(ending::CONTRACT.versions.len(), 3);
    assert!(ending::CONTRACT.versions.iter().all(|version| !version.draft));
    let answer = get(ending().address(), "/v3/items/7");
    problem(&answer, 404, "gateway:no-route");
    assert_eq!(answer.header("link"), None);
}
