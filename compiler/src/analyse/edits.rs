//! The edits a version makes to what it starts from.

use super::versions::{Flat, FlatEndpoint, FlatField, FlatFieldKind, FlatKind, FlatType, nothing};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    Change, Clause, ClauseKind, Endpoint, EndpointMember, EndpointMemberKind, Entry, EntryKind,
    EnumBody, EnumDecl, ErrorDecl, Field, FieldEdit, FieldKind, Ident, Method, Object, Path,
    Remove, Rename, SegmentPart, Value, ValueKind, Variant,
};
use std::mem::discriminant;
use std::sync::Arc;

/// `/products/{id}`: a path without types.
pub(crate) fn path_text(path: &Path) -> String {
    let part = |part: &SegmentPart| match part {
        SegmentPart::Text(text) => text.text.clone(),
        SegmentPart::Param { name, rest: false, .. } => format!("{{{}}}", name.text),
        SegmentPart::Param { name, rest: true, .. } => format!("{{{}*}}", name.text),
    };
    let segment = |parts: &Vec<SegmentPart>| parts.iter().map(part).collect::<String>();
    let segments = path.segments.iter().map(|s| "/".to_owned() + &segment(&s.parts));
    let text: String = segments.collect();
    if text.is_empty() { "/".into() } else { text }
}

/// A field of the tree as one of a written-out version.
pub(crate) fn flat_field(field: &Field, added: usize) -> FlatField {
    let kind = match &field.kind {
        FieldKind::Spread(name) => FlatFieldKind::Spread(name.clone()),
        FieldKind::Named(named) => FlatFieldKind::Named(named.clone()),
    };
    FlatField { kind, span: field.span, added, renames: Vec::new() }
}

/// `rename Product.title to name`
pub(crate) fn rename(
    flat: &mut Flat,
    index: usize,
    rename: &Rename,
    diagnostics: &mut Diagnostics,
) {
    let Some((type_name, field_name)) = rename.from.text.rsplit_once('.') else {
        diagnostics.push(
            Diagnostic::new(
                Code::NothingToChange,
                rename.from.span,
                format!("`{}` names no field", rename.from.text),
            )
            .label("a field is wanted here")
            .help(format!("write `rename Type.{} to {}`", rename.from.text, rename.to.text)),
        );
        return;
    };
    let from = Ident { text: type_name.to_owned(), span: rename.from.span };
    let Some(fields) = record(flat, &from, diagnostics) else { return };
    if fields.iter().any(|field| name_of(field).is_some_and(|n| n.text == rename.to.text)) {
        let what = format!("`{type_name}` has a field `{}` already", rename.to.text);
        diagnostics.push(
            Diagnostic::new(Code::DuplicateName, rename.to.span, what)
                .label("two fields would have this name")
                .help("choose another name, or remove the other field first"),
        );
        return;
    }
    let known: Vec<String> =
        fields.iter().filter_map(name_of).map(|name| name.text.clone()).collect();
    let found = fields.iter_mut().find(|f| name_of(f).is_some_and(|n| n.text == field_name));
    match found {
        Some(field) => {
            if let FlatFieldKind::Named(named) = &mut field.kind {
                field.renames.push((index, named.name.text.clone()));
                named.name.text.clone_from(&rename.to.text);
            }
        }
        None => diagnostics.push(nothing(
            rename.from.span,
            format!("`{type_name}` has no field `{field_name}` to rename"),
            &rename.from.text,
            known
                .iter()
                .map(|name| format!("{type_name}.{name}"))
                .collect::<Vec<_>>()
                .iter()
                .map(String::as_str),
        )),
    }
}

fn name_of(field: &FlatField) -> Option<&Ident> {
    match &field.kind {
        FlatFieldKind::Named(named) => Some(&named.name),
        FlatFieldKind::Spread(_) => None,
    }
}

/// The fields of the record `name`, or nothing and a finding.
fn record<'f>(
    flat: &'f mut Flat,
    name: &Ident,
    diagnostics: &mut Diagnostics,
) -> Option<&'f mut Vec<FlatField>> {
    let found = declared(flat, name, "type", diagnostics)?;
    let at = found.name.span;
    if let FlatKind::Record { fields, .. } = &mut found.kind {
        return Some(fields);
    }
    diagnostics.push(
        Diagnostic::new(
            Code::NothingToChange,
            name.span,
            format!("`{}` is not a record, so it has no fields to edit", name.text),
        )
        .label("only records have fields")
        .see(at, "declared here"),
    );
    None
}

fn declared<'f>(
    flat: &'f mut Flat,
    name: &Ident,
    what: &str,
    diagnostics: &mut Diagnostics,
) -> Option<&'f mut FlatType> {
    let at = flat.types.iter().position(|one| one.name.text == name.text);
    let Some(at) = at else {
        let known = flat.types.iter().map(|one| one.name.text.as_str());
        let message = format!("there is no {what} `{}` to change", name.text);
        diagnostics.push(nothing(name.span, message, &name.text, known));
        return None;
    };
    flat.types.get_mut(at)
}

