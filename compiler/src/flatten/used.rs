//! What a version uses of the declarations around it.

use super::pieces::{Pieces, Row};
use crate::analyse::versions::{Flat, FlatKind};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    BackendMemberKind, CallTarget, EndpointMemberKind, File, Ident, Item, ItemKind,
};
use std::collections::BTreeSet;

/// A declaration outside of versions.
struct Outside<'f> {
    item: &'f Item,
    /// The name by which it is used; nothing: it always counts.
    name: Option<&'f str>,
}

/// The declarations that `version` uses, directly or through each other, as text; without those
/// that it has in another form of its own.
pub(super) fn around(
    pieces: &Pieces<'_>,
    files: &[File],
    version: &str,
    (flat, replaced): (&Flat, &BTreeSet<&str>),
) -> String {
    let items = files.iter().flat_map(|file| &file.items);
    let outside: Vec<Outside<'_>> = items.filter_map(|item| declaration(item, replaced)).collect();
    let mut words: BTreeSet<String> = words(version).map(str::to_owned).collect();
    let mut taken = vec![false; outside.len()];
    loop {
        let mut more = false;
        for (one, taken) in outside.iter().zip(&mut taken) {
            if !*taken && one.name.is_none_or(|name| words.contains(name)) {
                (*taken, more) = (true, true);
                words.extend(self::words(&written(pieces, one.item, flat)).map(str::to_owned));
            }
        }
        if !more {
            break;
        }
    }
    let used = outside.iter().zip(&taken).filter(|(_, taken)| **taken);
    let mut out = String::new();
    let mut last: Option<bool> = None;
    for (one, _) in used {
        let span = one.item.span;
        let text = written(pieces, one.item, flat);
        // A line that is too long is several in the one form.
        let wide = match gatewright_grammar::format(&text) {
            Ok(text) => text.trim_end().contains('\n'),
            Err(_) => text.contains('\n'),
        };
        let apart = last.is_some_and(|before| before || wide || one.item.doc.is_some());
        out.push_str(if apart { "\n" } else { "" });
        let (before, behind) = (pieces.leading(span), pieces.trailing(span.file, span.end));
        out.push_str(&format!("{before}{text}{behind}\n"));
        last = Some(wide);
    }
    out.push('\n');
    out
}

/// A declaration as text; a backend without operations that the version does not call.
fn written(pieces: &Pieces<'_>, item: &Item, flat: &Flat) -> String {
    let ItemKind::Backend(backend) = &item.kind else { return pieces.text(item.span) };
    let calls = |name: &str| {
        let members = flat.endpoints.iter().flat_map(|endpoint| &endpoint.tree.members);
        let mut calls = members.filter_map(|member| match &member.kind {
            EndpointMemberKind::Call(call) if call.backend.text == backend.name.text => Some(call),
            _ => None,
        });
        calls.any(|call| {
            matches!(&call.target, CallTarget::Operation { name: called, .. } if called.text == name)
        })
    };
    let used = |kind: &BackendMemberKind| match kind {
        BackendMemberKind::Operation(operation) => calls(&operation.name.text),
        _ => true,
    };
    if backend.members.iter().all(|member| used(&member.kind)) {
        return pieces.text(item.span);
    }
    let block = pieces.block_of(item.span);
    let rows: Vec<Row> = backend
        .members
        .iter()
        .filter(|member| used(&member.kind))
        .map(|member| Row::at(member.span))
        .collect();
    let head = pieces.text(Span { end: block.start, ..item.span });
    format!("{head}{}", pieces.rows(block, &rows, ""))
}

/// A type that the version renames a field of, and that backends answer or are sent.
pub(super) fn renamed_at_backends(
    pieces: &Pieces<'_>,
    files: &[File],
    flat: &Flat,
) -> Option<String> {
    let mut open = exchanged(pieces, files, flat);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    while let Some(text) = open.pop() {
        for word in words(&text) {
            let Some(found) = flat.types.iter().find(|one| one.name.text == word) else { continue };
            if !seen.insert(word.to_owned()) {
                continue;
            }
            match &found.kind {
                FlatKind::Record(fields) => {
                    if fields.iter().any(|field| !field.renames.is_empty()) {
                        return Some(word.to_owned());
                    }
                    open.extend(fields.iter().map(|field| pieces.text(field.span)));
                }
                FlatKind::Alias { ty, .. } => open.push(pieces.text(ty.span)),
                FlatKind::Union(union) => {
                    open.extend(union.variants.iter().map(|variant| pieces.text(variant.span)));
                }
                FlatKind::Enum(_) => {}
            }
        }
    }
    None
}

/// The types that are declared for what backends answer and are sent, as text.
fn exchanged(pieces: &Pieces<'_>, files: &[File], flat: &Flat) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for item in files.iter().flat_map(|file| &file.items) {
        let ItemKind::Backend(backend) = &item.kind else { continue };
        for member in &backend.members {
            if let BackendMemberKind::Operation(operation) = &member.kind {
                found.push(pieces.text(operation.result.span));
                found.extend(operation.body.as_ref().map(|body| pieces.text(body.span)));
            }
        }
    }
    for member in flat.endpoints.iter().flat_map(|endpoint| &endpoint.tree.members) {
        if let EndpointMemberKind::Call(call) = &member.kind {
            found.extend(call.ty.as_ref().map(|ty| pieces.text(ty.span)));
        }
    }
    found
}

fn declaration<'f>(item: &'f Item, replaced: &BTreeSet<&str>) -> Option<Outside<'f>> {
    let named = |name: &'f Ident| Some(Outside { item, name: Some(name.text.as_str()) });
    let typed = |name: &'f Ident| named(name).filter(|_| !replaced.contains(name.text.as_str()));
    match &item.kind {
        ItemKind::Api(_) => Some(Outside { item, name: None }),
        ItemKind::Env(env) => named(&env.name),
        ItemKind::Backend(backend) => named(&backend.name),
        ItemKind::Auth(auth) => named(&auth.name),
        ItemKind::Policy(policy) => named(&policy.name),
        ItemKind::Import(import) => match &import.alias {
            Some(alias) => named(alias),
            None => Some(Outside { item, name: None }),
        },
        // The code of a version has all errors, whether or not an endpoint answers them.
        ItemKind::Error(error) => typed(&error.name).map(|one| Outside { name: None, ..one }),
        ItemKind::Type(decl) => typed(&decl.name),
        ItemKind::Enum(decl) => typed(&decl.name),
        ItemKind::Union(union) => typed(&union.name),
        // Of other versions, or about people and proofs.
        ItemKind::Version(_) | ItemKind::Consumer(_) | ItemKind::Case(_) | ItemKind::Bad => None,
    }
}

/// The words of a text that can be names; those of comments are not told apart.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !(char.is_ascii_alphanumeric() || char == '_'))
        .filter(|word| !word.is_empty())
}
