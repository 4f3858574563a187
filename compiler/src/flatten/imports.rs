//! A contract without imports: what other directories declare stands in it, under names of its own.

use crate::analyse;
use crate::analyse::imports::{Units, each, link};
use crate::contract::Checked;
use crate::diagnostic::{Diagnostics, Severity};
use crate::source::{Sources, Unit};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{File, Ident, ItemKind, VersionMember, VersionMemberKind};
use std::collections::{BTreeMap, BTreeSet};

/// The texts with the declarations of imported directories beside their own, and the contract that
/// they are.
///
/// # Errors
///
/// A name cannot stand beside the others, or a schema lies in another directory: in words.
pub(super) fn local(sources: &Sources) -> Result<(Sources, Checked), String> {
    let files: Vec<File> = sources
        .iter()
        .map(|(id, source)| gatewright_grammar::parse(id, &source.text).file)
        .collect();
    let (linked, units) = link(sources, files.clone(), &mut Diagnostics::default());
    let names = names(&files, &linked, sources);
    let mut local = Sources::new();
    let mut apart = String::new();
    for ((file, linked), (_, source)) in files.iter().zip(&linked).zip(sources.iter()) {
        if source.unit == Unit::default() {
            local.add(source.label.as_str(), own(file, &source.text, (&units, &names)));
        } else {
            apart.push_str(&theirs(linked, &source.text, &names)?);
        }
    }
    local.add("imports.api", apart);
    local.schemas_of(sources);
    let analysis = analyse(&local);
    let error = analysis.diagnostics.iter().find(|one| one.severity == Severity::Error);
    let error = error.map(|one| one.message.clone()).unwrap_or_default();
    let contract = analysis.into_checked().ok_or_else(|| {
        format!("what it imports cannot stand beside what it declares itself: {error}")
    })?;
    Ok((local, contract))
}

/// A name for each declaration of other directories, by the one that it has in the contract:
/// `common.Money` is `Money` where nothing else is.
fn names(files: &[File], linked: &[File], sources: &Sources) -> BTreeMap<String, String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut imported: BTreeSet<String> = BTreeSet::new();
    for ((file, linked), (_, source)) in files.iter().zip(linked).zip(sources.iter()) {
        let is_own = source.unit == Unit::default();
        for item in if is_own { &file.items } else { &linked.items } {
            let names = if is_own { &mut taken } else { &mut imported };
            names.extend(declared(&item.kind).map(|name| name.text.clone()));
            if let ItemKind::Version(version) = &item.kind {
                within(&version.members, &mut taken);
            }
        }
    }
    let mut found = BTreeMap::new();
    for name in imported {
        let short = name.rsplit(['.', '/']).next().unwrap_or(&name).to_owned();
        let mut own = if taken.contains(&short) { name.replace(['.', '/'], "_") } else { short };
        while taken.contains(&own) {
            own.push('_');
        }
        taken.insert(own.clone());
        found.insert(name, own);
    }
    found
}

/// The name that a declaration outside of versions gives.
fn declared(kind: &ItemKind) -> Option<&Ident> {
    Some(match kind {
        ItemKind::Backend(one) => &one.name,
        ItemKind::Auth(one) => &one.name,
        ItemKind::Policy(one) => &one.name,
        ItemKind::Type(one) => &one.name,
        ItemKind::Enum(one) => &one.name,
        ItemKind::Union(one) => &one.name,
        ItemKind::Error(one) => &one.name,
        _ => return None,
    })
}

fn within(members: &[VersionMember], taken: &mut BTreeSet<String>) {
    for member in members {
        let name = match &member.kind {
            VersionMemberKind::Type(one) => &one.name,
            VersionMemberKind::Enum(one) => &one.name,
            VersionMemberKind::Union(one) => &one.name,
            VersionMemberKind::Error(one) => &one.name,
            VersionMemberKind::Under { members, .. } => {
                within(members, taken);
                continue;
            }
            _ => continue,
        };
        taken.insert(name.text.clone());
    }
}

/// A file of the contract without its imports, with the names of their declarations.
fn own(file: &File, text: &str, (units, names): (&Units, &BTreeMap<String, String>)) -> String {
    let mut edits: Vec<(Span, String)> = Vec::new();
    for item in &file.items {
        if let ItemKind::Import(_) = &item.kind {
            edits.push((item.span, String::new()));
        }
    }
    for (import, prefix) in units.of_contract() {
        for at in mentions(&import, text) {
            let behind = text.get(at + import.len() + 1..).unwrap_or_default();
            let end = behind.find(|char: char| !char.is_ascii_alphanumeric() && char != '_');
            let word = behind.get(..end.unwrap_or(behind.len())).unwrap_or_default();
            if let Some(name) = names.get(&format!("{prefix}{word}")) {
                let whole = import.len() + 1 + word.len();
                edits.push((Span::new(file_of(file), at, at + whole), name.clone()));
            }
        }
    }
    edited(text, edits)
}

fn file_of(file: &File) -> gatewright_grammar::FileId {
    file.items.first().map(|item| item.span.file).unwrap_or_default()
}

/// Where `import.` begins a name: outside of comments and texts.
fn mentions(import: &str, text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let mut quoted = false;
        let mut before = ' ';
        for (at, char) in line.char_indices() {
            let rest = line.get(at..).unwrap_or_default();
            if !quoted && rest.starts_with("//") {
                break;
            }
            let behind = rest.strip_prefix(import).unwrap_or_default();
            let spread = line.get(..at).is_some_and(|before| before.ends_with("..."));
            let begins = spread || !(before.is_ascii_alphanumeric() || "_./".contains(before));
            if !quoted && begins && behind.starts_with('.') {
                found.push(start + at);
            }
            quoted ^= char == '"' && before != '\\';
            before = char;
        }
        start += line.len();
    }
    found
}

/// The declarations of a file of another directory, with the names they have in the contract.
fn theirs(linked: &File, text: &str, names: &BTreeMap<String, String>) -> Result<String, String> {
    let mut out = String::new();
    for item in &linked.items {
        if declared(&item.kind).is_none() && !matches!(item.kind, ItemKind::Env(_)) {
            continue;
        }
        let slice = text.get(item.span.range()).unwrap_or_default();
        if slice.contains("json(schema ") {
            return Err("it imports a declaration that names a JSON Schema, which lies in the \
                        other directory"
                .to_owned());
        }
        let mut edits: Vec<(Span, String)> = Vec::new();
        each(&mut item.clone(), &mut |name| {
            if let Some(own) = names.get(&name.text) {
                edits.push((name.span, own.clone()));
            }
        });
        let back = item.span.start;
        let moved = edits.into_iter().map(|(span, text)| {
            (Span { start: span.start - back, end: span.end - back, ..span }, text)
        });
        for line in item.doc.iter().flat_map(|doc| &doc.lines) {
            out.push_str(&format!("/// {line}\n"));
        }
        out.push_str(&edited(slice, moved.collect()));
        out.push_str("\n\n");
    }
    Ok(out)
}

fn edited(text: &str, mut edits: Vec<(Span, String)>) -> String {
    edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut out = text.to_owned();
    for (span, new) in edits {
        if out.get(span.range()).is_some() {
            out.replace_range(span.range(), &new);
        }
    }
    out
}