/// `remove GET /find`, `remove type Hit`
pub(crate) fn remove(flat: &mut Flat, remove: &Remove, _span: Span, diagnostics: &mut Diagnostics) {
    match remove {
        Remove::Endpoint(method, path) => {
            if let Some(at) = endpoint(flat, method, path, "remove", diagnostics) {
                flat.endpoints.remove(at);
            }
        }
        Remove::Declaration(kind, name) if kind.text == "error" => {
            match flat.errors.iter().position(|one| one.name.text == name.text) {
                Some(at) => drop(flat.errors.remove(at)),
                None => {
                    let known = flat.errors.iter().map(|one| one.name.text.as_str());
                    let message = format!("there is no error `{}` to remove", name.text);
                    diagnostics.push(nothing(name.span, message, &name.text, known));
                }
            }
        }
        Remove::Declaration(kind, name) => {
            let text = &name.text;
            if declared(flat, name, &kind.text, diagnostics).is_some() {
                flat.types.retain(|one| one.name.text != *text);
            }
        }
    }
}

/// The endpoint `method path`, as an index, or nothing and a finding.
fn endpoint(
    flat: &Flat,
    method: &Method,
    path: &Path,
    verb: &str,
    diagnostics: &mut Diagnostics,
) -> Option<usize> {
    let wanted = format!("{} {}", method.text, path_text(path));
    let found = flat.endpoints.iter().position(|one| one.key() == wanted);
    if found.is_none() {
        let keys: Vec<String> = flat.endpoints.iter().map(FlatEndpoint::key).collect();
        let message = format!("version {} has no `{wanted}` to {verb}", flat.label);
        let span = method.span.to(path.span);
        diagnostics.push(nothing(span, message, &wanted, keys.iter().map(String::as_str)));
    }
    found
}

/// `change …`
pub(crate) fn change(
    flat: &mut Flat,
    index: usize,
    change: &Change,
    diagnostics: &mut Diagnostics,
) {
    match change {
        Change::Endpoint { method, path, members, .. } => {
            let found = endpoint(flat, method, path, "change", diagnostics);
            let found = found.and_then(|at| flat.endpoints.get_mut(at));
            if let Some(endpoint) = found {
                let tree = Arc::make_mut(&mut endpoint.tree);
                members.iter().for_each(|member| edit_endpoint(tree, member, diagnostics));
            }
        }
        Change::Type { name, edits } => {
            let Some(fields) = record(flat, name, diagnostics) else { return };
            for edit in edits {
                edit_field(fields, index, (name, edit), diagnostics);
            }
        }
        Change::Enum { name, body } => change_enum(flat, name, body, diagnostics),
        Change::Union { name, variants } => change_union(flat, name, variants, diagnostics),
        Change::Error(new) => change_error(flat, new, diagnostics),
    }
}

fn change_enum(flat: &mut Flat, name: &Ident, body: &EnumBody, diagnostics: &mut Diagnostics) {
    if let Some(found) = declared(flat, name, "enum", diagnostics) {
        found.kind = FlatKind::Enum(EnumDecl { name: name.clone(), body: body.clone() });
    }
}

fn change_union(flat: &mut Flat, name: &Ident, new: &[Variant], diagnostics: &mut Diagnostics) {
    let Some(found) = declared(flat, name, "union", diagnostics) else { return };
    let FlatKind::Union(union) = &mut found.kind else { return };
    for variant in new {
        match union.variants.iter_mut().find(|old| old.name.text == variant.name.text) {
            Some(old) => *old = variant.clone(),
            None => union.variants.push(variant.clone()),
        }
    }
}

fn change_error(flat: &mut Flat, new: &ErrorDecl, diagnostics: &mut Diagnostics) {
    match flat.errors.iter_mut().find(|old| old.name.text == new.name.text) {
        Some(old) => *old = new.clone(),
        None => {
            let known = flat.errors.iter().map(|one| one.name.text.as_str());
            let message = format!("there is no error `{}` to change", new.name.text);
            diagnostics.push(nothing(new.name.span, message, &new.name.text, known));
        }
    }
}

fn edit_field(
    fields: &mut Vec<FlatField>,
    index: usize,
    (type_name, edit): (&Ident, &FieldEdit),
    diagnostics: &mut Diagnostics,
) {
    match edit {
        FieldEdit::Remove(name) => {
            let at = fields.iter().position(|f| name_of(f).is_some_and(|n| n.text == name.text));
            if let Some(at) = at {
                fields.remove(at);
                return;
            }
            let known = fields.iter().filter_map(name_of).map(|name| name.text.as_str());
            let message = format!("`{}` has no field `{}` to remove", type_name.text, name.text);
            diagnostics.push(nothing(name.span, message, &name.text, known));
        }
        FieldEdit::Field(field) => {
            let mut new = flat_field(field, index);
            let same = |old: &&mut FlatField| match (&old.kind, &field.kind) {
                (FlatFieldKind::Named(old), FieldKind::Named(new)) => {
                    old.name.text == new.name.text
                }
                (FlatFieldKind::Spread(old), FieldKind::Spread(new)) => old.text == new.text,
                _ => false,
            };
            match fields.iter_mut().find(same) {
                Some(old) => {
                    new.added = old.added;
                    new.renames = std::mem::take(&mut old.renames);
                    *old = new;
                }
                None => fields.push(new),
            }
        }
    }
}

