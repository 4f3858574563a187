//! Where a caller's body is wrong.

use std::collections::BTreeSet;

use gatewright_compiler::contract::types::{Field, Kind, ListBounds, Type, Types};

use super::documents::Document;
use super::rules::{equal, is_scalar};

/// The most characters of a name that a pointer repeats.
const LONGEST: usize = 64;

/// The pointers of everything that is wrong (RFC 6901).
pub(crate) fn wrong(
    document: &Document,
    ty: &Type,
    types: &Types,
    ignore_unknown: bool,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    Check { types, ignore_unknown, found: &mut found }.value(document, ty, String::new());
    found
}

struct Check<'a> {
    types: &'a Types,
    ignore_unknown: bool,
    found: &'a mut BTreeSet<String>,
}

impl Check<'_> {
    /// Whether nothing is wrong with a value.
    fn value(&mut self, document: &Document, ty: &Type, pointer: String) -> bool {
        if ty.nullable && *document == Document::Null {
            return true;
        }
        match (&ty.kind, document) {
            (Kind::Record(id), Document::Record(members)) => {
                let fields = self.types.record(*id).fields.clone();
                self.record(members, &fields, &pointer)
            }
            (Kind::List(element, bounds), Document::List(all)) => {
                self.list(all, element, bounds, pointer)
            }
            (Kind::Scalar(scalar), _) if is_scalar(document, scalar) => true,
            (Kind::Json, _) => true,
            (Kind::Foreign(_), _) => {
                unreachable!("schemas are compared with another validator")
            }
            _ => self.refuse(pointer),
        }
    }

    fn refuse(&mut self, pointer: String) -> bool {
        self.found.insert(pointer);
        false
    }

    fn record(&mut self, members: &[(String, Document)], fields: &[Field], pointer: &str) -> bool {
        let mut fine = true;
        for (at, (name, one)) in members.iter().enumerate() {
            let place = format!("{pointer}/{}", escaped(name));
            let again = members.iter().take(at).any(|(other, _)| other == name);
            match fields.iter().find(|field| field.name == *name) {
                None if self.ignore_unknown => {}
                // Unknown, there twice, or null where the type says nothing of it.
                None => fine &= self.refuse(place),
                Some(_) if again => fine &= self.refuse(place),
                Some(field) => fine &= self.value(one, &field.ty, place),
            }
        }
        for field in fields.iter().filter(|field| !field.optional) {
            if !members.iter().any(|(name, _)| *name == field.name) {
                fine &= self.refuse(format!("{pointer}/{}", escaped(&field.name)));
            }
        }
        fine
    }

    /// A list that is too long is refused as a whole; what is in it is told up to its bound.
    fn list(
        &mut self,
        all: &[Document],
        element: &Type,
        bounds: &ListBounds,
        pointer: String,
    ) -> bool {
        let most = bounds.max.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
        let mut fine = true;
        for (at, one) in all.iter().enumerate().take(most) {
            fine &= self.value(one, element, format!("{pointer}/{at}"));
        }
        let count = all.len() as u64;
        let again = |at: usize| all.iter().take(at).any(|other| equal(other, &all[at]));
        let bad_count = count < bounds.min || all.len() > most;
        if bad_count || (bounds.unique && fine && (0..all.len()).any(again)) {
            return self.refuse(pointer);
        }
        fine
    }
}

/// A name in a pointer; a long one of the caller's own is cut.
fn escaped(name: &str) -> String {
    let mut escaped: String = name.chars().take(LONGEST).collect();
    escaped = escaped.replace('~', "~0").replace('/', "~1");
    if name.chars().count() > LONGEST {
        escaped.push('…');
    }
    escaped
}
