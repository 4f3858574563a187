//! The edits a version makes to what it starts from.

mod bound;
mod returns;

use super::limits;
use super::versions::{Flat, FlatEndpoint, FlatField, FlatFieldKind, FlatKind, FlatType, nothing};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::suggest;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{
    Base, Change, Clause, ClauseKind, Endpoint, EndpointMember, EndpointMemberKind, EnumBody,
    EnumDecl, ErrorDecl, Field, FieldEdit, FieldKind, Ident, Method, Path, Remove, Rename,
    SegmentPart, Variant,
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
        FieldKind::Spread(ty) => FlatFieldKind::Spread(ty.clone()),
        FieldKind::Named(named) => FlatFieldKind::Named(Box::new(named.clone())),
    };
    FlatField { kind, span: field.span, added, renames: Vec::new() }
}

/// `rename Product.title to name`
pub(crate) fn rename(flat: &mut Flat, rename: &Rename, diagnostics: &mut Diagnostics) {
    let (from, to) = (&rename.from, &rename.to);
    let Some((type_name, field_name)) = from.text.rsplit_once('.') else {
        let message = format!("`{}` names no field", from.text);
        diagnostics.push(
            Diagnostic::new(Code::NothingToChange, from.span, message)
                .label("a field is wanted here")
                .help(format!("write `rename Type.{} to {}`", from.text, to.text)),
        );
        return;
    };
    let rank = flat.rank;
    let owner = Target { name: type_name, span: from.span, rest: field_name, verb: "rename" };
    let Some(fields) = record(flat, &owner, diagnostics) else { return };
    if let Some(other) = named(fields, &to.text) {
        let message = format!("`{type_name}` has a field `{}` already", to.text);
        diagnostics.push(
            Diagnostic::new(Code::DuplicateName, to.span, message)
                .label("two fields would have this name")
                .see(other.span, "the other one")
                .help("choose another name, or remove the other field first"),
        );
        return;
    }
    let found = fields.iter_mut().find(|f| name_of(f).is_some_and(|n| n.text == field_name));
    if let Some(field) = found
        && let FlatFieldKind::Named(named) = &mut field.kind
    {
        field.renames.push((rank, named.name.text.clone()));
        named.name.text.clone_from(&to.text);
        bound::rename(flat, (type_name, field_name, &to.text));
        return;
    }
    let known = fields.iter().filter_map(name_of).map(|name| name.text.as_str());
    let message = format!("`{type_name}` has no field `{field_name}` to rename");
    let diagnostic = Diagnostic::new(Code::NothingToChange, from.span, message);
    diagnostics.push(match suggest::closest(field_name, known) {
        Some(other) => diagnostic.label(format!("did you mean `{type_name}.{other}`?")).fix(
            format!("write `{type_name}.{other}`"),
            from.span,
            format!("{type_name}.{other}"),
        ),
        None => diagnostic.label("nothing of this name is inherited or declared before"),
    });
}

fn named<'f>(fields: &'f [FlatField], name: &str) -> Option<&'f Ident> {
    fields.iter().filter_map(name_of).find(|ident| ident.text == name)
}

/// The declaration that an edit is about.
struct Target<'e> {
    name: &'e str,
    span: Span,
    /// The field behind the name, where the edit writes `Type.field`.
    rest: &'e str,
    verb: &'e str,
}

fn name_of(field: &FlatField) -> Option<&Ident> {
    match &field.kind {
        FlatFieldKind::Named(named) => Some(&named.name),
        FlatFieldKind::Spread(_) => None,
    }
}

/// The fields of the record `target`, or nothing and a finding.
fn record<'f>(
    flat: &'f mut Flat,
    target: &Target<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<&'f mut Vec<FlatField>> {
    let found = declared(flat, target, "type", diagnostics)?;
    let at = found.name.span;
    match &mut found.kind {
        FlatKind::Record(fields) => Some(fields),
        _ => {
            let message = format!("`{}` is not a record, so it has no fields to edit", target.name);
            diagnostics.push(
                Diagnostic::new(Code::NothingToChange, target.span, message)
                    .label("only records have fields")
                    .see(at, "declared here")
                    .help(format!("write `remove type {}` and declare it again", target.name)),
            );
            None
        }
    }
}

