//! A closed enum that a backend fills: a value it adds tomorrow fails the call.

use super::walk;
use crate::contract::types::{Enumeration, Field, Kind, Rest, Rule, Scalar};
use crate::contract::work::{Parent, Shape};
use crate::contract::{Contract, Endpoint, Version};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    Change, EnumBody, EnumDecl, EnumRest, File, ItemKind, VersionMemberKind,
};

pub(super) fn check(contract: &Contract, files: &[File], diagnostics: &mut Diagnostics) {
    let declared = declarations(files);
    for version in &contract.versions {
        for endpoint in &version.endpoints {
            each(contract, (version, endpoint), &declared, diagnostics);
        }
    }
}

fn each(
    contract: &Contract,
    (version, endpoint): (&Version, &Endpoint),
    declared: &[(Span, &EnumBody)],
    diagnostics: &mut Diagnostics,
) {
    for (scalar, backend) in read(endpoint) {
        let Rule::Enum(values) = &scalar.rule else { continue };
        let backend = contract.backends.get(backend).map_or("a backend", |b| b.name.as_str());
        let Some((field, used)) = shown(version, endpoint, scalar) else { continue };
        let named = scalar.name.as_deref();
        let place = declared.iter().rev().find(|(_, body)| means(body, values));
        let (at, body) = place.map_or((used, None), |(name, body)| {
            (if named.is_some() { *name } else { used }, Some(*body))
        });
        let what = field.map_or("value".to_owned(), |field| field.name.replace('_', " "));
        let vowel = what.starts_with(['a', 'e', 'i', 'o', 'u']);
        let what = format!("{} {what}", if vowel { "an" } else { "a" });
        let mut diagnostic = Diagnostic::new(
            Code::ClosedEnumFromBackend,
            at,
            format!("{what} that `{backend}` may add tomorrow would become a failure"),
        )
        .label("closed, and filled from a backend");
        if at != used {
            diagnostic = diagnostic.see(used, format!("read from `{backend}`"));
        }
        diagnostics.push(opened(diagnostic, values, body).note(
            "after publishing, adding `else` or a value is breaking for callers who handle every case",
        ));
    }
}

/// The closed enums that `endpoint` reads of results, each with the backend it comes from.
fn read(endpoint: &Endpoint) -> Vec<(&Scalar, usize)> {
    let mut found: Vec<(&Scalar, usize)> = Vec::new();
    for node in &endpoint.work.nodes {
        let Shape::Scalar(rules) = &node.shape else { continue };
        let (Parent::Field(up, _) | Parent::Element(up)) = &node.parent else { continue };
        let Parent::Call(call) = endpoint.work.root(*up) else { continue };
        let Some(call) = endpoint.work.calls.get(*call) else { continue };
        let closed = |scalar: &&Scalar| matches!(&scalar.rule, Rule::Enum(values) if values.rest == Rest::Closed);
        for scalar in rules.iter().filter(closed) {
            if !found.iter().any(|(other, _)| *other == scalar) {
                found.push((scalar, call.backend));
            }
        }
    }
    found
}

/// The first field of the answer that holds `scalar`, and where its type stands.
fn shown<'c>(
    version: &'c Version,
    endpoint: &'c Endpoint,
    scalar: &Scalar,
) -> Option<(Option<&'c Field>, Span)> {
    let mut found = None;
    walk::sent(version, endpoint, &mut |ty, field| {
        if found.is_none() && matches!(&ty.kind, Kind::Scalar(other) if other == scalar) {
            found = Some((field, ty.span));
        }
    });
    found
}

/// Every declared enum: its name and its values.
fn declarations(files: &[File]) -> Vec<(Span, &EnumBody)> {
    let mut found = Vec::new();
    let named = |decl: &'_ EnumDecl| decl.name.span;
    for item in files.iter().flat_map(|file| &file.items) {
        match &item.kind {
            ItemKind::Enum(decl) => found.push((named(decl), &decl.body)),
            ItemKind::Version(version) => {
                for member in &version.members {
                    match &member.kind {
                        VersionMemberKind::Enum(decl) => found.push((named(decl), &decl.body)),
                        VersionMemberKind::Change(Change::Enum { name, body }) => {
                            found.push((name.span, body));
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    found
}

fn means(body: &EnumBody, values: &Enumeration) -> bool {
    body.rest == EnumRest::Closed
        && body.values.len() == values.values.len()
        && body.values.iter().zip(&values.values).all(|(one, (name, _))| one.name.text == *name)
}

/// The way out: a value for all that are not known.
fn opened(diagnostic: Diagnostic, values: &Enumeration, body: Option<&EnumBody>) -> Diagnostic {
    let taken = |name: &str| values.values.iter().any(|(other, _)| other == name);
    let name = ["unknown", "other"].into_iter().find(|name| !taken(name)).unwrap_or("unlisted");
    let text = format!("`else {name}` turns values you do not know into a declared one");
    let last = body.and_then(|body| body.values.last());
    match last {
        Some(last) => {
            let end = Span { start: last.span.end, ..last.span };
            diagnostic.fix(text, end, format!(" else {name}"))
        }
        None => diagnostic.help(text),
    }
}
