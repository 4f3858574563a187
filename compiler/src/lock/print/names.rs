//! Which declarations a version uses, and what they are called in its lock.

use crate::analyse::versions::{Flat, FlatFieldKind, FlatKind, FlatType};
use gatewright_grammar::tree::{
    Auth, AuthMember, Base, EndpointMemberKind, FieldKind, Path, Record, RespKind, SegmentPart,
    Type,
};
use std::collections::{BTreeMap, BTreeSet};

/// The declarations that a version uses, and what they are called in its lock: what another
/// directory declares has a name of its own there.
pub(super) struct Names {
    used: BTreeMap<String, String>,
    callers: BTreeMap<String, String>,
}

impl Names {
    pub(super) fn of(flat: &Flat, auths: &[&Auth]) -> Self {
        let mut open: Vec<String> = Vec::new();
        for member in auths.iter().flat_map(|auth| &auth.members) {
            if let AuthMember::Claims(record) = member {
                fields(record, &mut open);
            }
        }
        for endpoint in &flat.endpoints {
            for path in endpoint.prefix.iter().chain(std::iter::once(&endpoint.tree.path)) {
                params(path, &mut open);
            }
            endpoint.tree.body.iter().for_each(|body| mentioned(&body.ty, &mut open));
            for response in &endpoint.tree.responses {
                match &response.kind {
                    RespKind::Type(ty) => mentioned(ty, &mut open),
                    RespKind::Status(_, ty) | RespKind::Stream(_, ty) => {
                        ty.iter().for_each(|ty| mentioned(ty, &mut open));
                    }
                    RespKind::Pass => {}
                }
            }
            for member in &endpoint.tree.members {
                match &member.kind {
                    EndpointMemberKind::Query(param)
                    | EndpointMemberKind::Header(param)
                    | EndpointMemberKind::Cookie(param) => mentioned(&param.ty, &mut open),
                    EndpointMemberKind::Reply { ty: Some(ty), .. } => mentioned(ty, &mut open),
                    _ => {}
                }
            }
        }
        let mut used = BTreeSet::new();
        while let Some(name) = open.pop() {
            if !used.insert(name.clone()) {
                continue;
            }
            if let Some(ty) = flat.types.iter().find(|ty| ty.name.text == name) {
                inside(ty, &mut open);
            } else if let Some(error) = flat.errors.iter().find(|one| one.name.text == name) {
                error.record.iter().for_each(|record| fields(record, &mut open));
            }
        }
        let auths: BTreeSet<String> = auths.iter().map(|auth| auth.name.text.clone()).collect();
        let callers = short(auths.clone(), &|name| auths.contains(name));
        Self { used: called(used, flat), callers }
    }

    /// What an `auth` block is called.
    pub(super) fn caller<'n>(&'n self, name: &'n str) -> &'n str {
        self.callers.get(name).map_or(name, String::as_str)
    }

    pub(super) fn is_used(&self, name: &str) -> bool {
        self.used.contains_key(name)
    }

    pub(super) fn get<'n>(&'n self, name: &'n str) -> &'n str {
        self.used.get(name).map_or(name, String::as_str)
    }
}

/// A name for each declaration of `used`.
fn called(mut used: BTreeSet<String>, flat: &Flat) -> BTreeMap<String, String> {
    let declared = |name: &str| {
        flat.types.iter().any(|one| one.name.text == name)
            || flat.errors.iter().any(|one| one.name.text == name)
    };
    used.retain(|name| declared(name));
    short(used, &declared)
}

/// A name for each of `used`: its own, or the last part of one of another directory if that is
/// free.
fn short(used: BTreeSet<String>, declared: &dyn Fn(&str) -> bool) -> BTreeMap<String, String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut names = BTreeMap::new();
    for name in used {
        let short = name.rsplit(['.', '/']).next().unwrap_or(&name).to_owned();
        let is_taken = short != name && (declared(&short) || taken.contains(&short));
        let own = if is_taken { name.replace(['.', '/'], "_") } else { short };
        taken.insert(own.clone());
        names.insert(name, own);
    }
    names
}

fn params(path: &Path, out: &mut Vec<String>) {
    for part in path.segments.iter().flat_map(|segment| &segment.parts) {
        if let SegmentPart::Param { ty: Some(ty), .. } = part {
            mentioned(ty, out);
        }
    }
}

fn inside(ty: &FlatType, out: &mut Vec<String>) {
    match &ty.kind {
        FlatKind::Alias { ty, .. } => mentioned(ty, out),
        FlatKind::Enum(_) => {}
        FlatKind::Union(union) => union.variants.iter().for_each(|one| mentioned(&one.ty, out)),
        FlatKind::Record(fields) => fields.iter().for_each(|field| match &field.kind {
            FlatFieldKind::Spread(ty) => mentioned(ty, out),
            FlatFieldKind::Named(named) => mentioned(&named.ty, out),
        }),
    }
}

fn fields(record: &Record, out: &mut Vec<String>) {
    for field in &record.fields {
        match &field.kind {
            FieldKind::Spread(ty) => mentioned(ty, out),
            FieldKind::Named(named) => mentioned(&named.ty, out),
        }
    }
}

fn mentioned(ty: &Type, out: &mut Vec<String>) {
    match &ty.base {
        Base::List(element) => mentioned(element, out),
        Base::Map(key, value) => {
            mentioned(key, out);
            mentioned(value, out);
        }
        Base::Record(record) => fields(record, out),
        Base::Enum(_) => {}
        Base::Generic(name, argument) => {
            out.push(name.text.clone());
            mentioned(argument, out);
        }
        Base::Name(name) => out.push(name.text.clone()),
    }
}