/// A member replaces one of the same name, joins, or removes.
fn edit_endpoint(tree: &mut Endpoint, new: &EndpointMember, diagnostics: &mut Diagnostics) {
    if let EndpointMemberKind::Remove(kind, name) = &new.kind {
        let removed = |old: &EndpointMember| match (&old.kind, kind.text.as_str()) {
            (EndpointMemberKind::Query(param), "query")
            | (EndpointMemberKind::Header(param), "header") => param.name.text == name.text,
            (EndpointMemberKind::Call(call), "call") => call.name.text == name.text,
            _ => false,
        };
        let before = tree.members.len();
        tree.members.retain(|old| !removed(old));
        if tree.members.len() == before {
            let message = format!("this endpoint has no {} `{}` to remove", kind.text, name.text);
            diagnostics.push(nothing(name.span, message, &name.text, std::iter::empty()));
        }
        return;
    }
    match tree.members.iter_mut().find(|old| same_member(&old.kind, &new.kind)) {
        Some(old) => match (&mut old.kind, &new.kind) {
            (
                EndpointMemberKind::Return { value: base, status: None, when: None },
                EndpointMemberKind::Return { value, status: None, when: None },
            ) => merge_return(base, value),
            _ => *old = new.clone(),
        },
        None => tree.members.push(new.clone()),
    }
}

fn same_member(old: &EndpointMemberKind, new: &EndpointMemberKind) -> bool {
    match (old, new) {
        (EndpointMemberKind::Query(a), EndpointMemberKind::Query(b))
        | (EndpointMemberKind::Header(a), EndpointMemberKind::Header(b))
        | (EndpointMemberKind::Cookie(a), EndpointMemberKind::Cookie(b)) => {
            a.name.text == b.name.text
        }
        (EndpointMemberKind::Reply { name: a, .. }, EndpointMemberKind::Reply { name: b, .. }) => {
            a.text.eq_ignore_ascii_case(&b.text)
        }
        (EndpointMemberKind::Call(a), EndpointMemberKind::Call(b)) => {
            a.name.text == b.name.text && a.name.text != "_"
        }
        (EndpointMemberKind::Clause(a), EndpointMemberKind::Clause(b)) => same_clause(a, b),
        (
            EndpointMemberKind::Return { status: a, .. },
            EndpointMemberKind::Return { status: b, .. },
        ) => a.as_ref().map(|s| &s.text) == b.as_ref().map(|s| &s.text),
        (EndpointMemberKind::Deprecated(_), EndpointMemberKind::Deprecated(_)) => true,
        _ => false,
    }
}

/// Entries of the edit replace entries of the same name; the others join. What was no object
/// becomes one that spreads it.
fn merge_return(base: &mut Value, new: &Value) {
    let ValueKind::Object(edit) = &new.kind else {
        *base = new.clone();
        return;
    };
    let mut entries = match &base.kind {
        ValueKind::Object(object) => object.entries.clone(),
        ValueKind::Ref(whole) if whole.projection.is_none() => {
            vec![Entry { kind: EntryKind::Spread(Some(whole.clone())), span: base.span }]
        }
        _ => Vec::new(),
    };
    for entry in &edit.entries {
        let same = |old: &&mut Entry| match (&old.kind, &entry.kind) {
            (EntryKind::Field(a, _), EntryKind::Field(b, _)) => a.text == b.text,
            _ => false,
        };
        match entries.iter_mut().find(same) {
            Some(old) => *old = entry.clone(),
            None => entries.push(entry.clone()),
        }
    }
    base.kind = ValueKind::Object(Object { entries, span: edit.span });
}

pub(crate) fn same_clause(a: &Clause, b: &Clause) -> bool {
    match (&a.kind, &b.kind) {
        (
            ClauseKind::Public | ClauseKind::Auth { .. },
            ClauseKind::Public | ClauseKind::Auth { .. },
        ) => true,
        (ClauseKind::Unknown { params: a, .. }, ClauseKind::Unknown { params: b, .. }) => a == b,
        _ => discriminant(&a.kind) == discriminant(&b.kind),
    }
}

/// Puts a clause in the place of one of its kind, or behind the others.
pub(crate) fn replace_clause(clauses: &mut Vec<Clause>, new: &Clause) {
    match clauses.iter_mut().find(|old| same_clause(old, new)) {
        Some(old) => *old = new.clone(),
        None => clauses.push(new.clone()),
    }
}
