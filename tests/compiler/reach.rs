//! Which endpoints another text makes other code of.

use crate::contracts::{at, unit};
use gatewright_compiler::codegen::Modules;
use gatewright_compiler::source::Sources;
use gatewright_compiler::{Target, analyse, generate, plan};

/// The code of the shop's first version, after an edit that has to hit something.
fn shop(from: &str, to: &str) -> Modules {
    let mut sources = Sources::new();
    let mut hits = 0;
    for (name, text) in unit(&at("examples/shop")).files {
        hits += text.matches(from).count();
        sources.add(name, text.replacen(from, to, 1));
    }
    assert!(hits > 0, "{from} is not in the shop");
    let contract = analyse(&sources).into_checked().expect("the shop is right");
    let target = Target { name: "x".into(), versions: vec!["1".into()], ..Target::default() };
    generate(&plan(&contract, &target))
}

/// The endpoints that are other code after an edit.
fn differing(from: &str, to: &str) -> Vec<String> {
    let (old, new) = (shop("timeout 800ms", "timeout 800ms").reach(), shop(from, to).reach());
    assert_eq!(old.len(), new.len());
    let pairs = old.into_iter().zip(new);
    let differ = pairs.filter_map(|((_, old), (_, new))| (old != new).then_some(old.request));
    differ.collect()
}

#[test]
fn an_edit_is_told_by_the_endpoints_that_it_reaches() {
    let product = "GET /products/{id: Sku}";
    let all = ["GET /find", "GET /me", product];
    let edits: [(&str, &str, &[&str]); 6] = [
        ("timeout 800ms", "timeout 801ms", &all),
        ("timeout 300ms, retry 1", "timeout 301ms, retry 1", &[product]),
        ("SEARCH_URL { owner search-team, timeout 400ms", "SEARCH_URL { timeout 400ms", &all[..1]),
        ("title: text(1..200), price", "title: text(1..201), price", &[product]),
        ("audience \"shop\"", "audience \"shops\"", &["GET /me"]),
        ("cache private 30s", "cache private 31s", &["GET /me"]),
    ];
    for (from, to, expected) in edits {
        assert_eq!(differing(from, to), expected, "{from} -> {to}");
    }
}
