//! A version's digest is about that version, whatever stands beside it.

#![allow(clippy::panic, reason = "a test that cannot go on says so")]

use crate::contracts::built;
use gatewright_compiler::source::Sources;
use gatewright_compiler::{Checked, Target, analyse, generate, plan};

/// The digests of these versions in one program: `shop/1@51d0a7e3b1c94f20`.
fn digests(contract: &Checked, versions: &[String]) -> Vec<String> {
    let target = Target { name: "x".to_owned(), versions: versions.to_vec(), ..Target::default() };
    generate(&plan(contract, &target)).origin.split(", ").map(str::to_owned).collect()
}

fn of(text: &str) -> Vec<String> {
    let mut sources = Sources::new();
    sources.add("shop.api", text);
    let analysis = analyse(&sources);
    let contract = analysis.checked().unwrap_or_else(|| panic!("{:#?}", analysis.diagnostics));
    digests(contract, &contract.versions())
}

#[test]
fn a_version_has_one_digest_alone_and_beside_others() {
    let mut several = 0;
    for unit in built() {
        let analysis = analyse(&unit.sources());
        let Some(contract) = analysis.checked() else { continue };
        let versions = contract.versions();
        let together = digests(contract, &versions);
        assert_eq!(together.len(), versions.len(), "{}", unit.name);
        for (version, digest) in versions.iter().zip(&together) {
            let alone = digests(contract, std::slice::from_ref(version));
            assert_eq!(alone, [digest.as_str()], "{}, version {version}", unit.name);
        }
        several += usize::from(versions.len() > 1);
    }
    assert!(several > 3, "there are contracts with several versions");
}

/// Two versions that take variables of the environment, one of them the same.
const SHOP: &str = r#"api shop { timeout 1s }

env REGION: text = "eu"

backend one at "http://one.example" { timeout 300ms }

version 1 {
  type Thing { id: text(1..9), region: text(1..5) }

  GET /things/{id: text(1..9)} -> Thing {
    public
    thing = one GET /{env REGION}/things/{id}
    return { id: thing.id, region: env REGION }
  }
}

version 2 {
  type Thing { id: text(1..9), region: text(1..5) }

  GET /things/{id: text(1..9)} -> Thing {
    public
    thing = one GET /{env REGION}/things/{id}
    return { id: thing.id, region: env REGION }
  }
}
"#;

#[test]
fn an_edit_of_one_version_leaves_the_digests_of_others_alone() {
    let [first, second] = of(SHOP).try_into().expect("two versions");
    for (from, to, changes) in [
        // Another variable, in front of the others and behind them.
        ("env REGION:", "env AREA: text = \"x\"\n\nenv REGION:", false),
        (
            "return { id: thing.id, region: env REGION }",
            "return { id: env AREA, region: env REGION }",
            true,
        ),
        ("one GET /{env REGION}/things", "one GET /{env AREA}/{env REGION}/things", true),
        // Another rule for the text of the same variable, which is checked before anybody asks.
        ("region: text(1..5)", "region: text(1..4)", false),
        ("region: text(1..5)", "region: text(/[a-z]+/)", false),
        ("thing = one GET /{env REGION}/things/{id}", "thing = one GET /things/{id}", true),
        (
            "return { id: thing.id, region: env REGION }",
            "return { id: thing.id, region: \"x\" }",
            true,
        ),
        (
            "timeout 300ms }",
            "timeout 200ms }\nbackend all at \"http://all.example\" { timeout 1s }",
            false,
        ),
        ("thing = one GET", "thing = all GET", true),
        (
            "  GET /things/{id: text(1..9)}",
            "  GET /a -> Thing { public, a = one GET /a, return a }\n\n  GET /things/{id: text(1..9)}",
            true,
        ),
    ] {
        // The last place is version 2; what stands around versions has one place only.
        let at = SHOP.rfind(from).expect("the text is there");
        let mut text = SHOP.to_owned();
        text.replace_range(at..at + from.len(), to);
        if to.contains("env AREA}") || to.contains("env AREA,") {
            text = text.replacen("env REGION:", "env AREA: text = \"x\"\n\nenv REGION:", 1);
        }
        if to.contains("all GET") {
            text = text.replacen(
                "backend one",
                "backend all at \"http://all.example\" { timeout 1s }\nbackend one",
                1,
            );
        }
        let [one, two] = of(&text).try_into().expect("two versions");
        assert_eq!(one, first, "{from} -> {to}");
        assert_eq!(two != second, changes, "{from} -> {to}");
        // Nor does it matter in which order versions stand.
        let (head, rest) = text.split_once("version 1 {").expect("version 1");
        let (v1, v2) = rest.split_once("version 2 {").expect("version 2");
        let turned = of(&format!("{head}version 2 {{{v2}\nversion 1 {{{v1}"));
        assert_eq!(turned, [two, first.clone()], "{from} -> {to}");
    }
}
