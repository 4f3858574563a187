//! Where a declaration names others.

use crate::analyse::limits::is_known;
use crate::analyse::types::is_builtin;
use gatewright_grammar::tree::{
    AuthMember, BackendMemberKind, Base, CallPart, Change, ClauseKind, EndpointMember,
    EndpointMemberKind, FieldKind, File, Ident, Item, ItemKind, Operation, Record, TailKind, Type,
    TypeBody, VersionMember, VersionMemberKind,
};

/// Visits the names of a declaration outside of versions: its own, and those that it mentions.
/// Types of the language and the parameter of a generic type are none.
pub(crate) fn each(item: &mut Item, visit: &mut dyn FnMut(&mut Ident)) {
    match &mut item.kind {
        ItemKind::Backend(backend) => {
            visit(&mut backend.name);
            for member in &mut backend.members {
                if let BackendMemberKind::Operation(operation) = &mut member.kind {
                    self::operation(operation, visit);
                }
            }
        }
        ItemKind::Auth(auth) => {
            visit(&mut auth.name);
            for member in &mut auth.members {
                if let AuthMember::Claims(claims) = member {
                    record(claims, None, visit);
                }
            }
        }
        ItemKind::Policy(policy) => {
            visit(&mut policy.name);
            for clause in &mut policy.clauses {
                match &mut clause.kind {
                    ClauseKind::Use(name) => visit(name),
                    ClauseKind::Auth { schemes, .. } => schemes.iter_mut().for_each(&mut *visit),
                    ClauseKind::Limit(limit) if is_known(limit) => {
                        limit.per.first_mut().into_iter().for_each(&mut *visit);
                    }
                    _ => {}
                }
            }
        }
        ItemKind::Error(error) => {
            visit(&mut error.name);
            if let Some(members) = &mut error.record {
                record(members, None, visit);
            }
        }
        ItemKind::Type(decl) => {
            visit(&mut decl.name);
            let parameter = decl.parameter.as_ref().map(|parameter| parameter.text.clone());
            match &mut decl.body {
                TypeBody::Alias { ty, .. } => self::ty(ty, parameter.as_deref(), visit),
                TypeBody::Record(fields) => record(fields, parameter.as_deref(), visit),
            }
        }
        ItemKind::Enum(decl) => visit(&mut decl.name),
        ItemKind::Union(union) => {
            visit(&mut union.name);
            union.variants.iter_mut().for_each(|variant| ty(&mut variant.ty, None, visit));
        }
        _ => {}
    }
}

fn operation(operation: &mut Operation, visit: &mut dyn FnMut(&mut Ident)) {
    let path = &mut operation.path;
    let segments = path.segments.iter_mut().flatten();
    let pairs = path.query.iter_mut().flat_map(|pair| pair.value.iter_mut().flatten());
    for part in segments.chain(pairs) {
        if let CallPart::Hole { ty: Some(ty), .. } = part {
            self::ty(ty, None, visit);
        }
    }
    operation.body.iter_mut().chain([&mut operation.result]).for_each(|one| ty(one, None, visit));
}

fn record(record: &mut Record, parameter: Option<&str>, visit: &mut dyn FnMut(&mut Ident)) {
    for field in &mut record.fields {
        match &mut field.kind {
            FieldKind::Spread(other) => ty(other, parameter, visit),
            FieldKind::Named(named) => ty(&mut named.ty, parameter, visit),
        }
    }
}

fn ty(ty: &mut Type, parameter: Option<&str>, visit: &mut dyn FnMut(&mut Ident)) {
    let mut name = |name: &mut Ident| {
        if !is_builtin(&name.text) && parameter != Some(&name.text) {
            visit(name);
        }
    };
    match &mut ty.base {
        Base::Name(one) => name(one),
        Base::Generic(one, argument) => {
            name(one);
            self::ty(argument, parameter, visit);
        }
        Base::List(element) => self::ty(element, parameter, visit),
        Base::Map(key, value) => {
            self::ty(key, parameter, visit);
            self::ty(value, parameter, visit);
        }
        Base::Record(fields) => record(fields, parameter, visit),
        Base::Enum(_) => {}
    }
}

/// The backends that the versions of `files` call.
pub(super) fn called(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for item in files.iter().flat_map(|file| &file.items) {
        if let ItemKind::Version(version) = &item.kind {
            members(&version.members, &mut found);
        }
    }
    found
}

fn members(members: &[VersionMember], found: &mut Vec<String>) {
    for member in members {
        match &member.kind {
            VersionMemberKind::Under { members, .. } => self::members(members, found),
            VersionMemberKind::Endpoint(endpoint) => work(&endpoint.members, found),
            VersionMemberKind::Change(Change::Endpoint { members, .. }) => work(members, found),
            _ => {}
        }
    }
}

fn work(members: &[EndpointMember], found: &mut Vec<String>) {
    for member in members {
        if let EndpointMemberKind::Call(call) = &member.kind {
            found.push(call.backend.text.clone());
            found.extend(call.tails.iter().filter_map(|tail| match &tail.kind {
                TailKind::Copy(to) => Some(to.text.clone()),
                _ => None,
            }));
        }
    }
}

/// Whether a name in `text` begins with `import.`; comments do not count.
pub(super) fn begins_one(import: &str, text: &str) -> bool {
    text.lines().any(|line| {
        let code = line.split("//").next().unwrap_or_default();
        code.match_indices(import).any(|(at, _)| {
            let before = code.get(..at).and_then(|before| before.chars().next_back());
            let word =
                |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | '"' | '/');
            let behind = code.get(at + import.len()..).unwrap_or_default();
            let spread = code.get(..at).is_some_and(|before| before.ends_with("..."));
            behind.starts_with('.') && (spread || !before.is_some_and(word))
        })
    })
}
