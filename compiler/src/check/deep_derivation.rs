//! Versions that are edits of edits of edits.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::tree::{File, Ident, ItemKind, Version};

/// From how many derivations in a row on a version is hard to read.
const DEEP: usize = 4;

pub(super) fn check(files: &[File], diagnostics: &mut Diagnostics) {
    let items = files.iter().flat_map(|file| &file.items);
    let versions: Vec<&Version> = items
        .filter_map(|item| match &item.kind {
            ItemKind::Version(version) => Some(version),
            _ => None,
        })
        .collect();
    for version in &versions {
        // Only the last of a chain is told of: flattening that one ends the chain.
        let is_base = |other: &&Version| is(other.from.as_ref(), version);
        if versions.iter().any(is_base) {
            continue;
        }
        let steps = steps(&versions, version);
        if steps.len() < DEEP {
            continue;
        }
        let Some(from) = &version.from else { continue };
        let label = &version.label.text;
        let mut diagnostic = Diagnostic::new(
            Code::DeepDerivation,
            version.label.span.to(from.span),
            format!("version {label} is edits upon edits, {} deep", steps.len()),
        )
        .label("what it contains stands in none of the files");
        for step in steps.iter().skip(1) {
            diagnostic = diagnostic.see(step.label.span, "which is edits again");
        }
        diagnostics.push(diagnostic.help(format!(
            "write version {label} out in full, without `from {}`: the chain begins anew; \
             `gatewright version new --flat` writes the next one so",
            from.text
        )));
    }
}

fn is(name: Option<&Ident>, version: &Version) -> bool {
    name.is_some_and(|name| name.text == version.label.text)
}

/// The derived versions on the way from `last` to one that is written out, `last` first.
fn steps<'t>(versions: &[&'t Version], last: &'t Version) -> Vec<&'t Version> {
    let mut steps: Vec<&Version> = Vec::new();
    let mut next = Some(last);
    while let Some(version) = next.filter(|one| one.from.is_some()) {
        // A circle is an error of its own.
        if steps.iter().any(|step| step.label.span == version.label.span) {
            return Vec::new();
        }
        steps.push(version);
        next = versions.iter().find(|other| is(version.from.as_ref(), other)).copied();
    }
    steps
}
