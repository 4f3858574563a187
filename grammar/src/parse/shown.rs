//! What of the language the examples show.

use super::{Grammar, Rule};
use pest::Parser;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What no example shows, and why.
const UNSHOWN: &[(&str, &[&str])] = &[
    (
        "no example asks who calls, counts calls or keeps answers",
        &[
            "across",
            "across_path",
            "audience",
            "auth",
            "auth_header",
            "auth_m",
            "claims",
            "granted",
            "in_flight",
            "issuer",
            "k_across",
            "k_and",
            "k_audience",
            "k_auth",
            "k_burst",
            "k_claims",
            "k_client",
            "k_flight",
            "k_issuer",
            "k_keys",
            "k_leeway",
            "k_limit",
            "k_local",
            "k_none",
            "k_per",
            "k_private",
            "k_refresh",
            "k_refuse",
            "k_revoked",
            "k_role",
            "k_scope",
            "k_secret",
            "k_shared",
            "k_store",
            "k_token",
            "k_wait",
            "keys",
            "leeway",
            "limit",
            "per",
            "principal",
            "rate",
            "revoked",
            "scheme",
            "secret",
            "send_token",
            "store",
            "token_client",
            "token_m",
            "token_scope",
        ],
    ),
    (
        "it is a part of a word that is shown or excused as a whole",
        &[
            "k_api_key",
            "k_basic",
            "k_call",
            "k_false",
            "k_invalid",
            "k_jwt",
            "k_mtls",
            "k_true",
            "k_unreachable",
            "line_text",
            "plain_text",
            "status_class",
        ],
    ),
    ("it is what holds without it", &["k_frozen", "k_refused"]),
    ("one contract has one way to name a version", &["default_version", "k_default", "k_media"]),
    ("drafts are no part of what is served", &["k_draft"]),
    ("pages that send cookies are no part of the examples", &["k_credentials", "k_max_age"]),
    ("an example that copies calls is missing", &["k_copy", "tail_copy"]),
];

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
    for file in &files {
        let text = fs::read_to_string(file).expect("an example is text");
        let pairs = Grammar::parse(Rule::file, &text).expect("an example can be read");
        shown.extend(pairs.flatten().map(|pair| format!("{:?}", pair.as_rule())));
    }
    let excused: BTreeSet<String> =
        UNSHOWN.iter().flat_map(|(_, rules)| *rules).map(ToString::to_string).collect();
    let missing: Vec<String> = rules().difference(&shown).cloned().collect();
    let missing: BTreeSet<String> = missing.into_iter().collect();
    assert_eq!(missing, excused, "left: no example shows it; right: excused");
}
