//! Pairs of contracts, and the changes between them.

use crate::contracts::{at, text};
use gatewright_compiler::analyse;
use gatewright_compiler::changes::{
    Change, Mirror, RULES, Shown, Side, Verdict, contracts, versions,
};
use gatewright_compiler::contract::Contract;
use gatewright_compiler::source::Sources;
use std::collections::BTreeSet;
use std::fmt::Write as _;

const BACKENDS: &str = "backend one at \"http://one\" { timeout 300ms }\n\
    backend two at \"http://two\" { timeout 300ms }\n";

/// A contract that can be compared, if it cannot be built.
fn checked(text: &str) -> Contract {
    let mut sources = Sources::new();
    sources.add("shop.api", text);
    let analysis = analyse(&sources);
    let found = analysis.comparable();
    found.unwrap_or_else(|| panic!("{:#?}\n{text}", analysis.diagnostics)).clone()
}

/// A whole contract around the lines of a section.
fn contract(place: &str, lines: &str) -> Contract {
    let version = match place {
        "request" => format!("POST /x ({lines}) -> 204 {{\npublic\n_ = one POST /x (body)\n}}"),
        "response" => format!("GET /x -> {lines} {{\npublic\nx = one GET /x\nreturn x\n}}"),
        "param" => {
            format!("GET /x -> {{ a: text }} {{\npublic\n{lines}\nx = one GET /x\nreturn x\n}}")
        }
        "members" => {
            format!("GET /x -> {{ a: text }} {{\npublic\n{lines}\nreturn {{ a: x.a }}\n}}")
        }
        "version" => lines.to_owned(),
        "file" => {
            let api = if lines.contains("api shop") { "" } else { "api shop { timeout 1s }\n" };
            return checked(&format!("{api}{BACKENDS}{lines}"));
        }
        other => unreachable!("no such place: {other}"),
    };
    checked(&format!("api shop {{ timeout 1s }}\n{BACKENDS}version 1 {{\n{version}\n}}\n"))
}

fn changes(old: &Contract, new: &Contract) -> Vec<Change> {
    contracts(old, new)
}

/// Rule, verdict, place of the lines; old, new and quiet lines.
fn sections(text: &str) -> Vec<([&str; 3], [&str; 3])> {
    let sections = text.split("\n## ").skip(1);
    sections
        .map(|section| {
            let (head, body) = section.split_once('\n').expect("a head");
            let (old, rest) = body.split_once("\n->\n").expect("new lines");
            let (new, quiet) = rest.split_once("\n==\n").expect("quiet lines");
            let head: Vec<&str> = head.split(' ').collect();
            (head.try_into().expect("rule, verdict, place"), [old, new, quiet])
        })
        .collect()
}

