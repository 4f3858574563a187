//! The list that is meant where a record stands and a list is wanted.

use super::compatible::{Fit, fit};
use crate::contract::types::{Field, Kind, Record, RecordId, Type, Types};
use std::mem::discriminant;

/// A list in a record, and what its elements lack.
pub(super) struct Meant<'t> {
    /// The field of the record.
    pub(super) field: &'t Field,
    /// The fields that elements must have and do not, each with what may be meant: `.user.nick`.
    pub(super) lacks: Vec<(&'t str, Option<String>)>,
}

/// The list in a record whose elements lack least of what those of another list must have. Fields have
/// the names that version `origin` knows.
pub(super) fn meant<'t>(
    types: &'t Types,
    record: RecordId,
    wanted: &'t Type,
    origin: usize,
) -> Option<Meant<'t>> {
    let fields = types.record(record).fields.iter();
    let lists = fields.filter_map(|field| match &field.ty.kind {
        Kind::List(element, _) if discriminant(&element.kind) == discriminant(&wanted.kind) => {
            Some((field, &**element))
        }
        _ => None,
    });
    let all = lists.map(|(field, element)| Meant {
        field,
        lacks: match (&element.kind, &wanted.kind) {
            (Kind::Record(has), Kind::Record(wants)) => {
                lacks(types, types.record(*has), types.record(*wants), origin)
            }
            _ => Vec::new(),
        },
    });
    all.min_by_key(|one| one.lacks.len())
}

fn lacks<'t>(
    types: &'t Types,
    has: &'t Record,
    wants: &'t Record,
    origin: usize,
) -> Vec<(&'t str, Option<String>)> {
    let wants = wants.fields.iter().filter(|field| !field.optional);
    let missing = wants.filter(|want| {
        let name = want.name_as_of(origin);
        !has.fields.iter().any(|field| field.name_as_of(origin) == name)
    });
    missing.map(|want| (want.name_as_of(origin), below(types, has, want, origin))).collect()
}

/// The only value of a record in `has` that can be `want`: `.user.nick`.
fn below(types: &Types, has: &Record, want: &Field, origin: usize) -> Option<String> {
    let Kind::Scalar(wanted) = &want.ty.kind else { return None };
    let records = has.fields.iter().filter_map(|field| match field.ty.kind {
        Kind::Record(record) if !field.optional => Some((field, types.record(record))),
        _ => None,
    });
    let mut all = records.flat_map(|(outer, record)| {
        let inner = record.fields.iter().filter(|field| match &field.ty.kind {
            Kind::Scalar(scalar) => !field.optional && fit(scalar, wanted) != Fit::No,
            _ => false,
        });
        inner.map(|field| format!(".{}.{}", outer.name_as_of(origin), field.name_as_of(origin)))
    });
    let first = all.next()?;
    all.next().is_none().then_some(first)
}
