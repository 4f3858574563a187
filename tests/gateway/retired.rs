//! A gateway that was made with a lock: what is published, and what has ended.

use gatewright_runtime::testing::{Backend, Gateway, get, send};
use serde_json::json;

use crate::ask::{problem, value};
use crate::contracts::retired;

#[test]
fn a_version_that_the_lock_retired_is_410_with_a_link() {
    let item = json!({ "id": 7, "title": "Shoes" }).to_string();
    let store = Backend::start().answer("GET", "/items/7", 200, &item);
    let gateway = Gateway::start(&retired::CONTRACT, &[("STORE_URL", &store.url())]);
    for target in ["/v1/items/7", "/v1/items/none", "/v1/never/there", "/v1"] {
        for method in ["GET", "POST", "DELETE"] {
            let answer = send(gateway.address(), method, target, &[], b"");
            problem(&answer, 410, "gateway:retired");
            let links = answer.headers("link").join(", ");
            assert!(links.contains("<https://shop.example/docs/v2>"), "{method} {target}: {links}");
        }
    }
    assert!(store.requests().is_empty(), "nobody is asked for what has ended");

    let answer = get(gateway.address(), "/v2/items/7");
    assert_eq!((answer.status, value(&answer)), (200, json!({ "id": 7, "name": "Shoes" })));
    let answer = get(gateway.address(), "/v3/names/7");
    assert_eq!((answer.status, value(&answer)), (200, json!({ "name": "Shoes" })));
    problem(&get(gateway.address(), "/v4/items/7"), 404, "gateway:no-route");
}

#[test]
fn a_gateway_tells_what_its_lock_says_of_each_version() {
    let gateway = Gateway::start(&retired::CONTRACT, &[("STORE_URL", crate::ask::NOBODY)]);
    let told = value(&get(gateway.operator(), "/contract"));
    let versions = told["versions"].as_array().cloned().unwrap_or_default();
    let of = |name: &str| versions.iter().map(|one| one[name].clone()).collect::<Vec<_>>();
    assert_eq!(of("version"), ["2", "3"]);
    assert_eq!(of("revision"), [json!("2.0"), json!(null)]);
    let lock = include_str!("../data/generate/retired/api.lock");
    let chain = lock.lines().find(|line| line.starts_with("version 2 published "));
    let chain = chain.and_then(|line| line.split(" chain ").nth(1));
    assert_eq!(of("chain"), [json!(chain), json!(null)]);
}