/// The declaration `target` of the kind `what`, or nothing and a finding.
fn declared<'f>(
    flat: &'f mut Flat,
    target: &Target<'_>,
    what: &str,
    diagnostics: &mut Diagnostics,
) -> Option<&'f mut FlatType> {
    let Target { name, span, rest, verb } = *target;
    let Some(at) = flat.types.iter().position(|one| one.name.text == name) else {
        let message = format!("there is no {what} `{name}` to {verb}");
        let path = |name: &str| match rest {
            "" => name.to_owned(),
            rest => format!("{name}.{rest}"),
        };
        let known: Vec<String> = flat.types.iter().map(|one| path(&one.name.text)).collect();
        let known = known.iter().map(String::as_str);
        diagnostics.push(nothing(span, message, &path(name), known));
        return None;
    };
    let found = flat.types.get_mut(at)?;
    // A rename looks at the fields itself.
    if found.kind.word() == what || !rest.is_empty() {
        return Some(found);
    }
    let is = found.kind.word();
    diagnostics.push(
        Diagnostic::new(Code::NothingToChange, span, format!("`{name}` is declared with `{is}`"))
            .label(format!("not with `{what}`"))
            .see(found.name.span, "declared here")
            .help(match verb {
                "remove" => format!("write `remove {is} {name}`"),
                _ => format!("write `{verb} {is} {name} {{ … }}`"),
            }),
    );
    None
}

/// `remove GET /find`, `remove type Hit`
pub(crate) fn remove(flat: &mut Flat, base: &str, remove: &Remove, diagnostics: &mut Diagnostics) {
    match remove {
        Remove::Endpoint(method, path) => {
            let wanted = Wanted { method, path, verb: "remove", base };
            if let Some(at) = endpoint(flat, &wanted, diagnostics) {
                flat.endpoints.remove(at);
            }
        }
        Remove::Declaration(kind, name) if kind.text == "error" => {
            match flat.errors.iter().position(|one| one.name.text == name.text) {
                Some(at) => {
                    flat.errors.remove(at);
                    flat.removed.push(name.clone());
                }
                None => diagnostics.push(no_error(flat, name, "remove")),
            }
        }
        Remove::Declaration(kind, name) => {
            let target = Target { name: &name.text, span: name.span, rest: "", verb: "remove" };
            declared(flat, &target, &kind.text, diagnostics);
            // Of another kind or not, its author does not want it.
            flat.types.retain(|one| one.name.text != name.text);
            flat.removed.push(name.clone());
        }
    }
}

fn no_error(flat: &Flat, name: &Ident, verb: &str) -> Diagnostic {
    let known = flat.errors.iter().map(|one| one.name.text.as_str());
    let message = format!("there is no error `{}` to {verb}", name.text);
    nothing(name.span, message, &name.text, known)
}

/// The endpoint that an edit is about.
struct Wanted<'e> {
    method: &'e Method,
    path: &'e Path,
    verb: &'e str,
    /// The label of the version that should have it.
    base: &'e str,
}

/// The wanted endpoint, as an index, or nothing and a finding.
fn endpoint(flat: &Flat, wanted: &Wanted<'_>, diagnostics: &mut Diagnostics) -> Option<usize> {
    let Wanted { method, path, verb, base } = wanted;
    let text = path_text(path);
    let key = format!("{} {text}", method.text);
    if let Some(found) = flat.endpoints.iter().position(|one| one.key() == key) {
        return Some(found);
    }
    let keys: Vec<String> = flat.endpoints.iter().map(FlatEndpoint::key).collect();
    let message = format!("version {base} has no `{key}` to {verb}");
    let span = method.span.to(path.span);
    let diagnostic = Diagnostic::new(Code::NothingToChange, span, message);
    let Some(other) = suggest::closest(&key, keys.iter().map(String::as_str)) else {
        diagnostics.push(diagnostic.label("nothing of this name is inherited or declared before"));
        return None;
    };
    let diagnostic = diagnostic.label(format!("did you mean `{other}`?"));
    diagnostics.push(match other.split_once(' ') {
        Some((same, other)) if same == method.text => {
            diagnostic.fix(format!("write `{other}`"), path.span, other)
        }
        _ => diagnostic.fix(format!("write `{other}`"), span, other),
    });
    None
}

/// `change …`
pub(crate) fn change(flat: &mut Flat, base: &str, change: &Change, diagnostics: &mut Diagnostics) {
    match change {
        Change::Endpoint { method, path, members, .. } => {
            let wanted = Wanted { method, path, verb: "change", base };
            let found = endpoint(flat, &wanted, diagnostics);
            let found = found.and_then(|at| flat.endpoints.get_mut(at));
            if let Some(endpoint) = found {
                let tree = Arc::make_mut(&mut endpoint.tree);
                let (returns, others): (Vec<_>, Vec<_>) =
                    members.iter().partition(|member| returns::is_return(member));
                others.into_iter().for_each(|member| edit_endpoint(tree, member, diagnostics));
                returns::edit(&mut tree.members, &returns);
            }
        }
        Change::Type { name, edits } => {
            let rank = flat.rank;
            let owner = Target { name: &name.text, span: name.span, rest: "", verb: "change" };
            let Some(fields) = record(flat, &owner, diagnostics) else { return };
            for edit in edits {
                edit_field(fields, rank, (name, edit), diagnostics);
            }
        }
        Change::Enum { name, body } => change_enum(flat, name, body, diagnostics),
        Change::Union { name, variants } => change_union(flat, name, variants, diagnostics),
        Change::Error(new) => change_error(flat, new, diagnostics),
    }
}

