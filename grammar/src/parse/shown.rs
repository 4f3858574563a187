//! What of the language the examples show.

use super::{Grammar, Rule};
use pest::Parser;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Words that are read as a part of a larger one, and so are none of the tree: each stands in an
/// example itself.
const INSIDE: &[(&str, &str)] = &[
    ("k_api_key", "= api_key {"),
    ("k_basic", "= basic {"),
    ("k_call", "remove call "),
    ("k_false", " false"),
    ("k_invalid", "invalid"),
    ("k_jwt", "= jwt {"),
    ("k_mtls", "= mtls {"),
    ("k_true", " true"),
    ("k_unreachable", "unreachable"),
    ("status_class", "on 4xx "),
];

/// What only passes over text that cannot be read.
const UNSHOWN: &[&str] = &["line_text", "plain_text"];

fn contracts(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("the examples can be listed") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            contracts(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "api") {
            found.push(path);
        }
    }
}

/// The rules that stand for something in a tree: not those that are silent, and not those for what
/// cannot be read.
fn rules() -> BTreeSet<String> {
    let grammar = include_str!("../api.pest");
    let silent: BTreeSet<&str> =
        grammar.lines().filter_map(|line| Some(line.split_once(" = _{")?.0)).collect();
    let all = Rule::all_rules().iter().map(|rule| format!("{rule:?}"));
    let told = |rule: &String| {
        let other = rule.ends_with("_only") || rule.starts_with("bad_") || rule == "EOI";
        !other && !silent.contains(rule.as_str())
    };
    all.filter(told).collect()
}

#[test]
fn every_construct_is_in_an_example() {
    let mut files = Vec::new();
    contracts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples"), &mut files);
    let mut shown = BTreeSet::new();
    let mut texts = String::new();
    for file in &files {
        let text = fs::read_to_string(file).expect("an example is text");
        let pairs = Grammar::parse(Rule::file, &text).expect("an example can be read");
        shown.extend(pairs.flatten().map(|pair| format!("{:?}", pair.as_rule())));
        texts.push_str(&text);
    }
    let inside: BTreeSet<String> = INSIDE.iter().map(|(rule, _)| (*rule).to_owned()).collect();
    let unshown = UNSHOWN.iter().map(|rule| (*rule).to_owned());
    let excused: BTreeSet<String> = inside.into_iter().chain(unshown).collect();
    let missing: BTreeSet<String> = rules().difference(&shown).cloned().collect();
    assert_eq!(missing, excused, "left: no example shows it; right: a part of what one shows");
    for (rule, text) in INSIDE {
        assert!(texts.contains(text), "no example shows {rule}");
    }
}
