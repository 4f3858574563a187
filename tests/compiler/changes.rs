//! Pairs of contracts, and the changes between them.

#![allow(clippy::panic, reason = "a test that cannot go on says so")]

use crate::contracts::{at, text};
use gatewright_compiler::changes::{
    Change, Mirror, RULES, Shown, Side, Verdict, changelog, contracts, render, versions,
};
use gatewright_compiler::contract::Contract;
use gatewright_compiler::source::{Schema, Source, Sources, Unit};
use gatewright_compiler::{analyse, needs, who};
use std::collections::BTreeSet;
use std::fmt::Write as _;

const BACKENDS: &str = "backend one at \"http://one\" { timeout 300ms }\n\
    backend two at \"http://two\" { timeout 300ms }\n";

/// Files that contracts can name.
const SCHEMAS: [(&str, &str); 4] = [
    ("wide.json", r#"{"type": "object", "properties": {"a": {"type": "integer"}}}"#),
    (
        "wide-again.json",
        r#"{"title": "The same", "properties": {"a": {"type": "integer"}}, "type": ["object"]}"#,
    ),
    (
        "narrow.json",
        r#"{"type": "object", "properties": {"a": {"type": "integer", "minimum": 5}}, "required": ["a"]}"#,
    ),
    (
        "narrow-again.json",
        r##"{"type": "object", "$ref": "#/$defs/a", "$defs": {"a": {"required": ["a"], "properties": {"a": {"allOf": [{"minimum": 5.0}, {"type": "integer"}]}}}}}"##,
    ),
];

/// A contract that can be compared, if it cannot be built.
fn checked(text: &str) -> Contract {
    let mut sources = Sources::new();
    sources.add("shop.api", text);
    for (path, schema) in SCHEMAS {
        let source = Source { label: path.to_owned(), text: schema.to_owned(), unit: Unit(0) };
        sources.schema(Unit(0), path, Schema::Text(source));
    }
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
    let side = |label: &str| {
        Side::of(
            contract,
            contract.versions.iter().find(|one| one.label == label).expect("a version"),
        )
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
    let renamed = found.iter().find(|one| one.rule.id == "field/renamed").expect("it is gone");
    assert_eq!(renamed.hurts, ["mobile"]);
}

/// How long this thread has been on a processor: other work on the machine does not count where the
/// system says it.
fn busy() -> std::time::Duration {
    static START: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| START.elapsed(), std::time::Duration::from_nanos)
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
    let start = busy();
    let found = changes(&old, &new);
    let time = busy() - start;
    assert_eq!(found.iter().filter(|one| one.rule.id == "constraint/tightened").count(), 2_000);
    // Without optimisation, which is some twenty times slower.
    assert!(time.as_secs() < 10, "{time:?}");
    // None of them is there any more, and all are new: there is no telling which is which.
    let mut text = text(90);
    text = text.replace("GET /things", "GET /others");
    let elsewhere = contract("file", &text);
    let start = busy();
    let found = changes(&old, &elsewhere);
    let time = busy() - start;
    assert_eq!(found.iter().filter(|one| one.rule.id == "endpoint/removed").count(), 1_000);
    assert_eq!(found.iter().filter(|one| one.rule.id == "endpoint/added").count(), 1_000);
    assert!(time.as_secs() < 10, "{time:?}");
}

/// Compares with what lies at `path`, or writes it there.
#[track_caller]
fn golden(path: &str, found: &str) {
    let path = at(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().expect("inside")).expect("a folder can be made");
        std::fs::write(&path, found).expect("a file can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{}", path.display());
}

/// The shop's files with their texts.
fn shop() -> Vec<(String, String)> {
    crate::contracts::unit(&at("examples/shop")).files
}

fn joined(files: &[(String, String)]) -> Sources {
    let mut sources = Sources::new();
    for (label, text) in files {
        sources.add(label.as_str(), text.as_str());
    }
    sources
}

/// An edit of the shop: the file, what it replaces, what it writes, and the worst verdict.
type Edit = (&'static str, &'static str, &'static str, Verdict);

/// Three of them break callers in ways that no comparison of documents sees.
const HISTORY: &[Edit] = &[
    (
        "v2.api",
        "/// Full-text search over the catalogue.",
        "/// Search in everything there is.",
        Verdict::Invisible,
    ),
    (
        "v2.api",
        "  /// Search in everything",
        "  GET /products/top -> Hits {\n    public\n    found = finder GET /top\n    return { ...found, items: found.hits { name: .title, ... } }\n  }\n\n  /// Search in everything",
        Verdict::Additive,
    ),
    (
        "v2.api",
        "GET /products/top",
        "GET /products/p_bestsell -> Hits {\n    public\n    found = finder GET /best\n    return { ...found, items: found.hits { name: .title, ... } }\n  }\n  GET /products/top",
        Verdict::Breaking,
    ),
    ("v2.api", "size: int(1..100) = 20", "size: int(1..100) = 50", Verdict::Breaking),
    ("shop.api", "limit 50/s per ip", "limit 20/s per ip", Verdict::Breaking),
    (
        "shop.api",
        "owner search-team, timeout",
        "owner search-team, retry 1, timeout",
        Verdict::Risky,
    ),
    (
        "v2.api",
        "{ rating?: number(0..5) }",
        "{ rating?: number(0..5), brand?: text }",
        Verdict::Additive,
    ),
    ("shop.api", "timeout 800ms", "timeout 900ms", Verdict::Invisible),
    ("v1.api", "sunset 2027-03-01", "sunset 2027-06-01", Verdict::Invisible),
    ("v2.api", "query q: text(1..100)", "query q: text(1..200)", Verdict::Additive),
];

#[test]
fn a_history_of_edits_has_exactly_the_verdicts_that_it_deserves() {
    let mut files = shop();
    let edit = |files: &mut Vec<(String, String)>, (file, from, to): (&str, &str, &str)| {
        let one = files.iter_mut().find(|(label, _)| label.ends_with(file)).expect("a file");
        assert_eq!(one.1.matches(from).count(), 1, "{file}: {from}");
        one.1 = one.1.replace(from, to);
    };
    let mut told = String::new();
    for (file, from, to, worst) in HISTORY {
        let before = joined(&files);
        edit(&mut files, (file, from, to));
        let after = joined(&files);
        let [old, new] = [&before, &after].map(|sources| {
            let analysis = analyse(sources);
            let contract = analysis.comparable().cloned();
            contract.unwrap_or_else(|| panic!("{:#?}", analysis.diagnostics))
        });
        let found = contracts(&old, &new);
        let texts = render::Texts { old: &before, new: &after };
        let _ = writeln!(
            told,
            "# {}\n\n{}",
            to.lines().next().unwrap_or(""),
            render::text(&found, texts)
        );
        let verdict = found.iter().map(|one| one.verdict).max();
        assert_eq!(verdict, Some(*worst), "{from} -> {to}\n{told}");
    }
    golden("tests/data/changes/history.txt", &told);
}

#[test]
fn the_shop_has_news_consumers_and_needs() {
    let sources = joined(&shop());
    let analysis = analyse(&sources);
    let contract = analysis.comparable().expect("the shop is right");
    let side = |label: &str| {
        Side::of(
            contract,
            contract.versions.iter().find(|one| one.label == label).expect("a version"),
        )
    };
    let found = changelog::entries(&versions(side("1"), side("2")));
    let title = changelog::Title { api: "shop", from: "version 1", to: "version 2" };
    golden("tests/data/changes/shop/changelog.txt", &changelog::text(&found, title));
    golden("tests/data/changes/shop/changelog.md", &changelog::markdown(&found, title));
    golden("tests/data/changes/shop/changelog.json", &changelog::json(&found, title));
    let asked = who::who(contract, "GET /products/{id}.price.amount", None).expect("it is there");
    golden("tests/data/changes/shop/who.txt", &who::text(&asked));
    golden("tests/data/changes/shop/who.json", &who::json_lines(&asked));
    let needed = needs::needs(contract, "catalog", None).expect("a backend");
    golden("tests/data/changes/shop/needs.txt", &needs::text(&needed));
    golden("tests/data/changes/shop/needs.schema.json", &needs::schema(&needed));
    golden("tests/data/changes/shop/needs.pact.json", &needs::pact(&needed, needs::Pact::V4));
    golden("tests/data/changes/shop/needs.pact-v3.json", &needs::pact(&needed, needs::Pact::V3));
}

#[test]
fn who_is_asked_for_what_does_not_exist_says_what_may_be_meant() {
    let sources = joined(&shop());
    let analysis = analyse(&sources);
    let contract = analysis.comparable().expect("the shop is right");
    let wrong = |asked: &str| who::who(contract, asked, None).expect_err("it is not there");
    assert_eq!(wrong("GET /product/{id}").1.as_deref(), Some("did you mean `GET /products/{id}`?"));
    assert!(wrong("GET /products/{id}.nothing").0.contains("has no field `nothing`"));
    let both = who::who(contract, "GET /products/{id}", None).expect("it is there");
    assert_eq!(both.len(), 2, "one for each version");
    assert!(who::who(contract, "GET /products/{id}", Some("2")).is_ok_and(|one| one.len() == 1));
    assert!(
        who::who(contract, "GET /v1/products/{id}.title", None).is_ok_and(|one| one.len() == 1)
    );
}

#[test]
fn what_is_needed_accepts_what_mocks_answer() {
    // Each example of a Pact must be one that its own schema allows, as far as types go.
    let sources = joined(&shop());
    let analysis = analyse(&sources);
    let contract = analysis.comparable().expect("the shop is right");
    for backend in &contract.backends {
        let needed = needs::needs(contract, &backend.name, None).expect("a backend");
        let read = |text: String| -> serde_json::Value {
            serde_json::from_str(&text).expect("one document")
        };
        let schema = read(needs::schema(&needed));
        let pact = read(needs::pact(&needed, needs::Pact::V3));
        assert!(pact["interactions"].as_array().is_some_and(|all| !all.is_empty()));
        for operation in &needed.operations {
            let required = schema["$defs"][&operation.key]["required"].clone();
            let body = pact["interactions"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|one| one["response"]["body"].is_object());
            for name in required.as_array().into_iter().flatten().take(1) {
                let body = body.expect("an answer with a body");
                let has = pact["interactions"].as_array().into_iter().flatten().any(|one| {
                    name.as_str().is_some_and(|name| !one["response"]["body"][name].is_null())
                });
                assert!(has, "{name} of {} in {body}", operation.key);
            }
        }
    }
}