fn change_enum(flat: &mut Flat, name: &Ident, body: &EnumBody, diagnostics: &mut Diagnostics) {
    let target = Target { name: &name.text, span: name.span, rest: "", verb: "change" };
    if let Some(found) = declared(flat, &target, "enum", diagnostics) {
        found.kind = FlatKind::Enum(EnumDecl { name: name.clone(), body: body.clone() });
    }
}

fn change_union(flat: &mut Flat, name: &Ident, new: &[Variant], diagnostics: &mut Diagnostics) {
    let target = Target { name: &name.text, span: name.span, rest: "", verb: "change" };
    let Some(found) = declared(flat, &target, "union", diagnostics) else { return };
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
        None => diagnostics.push(no_error(flat, &new.name, "change")),
    }
}

fn edit_field(
    fields: &mut Vec<FlatField>,
    rank: usize,
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
            let mut new = flat_field(field, rank);
            let same = |old: &&mut FlatField| match (&old.kind, &field.kind) {
                (FlatFieldKind::Named(old), FieldKind::Named(new)) => {
                    old.name.text == new.name.text
                }
                (FlatFieldKind::Spread(old), FieldKind::Spread(new)) => {
                    same_name(&old.base, &new.base)
                }
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

fn same_name(a: &Base, b: &Base) -> bool {
    let name = |base: &Base| match base {
        Base::Name(name) | Base::Generic(name, _) => Some(name.text.clone()),
        _ => None,
    };
    name(a).is_some() && name(a) == name(b)
}

/// A member replaces one of the same name, joins, or removes.
fn edit_endpoint(tree: &mut Endpoint, new: &EndpointMember, diagnostics: &mut Diagnostics) {
    if let EndpointMemberKind::Remove(kind, name) = &new.kind {
        let named = |old: &EndpointMember| member_name(old, &kind.text) == Some(&name.text);
        if tree.members.iter().any(named) {
            tree.members.retain(|old| !named(old));
            return;
        }
        let known = tree.members.iter().filter_map(|old| member_name(old, &kind.text));
        let message = format!("this endpoint has no {} `{}` to remove", kind.text, name.text);
        diagnostics.push(nothing(name.span, message, &name.text, known));
        return;
    }
    match tree.members.iter_mut().find(|old| same_member(&old.kind, &new.kind)) {
        Some(old) => *old = new.clone(),
        None => tree.members.push(new.clone()),
    }
}

/// The name of a member of the kind `query`, `header` or `call`.
fn member_name<'m>(member: &'m EndpointMember, kind: &str) -> Option<&'m str> {
    match (&member.kind, kind) {
        (EndpointMemberKind::Query(param), "query")
        | (EndpointMemberKind::Header(param), "header") => Some(&param.name.text),
        (EndpointMemberKind::Call(call), "call") => Some(&call.name.text),
        _ => None,
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
        (EndpointMemberKind::Deprecated(_), EndpointMemberKind::Deprecated(_)) => true,
        _ => false,
    }
}

/// Whether `new` takes the place of `old`.
pub(crate) fn same_clause(old: &Clause, new: &Clause) -> bool {
    match (&old.kind, &new.kind) {
        (ClauseKind::Limit(old), ClauseKind::Limit(new)) => limits::replaces(new, old),
        (
            ClauseKind::Public | ClauseKind::Auth { .. },
            ClauseKind::Public | ClauseKind::Auth { .. },
        ) => true,
        (ClauseKind::Use(a), ClauseKind::Use(b)) => a.text == b.text,
        (ClauseKind::Unknown { params: a, .. }, ClauseKind::Unknown { params: b, .. }) => a == b,
        _ => discriminant(&old.kind) == discriminant(&new.kind),
    }
}

/// Puts a clause in the place of those that it replaces, or behind the others.
pub(crate) fn replace_clause(clauses: &mut Vec<Clause>, new: &Clause) {
    let at = clauses.iter().position(|old| same_clause(old, new));
    clauses.retain(|old| !same_clause(old, new));
    clauses.insert(at.unwrap_or(clauses.len()), new.clone());
}
