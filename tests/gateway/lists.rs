//! Lists of lists: read, checked on every level, made of each element.

use gatewright_runtime::testing::{Backend, Gateway, Running, get, send};
use serde_json::json;

use crate::ask::{fetch, post, problem, violations};
use crate::contracts::lists::CONTRACT;

fn gateway(backend: &Backend) -> Running {
    Gateway::start(&CONTRACT, &[("STORE_URL", &backend.url())])
}

/// Two lines with two parts each.
const CART: &str = r#"{"lines":[
    {"sku":"x","parts":[{"sku":"a","sizes":[1,2]},{"sku":"b","sizes":[]}]},
    {"sku":"y","parts":[{"sku":"c","sizes":[3]},{"sku":"d","sizes":[4]}]}]}"#;

#[test]
fn a_list_of_lists_is_checked_on_both_levels() {
    for (row, status) in [
        (r#"{"cells":[[1,2,3],[]],"names":[["a","b"],[]]}"#, 200),
        (r#"{"cells":[[1,2,3,4]],"names":[]}"#, 502),
        (r#"{"cells":[[],[],[]],"names":[]}"#, 502),
        (r#"{"cells":[["1"]],"names":[]}"#, 502),
        (r#"{"cells":[1],"names":[]}"#, 502),
        (r#"{"cells":[],"names":[null]}"#, 502),
    ] {
        let backend = Backend::start().answer("GET", "/row", 200, row);
        let answer = get(gateway(&backend).address(), "/v1/rows");
        assert_eq!(answer.status, status, "{row}: {}", answer.text());
    }
}

#[test]
fn callers_are_told_which_element_of_which_list() {
    let backend = Backend::start().answer("POST", "/row", 200, "{}");
    let gateway = gateway(&backend);
    let refused = post(&gateway, "/v1/rows", r#"{"cells":[[1,2,3,4],[1,"x"]],"names":[["a"],5]}"#);
    assert_eq!(violations(&refused), ["body /cells/0", "body /cells/1/1", "body /names/1"]);
    let fine = post(&gateway, "/v1/rows", r#"{"cells":[[1],[2,3]],"names":[["a"]]}"#);
    assert_eq!(fine.status, 201, "{}", fine.text());
    let sent = backend.wait_for(1).remove(0);
    let body = String::from_utf8(sent.body).expect("JSON is UTF-8");
    assert_eq!(body, r#"{"cells":[[1],[2,3]],"first":[[1]],"names":[["a"]]}"#);
}

#[test]
fn each_element_gives_a_list() {
    let backend = Backend::start().answer("GET", "/cart", 200, CART);
    assert_eq!(
        fetch(&gateway(&backend), "/v1/carts"),
        json!({
            "skus": [["a", "b"], ["c", "d"]],
            "labels": [[{ "label": "a" }, { "label": "b" }], [{ "label": "c" }, { "label": "d" }]],
            "first": [["a"], ["c"]],
            "deep": [[[1, 2], []], [[3], [4]]],
        })
    );
    let sent =
        Backend::start().answer("GET", "/cart", 200, CART).answer("POST", "/sent", 200, "{}");
    assert_eq!(send(gateway(&sent).address(), "POST", "/v1/sent", &[], b"").status, 204);
    let body: serde_json::Value =
        serde_json::from_slice(&sent.wait_for(2).remove(1).body).expect("JSON");
    let first = json!([[{ "sku": "a", "sizes": [1, 2] }], [{ "sku": "c", "sizes": [3] }]]);
    assert_eq!(body, json!({ "skus": [["a", "b"], ["c", "d"]], "ids": first }));
}

#[test]
fn what_elements_hold_keeps_the_bounds_of_the_list() {
    let line = r#"{"sku":"x","parts":[]}"#;
    let long = r#"{"sku":"x","parts":[{"sku":"a"},{"sku":"b"},{"sku":"c"}]}"#;
    for (lines, status) in [
        (vec![line], 200),
        (vec![line, line], 200),
        (vec![], 502),
        (vec![line, line, line], 502),
        (vec![long], 502),
    ] {
        let cart = format!(r#"{{"lines":[{}]}}"#, lines.join(","));
        let backend = Backend::start().answer("GET", "/cart", 200, &cart);
        let answer = get(gateway(&backend).address(), "/v1/bounded");
        assert_eq!(answer.status, status, "{cart}: {}", answer.text());
        if status == 502 {
            problem(&answer, 502, "gateway:backend-failed");
        }
    }
}
