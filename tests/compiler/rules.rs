//! Every rule of change: it keeps its name, and something shows what it finds.

#![allow(clippy::panic, reason = "a test that cannot go on says so")]

use crate::contracts::{at, text};
use gatewright_compiler::analyse;
use gatewright_compiler::changes::{RULES, Rule, Shown, contracts};
use gatewright_compiler::diagnostic::Code;
use gatewright_compiler::lock::{Lock, Signed, publish};
use gatewright_compiler::source::Sources;
use std::fmt::Write as _;

/// The names that settings, reports and the notes of people may hold by now.
#[test]
fn rules_keep_their_names() {
    let names = text(&at("tests/data/changes/names.txt"));
    for name in names.lines() {
        assert!(Rule::named(name).is_some(), "there is no rule {name} any more");
    }
    for rule in RULES {
        assert!(names.lines().any(|name| name == rule.id), "{} is not listed", rule.id);
    }
}

/// The words between backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_rule_is_accounted_for() {
    let pairs = text(&at("tests/data/changes/rules.txt"));
    let has_pair = |id: &str| pairs.contains(&format!("\n## {id} "));
    let mut wrong = String::new();
    let (mut texts, mut tests) = (0, 0);
    for rule in RULES {
        let id = rule.id;
        match rule.shown {
            Shown::Texts if has_pair(id) => texts += 1,
            Shown::Texts => drop(writeln!(wrong, "{id} has no pair")),
            Shown::Elsewhere(told) => {
                let known = |name: &str| has_pair(name) || Code::named(name).is_some();
                if quoted(told).next().is_none() || !quoted(told).all(known) {
                    let _ = writeln!(wrong, "{id} is told by something else: {told}");
                }
            }
            Shown::Test(place) => {
                let (file, name) = place.split_once(": ").unwrap_or_default();
                if !text(&at(file)).contains(&format!("\nfn {name}()")) {
                    let _ = writeln!(wrong, "{id}: there is no test {place}");
                }
                tests += 1;
            }
            Shown::Never(why) => assert!(why.contains(' '), "{id}: {why}"),
        }
        if has_pair(id) != matches!(rule.shown, Shown::Texts) {
            let _ = writeln!(wrong, "{id} has a pair, and the table does not say so");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(texts > 140 && tests > 3, "{texts} {tests}");
}

/// A version 3 that means the same, whatever it starts from.
fn third(from: &str) -> Sources {
    let mut sources = Sources::new();
    sources.add(
        "shop.api",
        format!(
            "api shop {{ timeout 1s }}\nbackend one at \"http://one\" {{ timeout 300ms }}\n\
             version 1 {{\ntype A {{ name: text }}\nGET /a -> A {{ public, x = one GET /x, return x }}\n}}\n\
             version 2 from 1 {{ rename A.name to title }}\nversion 3 {from}\n"
        ),
    );
    sources
}

#[test]
fn a_version_from_another_one_with_the_same_meaning_is_the_same() {
    let (before, after) = (third("from 1 {}"), third("from 2 { rename A.title to name }"));
    let [old, new] = [&before, &after].map(|sources| {
        let analysis = analyse(sources);
        analysis.into_checked().unwrap_or_else(|| panic!("a contract"))
    });
    let found = contracts(old.contract(), new.contract());
    let third: Vec<_> =
        found.iter().filter(|one| format!("{one:?}").contains("version 3")).collect();
    assert!(third.is_empty(), "{third:#?}");
    let signed = Signed { by: "me".to_owned(), date: "2026-03-01".to_owned() };
    let lock = publish(&before, &old, None, ("3", &signed)).expect("it can be published").text;
    assert!(Lock::read(&lock).is_ok());
    let mut published = after;
    published.lock("api.lock", lock.as_str());
    assert!(analyse(&published).diagnostics.is_empty());
}
