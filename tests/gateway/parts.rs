//! Parameters that are a part of their segment: what they match, hold and send on.

use gatewright_runtime::testing::{Gateway, Running, get, send};

use crate::ask::{NOBODY, problem, sent, value, violations};
use crate::contracts::parts::CONTRACT;

fn gateway() -> Running {
    Gateway::start(&CONTRACT, &[("STORE_URL", NOBODY)])
}

/// Route and parameters of an answer: `json a`.
#[track_caller]
fn leads(gateway: &Running, method: &str, target: &str, wanted: &[&str]) {
    let answer = send(gateway.address(), method, target, &[], b"");
    assert_eq!(answer.status, 200, "{target}: {}", answer.text());
    let found = value(&answer);
    let texts = ["route", "a", "b"].map(|name| found[name].as_str().unwrap_or_default().to_owned());
    let texts: Vec<&str> =
        texts.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    assert_eq!(texts, wanted, "{method} {target}");
}

#[test]
fn the_more_literal_segment_wins() {
    let gateway = gateway();
    leads(&gateway, "GET", "/v1/files/all.json", &["literal"]);
    leads(&gateway, "GET", "/v1/files/a.json", &["json", "a"]);
    leads(&gateway, "GET", "/v1/files/a.b.json", &["json", "a.b"]);
    leads(&gateway, "GET", "/v1/files/a.xml", &["any kind", "a", "xml"]);
    leads(&gateway, "GET", "/v1/files/a", &["whole", "a"]);
    leads(&gateway, "GET", "/v1/files/.json", &["whole", ".json"]);
    leads(&gateway, "GET", "/v1/files/a.", &["whole", "a."]);
    leads(&gateway, "GET", "/v1/files/7.json/meta", &["meta", "7"]);
    leads(&gateway, "PUT", "/v1/files/abc.xml", &["put xml", "abc"]);
    leads(&gateway, "PUT", "/v1/files/a.json", &["put whole", "a.json"]);
    leads(&gateway, "PUT", "/v1/files/all.json", &["put whole", "all.json"]);
    leads(&gateway, "PUT", "/v1/files/ABC.xml", &["put whole", "ABC.xml"]);
}

#[test]
fn the_last_place_of_a_text_between_counts() {
    let gateway = gateway();
    leads(&gateway, "GET", "/v1/files/a.tar.gz", &["any kind", "a.tar", "gz"]);
    assert_eq!(violations(&get(gateway.address(), "/v1/told/7-a-b")), ["path a"]);
}

#[test]
fn types_tell_segments_of_one_look_apart() {
    let gateway = gateway();
    leads(&gateway, "GET", "/v1/told/7-x", &["number", "7", "x"]);
    leads(&gateway, "GET", "/v1/told/seven-x", &["word", "seven", "x"]);
    assert_eq!(get(gateway.address(), "/v1/told/Seven-x").status, 400);
    problem(&get(gateway.address(), "/v1/told/seven"), 404, "gateway:no-route");
}

#[test]
fn segments_that_look_alike_in_part_share_a_place() {
    let gateway = gateway();
    leads(&gateway, "GET", "/v1/cross/v1.json", &["get v", "1.json"]);
    leads(&gateway, "POST", "/v1/cross/v1.json", &["post json", "v1"]);
    leads(&gateway, "POST", "/v1/cross/a.json", &["post json", "a"]);
    let only_get = send(gateway.address(), "POST", "/v1/cross/v1", &[], b"");
    problem(&only_get, 405, "gateway:method");
    assert_eq!(only_get.header("allow"), Some("GET, HEAD, OPTIONS"));
    let both = send(gateway.address(), "PATCH", "/v1/cross/v1.json", &[], b"");
    assert_eq!(both.header("allow"), Some("GET, POST, HEAD, OPTIONS"));
}

#[test]
fn each_value_is_checked_and_decoded_once() {
    let gateway = gateway();
    leads(
        &gateway,
        "GET",
        "/v1/typed/2026-01-01..2026-12-31",
        &["range", "2026-01-01", "2026-12-31"],
    );
    let refused = get(gateway.address(), "/v1/typed/2026-01-32..later");
    assert_eq!(violations(&refused), ["path a", "path b"]);
    leads(&gateway, "GET", "/v1/decoded/%C3%A9a%2Fb~%257E", &["decoded", "a/b", "%7E"]);
    leads(&gateway, "GET", "/v1/decoded/%c3%a9a%7Eb", &["decoded", "a", "b"]);
    assert_eq!(get(gateway.address(), "/v1/decoded/%C3%A9~b").status, 404);
}

#[test]
fn what_is_sent_stays_a_part_of_its_segment() {
    assert_eq!(
        sent(&CONTRACT, "/v1/sent/a%2F..%2Fb.c%3Fd").target,
        "/base/c%3Fd-a%2F..%2Fb.json/a%2F..%2Fb"
    );
    assert_eq!(sent(&CONTRACT, "/v1/raw/x%2Fy.tar?page=2").target, "/tars/x%2Fy.tar?page=2");
}
