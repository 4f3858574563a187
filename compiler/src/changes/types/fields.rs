//! Records: fields that came, went, changed their name or place.

use super::{Compare, Difference, Effect};
use crate::changes::sets::Position;
use crate::contract::types::{Const, Field, Kind, Record, RecordId, Type};
use std::rc::Rc;

/// How alike two names are from which on one may be the other's new one.
const ALIKE: f64 = 0.82;

impl Compare<'_> {
    /// What differs between two records. Pairs that are being compared already are equal as far
    /// as can be told inside of them.
    pub(crate) fn records(&mut self, old: RecordId, new: RecordId) -> Rc<Vec<Difference>> {
        if let Some(done) = self.done.get(&(old, new)) {
            return Rc::clone(done);
        }
        if let Some(at) = self.open.iter().position(|pair| *pair == (old, new)) {
            self.back = self.back.min(at);
            return Rc::default();
        }
        let depth = self.open.len();
        let outer = std::mem::replace(&mut self.back, usize::MAX);
        self.open.push((old, new));
        let found = self.fields(self.old.types.record(old), self.new.types.record(new));
        self.open.pop();
        let found = Rc::new(found);
        // What rests on a pair further out is only known when that is.
        if self.back >= depth {
            self.done.insert((old, new), Rc::clone(&found));
            self.back = outer;
        } else {
            self.back = self.back.min(outer);
        }
        found
    }

    fn fields(&mut self, old: &Record, new: &Record) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut gone: Vec<&Field> = Vec::new();
        let mut taken: Vec<&str> = Vec::new();
        for field in &old.fields {
            match new.fields.iter().find(|other| other.name == field.name) {
                Some(other) => found.extend(self.field(field, other)),
                None => gone.push(field),
            }
        }
        let is_new = |field: &&Field| !old.fields.iter().any(|other| other.name == field.name);
        let came: Vec<&Field> = new.fields.iter().filter(is_new).collect();
        for field in gone {
            let free = came.iter().filter(|other| !taken.contains(&other.name.as_str())).copied();
            let free: Vec<&Field> = free.collect();
            match self.successor(field, &free) {
                Some((other, inner)) => {
                    taken.push(&other.name);
                    found.push(self.renamed(field, other, &inner));
                }
                None => found.push(self.removed(field)),
            }
        }
        let fresh = came.into_iter().filter(|field| !taken.contains(&field.name.as_str()));
        found.extend(fresh.collect::<Vec<_>>().into_iter().map(|field| self.added(field)));
        if found.is_empty() && order(old) != order(new) {
            found.push(
                Difference::new("field/reordered", (Effect::No, Effect::No))
                    .spelled(order(old).join(", "), order(new).join(", "))
                    .at(old.span, new.span),
            );
        }
        found
    }

    /// A field of one name in both.
    fn field(&mut self, old: &Field, new: &Field) -> Vec<Difference> {
        let mut found = Vec::new();
        let part = |rule, narrows: bool, widens: bool| {
            Difference::new(rule, (Effect::when(narrows), Effect::when(widens)))
                .at(old.span, new.span)
        };
        if old.optional && !new.optional {
            found.push(part("field/became-required", true, false).spelled("optional", "required"));
        }
        if !old.optional && new.optional {
            found.push(part("field/became-optional", false, true).spelled("required", "optional"));
        }
        if old.default != new.default && self.position == Position::Request {
            let text =
                |value: &Option<Const>| value.as_ref().map_or("no default".into(), Const::json);
            let (was, is) = (text(&old.default), text(&new.default));
            found.push(part("field/default-changed", false, false).spelled(was, is));
        }
        found.extend(self.types(&old.ty, &new.ty));
        found.iter().map(|one| one.under(&old.name)).collect()
    }

    /// Without its values, a field that goes or comes changes nothing.
    fn can_be_there(&mut self, is_old: bool, ty: &Type) -> bool {
        ty.nullable || self.has_values(is_old, ty)
    }

    fn removed(&mut self, field: &Field) -> Difference {
        let strict = self.position == Position::Request && !self.new.ignores_unknown;
        let narrows = strict && self.can_be_there(true, &field.ty);
        let widens = self.position == Position::Response && !field.optional;
        let was = format!("{}{}: {}", field.name, mark(field), self.was(&field.ty));
        Difference::new("field/removed", (Effect::when(narrows), Effect::when(widens)))
            .spelled(was, "")
            .at(field.span, None)
            .under(&field.name)
    }

    fn added(&mut self, field: &Field) -> Difference {
        let rule = if field.optional { "field/added-optional" } else { "field/added-required" };
        let narrows = !field.optional && self.position != Position::Response;
        let is = format!("{}{}: {}", field.name, mark(field), self.is(&field.ty));
        Difference::new(rule, (Effect::when(narrows), Effect::No))
            .spelled("", is)
            .at(None, field.span)
            .under(&field.name)
    }

    fn renamed(&mut self, old: &Field, new: &Field, inner: &str) -> Difference {
        let narrows = match self.position {
            Position::Response => false,
            Position::Param | Position::Request | Position::Read => {
                !new.optional || (!self.new.ignores_unknown && self.can_be_there(true, &old.ty))
            }
        };
        let widens = self.position == Position::Response && !old.optional;
        let rule = if inner.is_empty() { "field/renamed" } else { "field/moved" };
        let to = if inner.is_empty() { new.name.clone() } else { format!("{}.{inner}", new.name) };
        Difference::new(rule, (Effect::when(narrows), Effect::when(widens)))
            .spelled(old.name.clone(), to)
            .at(old.span, new.span)
            .under(&old.name)
    }

    /// The field of `came` that `gone` has become: the one it was renamed to, one of the same type
    /// whose name is much alike, or a record that holds it under its own name.
    fn successor<'f>(&mut self, gone: &Field, came: &[&'f Field]) -> Option<(&'f Field, String)> {
        let declared = came
            .iter()
            .find(|field| field.renames.iter().any(|(_, earlier)| *earlier == gone.name));
        if let Some(field) = declared {
            return Some((field, String::new()));
        }
        for field in came {
            let alike = strsim::jaro_winkler(&gone.name, &field.name) >= ALIKE;
            if alike && gone.optional == field.optional && self.is_same(&gone.ty, &field.ty) {
                return Some((field, String::new()));
            }
        }
        for field in came {
            let Kind::Record(id) = &field.ty.kind else { continue };
            let record = self.new.types.record(*id);
            let inner = record.fields.iter().find(|inner| inner.name == gone.name);
            if let Some(inner) = inner.cloned()
                && self.is_same(&gone.ty, &inner.ty)
            {
                return Some((field, inner.name));
            }
        }
        None
    }

    fn is_same(&mut self, old: &Type, new: &Type) -> bool {
        old.nullable == new.nullable
            && self.was(old) == self.is(new)
            && self.types(old, new).is_empty()
    }
}

fn order(record: &Record) -> Vec<&str> {
    record.fields.iter().map(|field| field.name.as_str()).collect()
}

fn mark(field: &Field) -> &'static str {
    if field.optional { "?" } else { "" }
}