#[test]
fn every_rule_that_two_texts_show_is_found_and_stays_silent_beside_it() {
    let rules = text(&at("tests/data/changes/rules.txt"));
    let mut shown: BTreeSet<&str> = BTreeSet::new();
    let mut wrong = String::new();
    for ([rule, verdict, place], [old, new, quiet]) in sections(&rules) {
        shown.insert(rule);
        let [old, new, quiet] = [old, new, quiet].map(|lines| contract(place, lines));
        let found = changes(&old, &new);
        let is_it = |one: &&Change| one.rule.id == rule && one.verdict.word() == verdict;
        if !found.iter().any(|one| is_it(&one)) {
            let all: Vec<_> =
                found.iter().map(|one| (one.rule.id, one.verdict, &one.place)).collect();
            let _ = writeln!(wrong, "{rule} {verdict} {place} is not among {all:?}");
        }
        let beside = changes(&old, &quiet);
        if let Some(one) = beside.iter().find(|one| one.rule.id == rule) {
            let _ = writeln!(wrong, "{rule} {place} is told where it should not be: {one:?}");
        }
        assert!(changes(&old, &old).is_empty(), "{rule}: {:?}", changes(&old, &old));
    }
    for rule in RULES.iter().filter(|rule| matches!(rule.shown, Shown::Texts)) {
        if !shown.contains(rule.id) {
            let _ = writeln!(wrong, "{} has no pair", rule.id);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_opposite_of_every_change_falls_under_the_mirror_of_its_rule() {
    let rules = text(&at("tests/data/changes/rules.txt"));
    let mut wrong = String::new();
    for ([rule, verdict, place], [old, new, _]) in sections(&rules) {
        let mirror = match RULES.iter().find(|one| one.id == rule).map(|one| &one.mirror) {
            Some(Mirror::Rule(mirror)) => *mirror,
            Some(Mirror::Itself) => rule,
            Some(Mirror::None(_)) | None => continue,
        };
        let [old, new] = [old, new].map(|lines| contract(place, lines));
        let back = changes(&new, &old);
        if back.iter().all(|one| one.rule.id != mirror) {
            let all: Vec<_> = back.iter().map(|one| one.rule.id).collect();
            let _ = writeln!(wrong, "{rule} {verdict}: {mirror} is not among {all:?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn two_versions_of_the_shop_differ_as_their_edits_say() {
    let shop = crate::contracts::unit(&at("examples/shop"));
    let shop = analyse(&shop.sources()).into_checked().expect("the shop is right");
    let contract = shop.contract();
    let side = |label: &str| Side {
        contract,
        version: contract.versions.iter().find(|one| one.label == label).expect("a version"),
    };
    let found = versions(side("1"), side("2"));
    let has = |rule: &str, endpoint: &str, place: &str| {
        found.iter().any(|one| {
            one.rule.id == rule && one.endpoint.as_deref() == Some(endpoint) && one.place == place
        })
    };
    assert!(has("field/renamed", "GET /products/{id}", "200.title"), "{found:#?}");
    assert!(has("field/added-optional", "GET /products/{id}", "200.rating"), "{found:#?}");
    assert!(found.iter().any(|one| one.verdict == Verdict::Breaking));
}

#[test]
fn a_change_keeps_its_fingerprint_when_lines_move() {
    let [old, new] = ["{ a: int }", "{ a: text }"].map(|ty| contract("response", ty));
    let moved = checked(&format!(
        "\n\n\napi shop {{ timeout 1s }}\n{BACKENDS}\nversion 1 {{\n\nGET /x -> {{ a: text }} {{ public\n\
         x = one GET /x\nreturn x }} }}"
    ));
    let prints = |new: &Contract| -> Vec<String> {
        changes(&old, new).iter().map(Change::fingerprint).collect()
    };
    assert!(!prints(&new).is_empty());
    assert_eq!(prints(&new), prints(&moved));
}

#[test]
fn consumers_are_named_where_they_are_hurt() {
    let text = |field: &str| {
        format!(
            "version 1 {{ GET /x -> {{ {field}: text, other: text }} {{ public\nx = one GET /x\nreturn x }} }}\n\
             consumer web <web@shop.example> uses v1 {{ GET /x (other) }}\n\
             consumer mobile uses v1 {{ GET /x ({field}) }}"
        )
    };
    let found = changes(&contract("file", &text("title")), &contract("file", &text("caption")));
    let removed = found.iter().find(|one| one.rule.id == "field/removed").expect("it is gone");
    assert_eq!(removed.hurts, ["mobile"]);
}

#[test]
fn a_thousand_endpoints_are_compared_in_time() {
    let text = |bound: u32| {
        let mut text = String::from("version 1 {\n");
        for index in 0..1_000 {
            let _ = writeln!(
                text,
                "type T{index} {{ id: text(/p_[a-z0-9]{{8}}/), size: int(1..{bound}), tags: [text(..{bound})](..9) }}\n\
                 GET /things{index}/{{id: text(/p_[a-z0-9]{{8}}/)}} -> T{index} {{\npublic\nx = one GET /x/{{id}}\nreturn x\n}}"
            );
        }
        text + "}"
    };
    let (old, new) = (contract("file", &text(90)), contract("file", &text(80)));
    let start = std::time::Instant::now();
    let found = changes(&old, &new);
    let time = start.elapsed();
    assert_eq!(found.iter().filter(|one| one.rule.id == "constraint/tightened").count(), 2_000);
    // Without optimisation, beside other builds.
    assert!(time.as_secs() < 20, "{time:?}");
}
