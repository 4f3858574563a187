//! The parts of a contract that several checks look at: types in use, clauses as written.

use crate::contract::types::{Field, Kind, RecordId, Type, Types};
use crate::contract::{Endpoint, Version};
use gatewright_grammar::tree::{
    ApiMemberKind, Change, Clause, Deprecated, Endpoint as EndpointTree, EndpointMember,
    EndpointMemberKind, File, ItemKind, VersionMember, VersionMemberKind,
};
use std::collections::BTreeSet;

/// The types of an endpoint's answers, those of declared errors not included.
pub(super) fn answers(endpoint: &Endpoint) -> impl Iterator<Item = &Type> {
    endpoint.success.iter().filter_map(|success| success.ty.as_ref())
}

/// Calls `see` for every type that callers get from `endpoint`, members of errors included.
pub(super) fn sent<'c>(version: &'c Version, endpoint: &'c Endpoint, see: &mut See<'_, 'c>) {
    let mut seen = BTreeSet::new();
    for ty in answers(endpoint) {
        one(&version.types, ty, None, (&mut seen, see));
    }
    for problem in endpoint.errors.iter().filter_map(|error| version.errors.get(*error)) {
        if let Some(members) = problem.members {
            record(&version.types, members, (&mut seen, see));
        }
    }
}

/// Calls `see` for every type in the body that callers send to `endpoint`.
pub(super) fn received<'c>(version: &'c Version, endpoint: &'c Endpoint, see: &mut See<'_, 'c>) {
    if let Some(body) = &endpoint.body {
        one(&version.types, &body.ty, None, (&mut BTreeSet::new(), see));
    }
}

/// Gets a type, and the field that holds it or a list of it.
pub(super) type See<'f, 'c> = dyn FnMut(&'c Type, Option<&'c Field>) + 'f;

/// A type and what is in it, each record once.
fn one<'c>(
    types: &'c Types,
    ty: &'c Type,
    field: Option<&'c Field>,
    (seen, see): (&mut BTreeSet<RecordId>, &mut See<'_, 'c>),
) {
    see(ty, field);
    match &ty.kind {
        Kind::Scalar(_) | Kind::Json | Kind::Foreign(_) => {}
        Kind::List(element, _) => one(types, element, field, (seen, see)),
        Kind::Map(map) => one(types, &map.value, field, (seen, see)),
        Kind::Record(id) => record(types, *id, (seen, see)),
        Kind::Union(id) => {
            for variant in &types.union(*id).variants {
                record(types, variant.record, (&mut *seen, &mut *see));
            }
        }
    }
}

fn record<'c>(
    types: &'c Types,
    id: RecordId,
    (seen, see): (&mut BTreeSet<RecordId>, &mut See<'_, 'c>),
) {
    if seen.insert(id) {
        for field in &types.record(id).fields {
            one(types, &field.ty, Some(field), (seen, see));
        }
    }
}

/// Every clause, in the order of the text.
pub(super) fn clauses(files: &[File]) -> Vec<&Clause> {
    let mut found = Vec::new();
    for item in files.iter().flat_map(|file| &file.items) {
        match &item.kind {
            ItemKind::Api(api) => found.extend(api.members.iter().filter_map(|m| match &m.kind {
                ApiMemberKind::Clause(clause) => Some(clause),
                _ => None,
            })),
            ItemKind::Policy(policy) => found.extend(&policy.clauses),
            ItemKind::Version(version) => version_clauses(&version.members, &mut found),
            _ => {}
        }
    }
    found
}

fn version_clauses<'t>(members: &'t [VersionMember], found: &mut Vec<&'t Clause>) {
    for member in members {
        match &member.kind {
            VersionMemberKind::Clause(clause) => found.push(clause),
            VersionMemberKind::Under { members, .. } => version_clauses(members, found),
            VersionMemberKind::Endpoint(EndpointTree { members, .. })
            | VersionMemberKind::Change(Change::Endpoint { members, .. }) => {
                found.extend(members.iter().filter_map(|member| match &member.kind {
                    EndpointMemberKind::Clause(clause) => Some(clause),
                    _ => None,
                }));
            }
            _ => {}
        }
    }
}

/// Where versions and endpoints say that they go, in the order of the text.
pub(super) fn deprecations(files: &[File]) -> Vec<&Deprecated> {
    let mut found = Vec::new();
    for item in files.iter().flat_map(|file| &file.items) {
        if let ItemKind::Version(version) = &item.kind {
            version_deprecations(&version.members, &mut found);
        }
    }
    found
}

fn version_deprecations<'t>(members: &'t [VersionMember], found: &mut Vec<&'t Deprecated>) {
    let own = |member: &'t EndpointMember| match &member.kind {
        EndpointMemberKind::Deprecated(deprecated) => Some(deprecated),
        _ => None,
    };
    for member in members {
        match &member.kind {
            VersionMemberKind::Deprecated(deprecated) => found.push(deprecated),
            VersionMemberKind::Under { members, .. } => version_deprecations(members, found),
            VersionMemberKind::Endpoint(EndpointTree { members, .. })
            | VersionMemberKind::Change(Change::Endpoint { members, .. }) => {
                found.extend(members.iter().filter_map(own));
            }
            _ => {}
        }
    }
}
