//! The operator's port: what a gateway says about itself.

use gatewright_runtime::testing::{Backend, Gateway, Running, get, send};
use serde_json::Value;

use crate::ask::{NOBODY, problem, value};
use crate::contracts::{shop, smallest};

fn start(env: &[(&str, &str)]) -> Running {
    let mut env = env.to_vec();
    env.push(("GREETER_URL", NOBODY));
    Gateway::start(&smallest::CONTRACT, &env)
}

#[test]
fn it_lives_and_is_ready() {
    let gateway = start(&[]);
    for (target, word) in
        [("/live", "live\n"), ("/ready", "ready\n"), ("/ready?verbose", "ready\n")]
    {
        let answer = get(gateway.operator(), target);
        assert_eq!((answer.status, answer.text().as_str()), (200, word), "{target}");
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
}

#[test]
fn it_answers_nothing_else() {
    let gateway = start(&[]);
    let operator = gateway.operator();
    for target in ["/", "/live/", "/metrics/x", "/v1/hello/Ann", "/contract.json", "//live"] {
        problem(&get(operator, target), 404, "gateway:no-route");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
        let answer = send(operator, method, "/live", &[], b"");
        assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method}");
        problem(&answer, 405, "gateway:method");
    }
    let head = send(operator, "HEAD", "/live", &[], b"");
    assert_eq!((head.status, head.header("content-length")), (200, Some("5")));
}

#[test]
fn callers_do_not_reach_it() {
    let gateway = start(&[]);
    for target in ["/live", "/ready", "/metrics", "/contract", "/env"] {
        problem(&get(gateway.address(), target), 404, "gateway:no-route");
    }
}

#[test]
fn the_contract_is_there_as_text_a_version_at_a_time() {
    let gateway = Gateway::start(&shop::CONTRACT, &crate::shop::environment(&[]));
    let contract = value(&get(gateway.operator(), "/contract"));
    assert_eq!(contract["api"], "shop");
    assert_eq!(contract["revision"], Value::Null);
    assert!(contract["compiler"].as_str().is_some_and(|name| !name.is_empty()));
    let versions = contract["versions"].as_array().cloned().unwrap_or_default();
    let labels: Vec<_> = versions.iter().map(|version| version["version"].clone()).collect();
    assert_eq!(labels, ["1", "2"]);
    for (version, compiled) in versions.iter().zip(shop::CONTRACT.versions) {
        assert_eq!(version["sha256"], compiled.digest);
        let text = version["source"].as_str().unwrap_or_default();
        assert!(text.contains("\napi shop {"), "{text}");
        let head = format!("\nversion {} {{", compiled.label);
        assert!(text.contains(&head), "{head} in {text}");
        assert!(!text.contains(" from 1"), "it stands on its own: {text}");
    }
}

#[test]
fn the_environment_is_shown_without_secrets() {
    let catalog = Backend::start();
    let env = [("TARGET_URL", catalog.url()), ("TARGET_KEY", "hunter2".to_owned())];
    let gateway = Gateway::start(
        &crate::contracts::sending::CONTRACT,
        &env.each_ref().map(|(name, text)| (*name, text.as_str())),
    );
    let answer = get(gateway.operator(), "/env");
    assert!(!answer.text().contains("hunter2"), "{}", answer.text());
    let read = value(&answer);
    let one = |name: &str| {
        let all = read.as_array().into_iter().flatten();
        let found = all.clone().find(|one| one["name"] == name).cloned();
        found.unwrap_or_else(|| unreachable!("{name} is not in {read}"))
    };
    let key = one("TARGET_KEY");
    assert_eq!((&key["kind"], &key["from"]), (&"secret".into(), &"environment".into()));
    assert_eq!(key["value"], Value::Null);
    let target = one("TARGET_URL");
    assert_eq!((&target["from"], &target["value"]), (&"environment".into(), &catalog.url().into()));
    let operator = one("DRAIN_LIMIT");
    assert_eq!((&operator["from"], &operator["value"]), (&"default".into(), &"30s".into()));
}
