//! Records: fields that came, went, changed their name or place.

use super::{Compare, Difference, Effect};
use crate::changes::sets::Position;
use crate::contract::types::{Const, Field, Kind, Record, RecordId, Type, Types};
use std::rc::Rc;

/// How alike two names are from which on one may be the other's new one.
const ALIKE: f64 = 0.82;

/// How many records deep types are compared: JSON is not nested any deeper.
const DEEPEST: usize = 64;

impl Compare<'_> {
    /// What differs between two records. Pairs that are being compared already are equal as far
    /// as can be told inside of them.
    pub(crate) fn records(&mut self, old: RecordId, new: RecordId) -> Rc<Vec<Difference>> {
        if let Some(done) = self.records.done.borrow().get(&(old, new)) {
            return Rc::clone(done);
        }
        if let Some(at) = self.open.iter().position(|pair| *pair == (old, new)) {
            self.back = self.back.min(at);
            return Rc::default();
        }
        let depth = self.open.len();
        if depth > DEEPEST {
            // Another way may lead here in fewer steps: so nothing is kept of this one.
            self.back = 0;
            return Rc::default();
        }
        let outer = std::mem::replace(&mut self.back, usize::MAX);
        self.open.push((old, new));
        let found = self.fields(self.old.types.record(old), self.new.types.record(new));
        self.open.pop();
        let found = Rc::new(found);
        // What rests on a pair further out is only known when that is.
        if self.back >= depth {
            self.records.done.borrow_mut().insert((old, new), Rc::clone(&found));
            self.back = outer;
        } else {
            self.back = self.back.min(outer);
        }
        found
    }

    pub(super) fn fields(&mut self, old: &Record, new: &Record) -> Vec<Difference> {
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
        let gone_count = gone.len();
        for field in gone {
            let free = came.iter().filter(|other| !taken.contains(&other.name.as_str())).copied();
            let free: Vec<&Field> = free.collect();
            let only =
                (gone_count == 1 && came.len() == 1).then(|| in_its_place(field, (old, new)));
            let renamed = self.successor(field, &free);
            match renamed.or_else(|| self.put_in_place(field, only.flatten())) {
                Some((other, step)) => {
                    taken.push(&other.name);
                    found.push(self.renamed(field, other, &step));
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

    fn renamed(&mut self, old: &Field, new: &Field, step: &Step) -> Difference {
        let narrows = match self.position {
            Position::Response => false,
            Position::Param | Position::Request | Position::Read => {
                !new.optional || (!self.new.ignores_unknown && self.can_be_there(true, &old.ty))
            }
        };
        let widens = self.position == Position::Response && !old.optional;
        let (rule, was, is) = match step {
            Step::Renamed => ("field/renamed", old.name.clone(), new.name.clone()),
            Step::Into(inner) => ("field/moved", old.name.clone(), format!("{}.{inner}", new.name)),
            Step::OutOf(inner) => {
                ("field/moved", format!("{}.{inner}", old.name), new.name.clone())
            }
        };
        Difference::new(rule, (Effect::when(narrows), Effect::when(widens)))
            .spelled(was, is)
            .at(old.span, new.span)
            .under(&old.name)
    }

    /// The field of `came` that `gone` has become: the one it was renamed to, one of the same type
    /// whose name is much alike, a record that holds it under its own name, or what a record held.
    fn successor<'f>(&mut self, gone: &Field, came: &[&'f Field]) -> Option<(&'f Field, Step)> {
        let declared = came
            .iter()
            .find(|field| field.renames.iter().any(|(_, earlier)| *earlier == gone.name));
        if let Some(field) = declared {
            return Some((field, Step::Renamed));
        }
        for field in came {
            let alike = strsim::jaro_winkler(&gone.name, &field.name) >= ALIKE;
            if alike && gone.optional == field.optional && self.is_same(&gone.ty, &field.ty) {
                return Some((field, Step::Renamed));
            }
        }
        for field in came {
            if let Some(inner) = inner(self.new.types, &field.ty, &gone.name)
                && self.is_same(&gone.ty, &inner.ty)
            {
                return Some((field, Step::Into(inner.name)));
            }
            if let Some(inner) = inner(self.old.types, &gone.ty, &field.name)
                && self.is_same(&inner.ty, &field.ty)
            {
                return Some((field, Step::OutOf(inner.name)));
            }
        }
        None
    }

    /// The only field that came, where it stands in the place of the only one that went and has its
    /// type: whatever it is called.
    fn put_in_place<'f>(
        &mut self,
        gone: &Field,
        came: Option<&'f Field>,
    ) -> Option<(&'f Field, Step)> {
        let came = came.filter(|came| gone.optional == came.optional)?;
        self.is_same(&gone.ty, &came.ty).then_some((came, Step::Renamed))
    }

    fn is_same(&mut self, old: &Type, new: &Type) -> bool {
        old.nullable == new.nullable
            && self.was(old) == self.is(new)
            && self.types(old, new).is_empty()
    }
}

/// The field of `new` that stands where `field` stood in `old`.
fn in_its_place<'n>(field: &Field, (old, new): (&Record, &'n Record)) -> Option<&'n Field> {
    let at = old.fields.iter().position(|other| other.name == field.name)?;
    new.fields.get(at).filter(|other| old.fields.iter().all(|old| old.name != other.name))
}

/// How a field has become another one.
enum Step {
    /// It has another name.
    Renamed,
    /// It stands in a record, under this name.
    Into(String),
    /// It was this field of a record.
    OutOf(String),
}

/// The field `name` of a record.
fn inner(types: &Types, ty: &Type, name: &str) -> Option<Field> {
    let Kind::Record(id) = &ty.kind else { return None };
    types.record(*id).fields.iter().find(|inner| inner.name == name).cloned()
}

fn order(record: &Record) -> Vec<&str> {
    record.fields.iter().map(|field| field.name.as_str()).collect()
}

fn mark(field: &Field) -> &'static str {
    if field.optional { "?" } else { "" }
}
