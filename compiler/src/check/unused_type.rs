//! Types and errors that nothing mentions.

use crate::contract::Contract;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Sources;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{Change, File, Ident, ItemKind, VersionMemberKind};
use std::collections::HashMap;

pub(super) fn check(
    contract: &Contract,
    files: &[File],
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) {
    // What is refused may be what uses it.
    let refused = diagnostics.has_errors();
    // Without endpoints there is nothing yet that could use them.
    if refused || contract.versions.iter().all(|version| version.endpoints.is_empty()) {
        return;
    }
    let words = words(files, sources);
    for declared in declarations(files) {
        let name = &declared.name.text;
        if words.get(name.as_str()).copied().unwrap_or(0) > declared.mentions {
            continue;
        }
        let (code, message, help) = match declared.word {
            "error" => (
                Code::UnusedError,
                format!("no endpoint answers `{name}`"),
                format!("promise it, `GET /x -> X | {name}`, or delete it"),
            ),
            word => (
                Code::UnusedType,
                format!("nothing uses the {word} `{name}`"),
                "use it, or delete it".to_owned(),
            ),
        };
        let diagnostic = Diagnostic::new(code, declared.name.span, message);
        diagnostics.push(diagnostic.label("declared, and mentioned nowhere").help(help));
    }
}

/// A declaration, and how often it and its edits mention its own name.
struct Declared<'f> {
    word: &'static str,
    name: &'f Ident,
    mentions: usize,
}

fn declarations(files: &[File]) -> Vec<Declared<'_>> {
    let mut found: Vec<Declared<'_>> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut add = |word, name, edit: bool| {
        let name: &Ident = name;
        let known = places.get(name.text.as_str());
        match known.and_then(|at| found.get_mut(*at)) {
            Some(old) => old.mentions += 1,
            None if edit => {}
            None => {
                places.insert(&name.text, found.len());
                found.push(Declared { word, name, mentions: 1 });
            }
        }
    };
    for item in files.iter().flat_map(|file| &file.items) {
        match &item.kind {
            ItemKind::Type(one) => add("type", &one.name, false),
            ItemKind::Enum(one) => add("enum", &one.name, false),
            ItemKind::Union(one) => add("union", &one.name, false),
            ItemKind::Error(one) => add("error", &one.name, false),
            ItemKind::Version(version) => {
                for member in &version.members {
                    match &member.kind {
                        VersionMemberKind::Type(one) => add("type", &one.name, false),
                        VersionMemberKind::Enum(one) => add("enum", &one.name, false),
                        VersionMemberKind::Union(one) => add("union", &one.name, false),
                        VersionMemberKind::Error(one) => add("error", &one.name, false),
                        VersionMemberKind::Change(change) => match change {
                            Change::Type { name, .. } => add("type", name, true),
                            Change::Enum { name, .. } => add("enum", name, true),
                            Change::Union { name, .. } => add("union", name, true),
                            Change::Error(one) => add("error", &one.name, true),
                            Change::Endpoint { .. } => {}
                        },
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// How often each word stands in the contract. A word anywhere counts as a use, so nothing is
/// called unused because of a place that this check does not know.
fn words<'s>(files: &[File], sources: &'s Sources) -> HashMap<&'s str, usize> {
    let mut words = HashMap::new();
    for (file, (_, source)) in files.iter().zip(sources.iter()) {
        let mut at = 0;
        let comments = file.comments.iter().map(|comment| comment.span);
        let end = Span { start: u32::MAX, end: u32::MAX, ..file.span };
        for comment in comments.chain([end]) {
            let stop = (comment.start as usize).min(source.text.len());
            let code = source.text.get(at..stop).unwrap_or("");
            for word in code.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
                *words.entry(word).or_default() += 1;
            }
            at = comment.end as usize;
        }
    }
    words
}
