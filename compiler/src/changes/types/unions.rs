//! Unions: their tags and variants, and records that became unions.

use super::{Compare, Difference, Effect};
use crate::analyse::values::scalar_accepts;
use crate::changes::sets::outside;
use crate::changes::values::Values;
use crate::contract::types::{
    Const, Field, Kind, Record, RecordId, Rule, Type, Union, UnionId, Variant,
};
use crate::schema;

/// Which of the two sides the union is.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Old,
    New,
}

impl Compare<'_> {
    pub(super) fn unions(&mut self, old: UnionId, new: UnionId) -> Vec<Difference> {
        let (before, after) = (self.old.types.union(old), self.new.types.union(new));
        let mut found = super::named(
            (&Some(before.name.clone()), &Some(after.name.clone())),
            (before.span, after.span),
        );
        if before.tag != after.tag {
            let both = (Effect::Yes, Effect::Yes);
            let tag = Difference::new("union/tag-renamed", both);
            let tag = tag.spelled(before.tag.clone(), after.tag.clone());
            found.push(tag.at(before.span, after.span));
        }
        let mut came: Vec<&Variant> = after
            .variants
            .iter()
            .filter(|one| before.variants.iter().all(|other| other.name != one.name))
            .collect();
        for variant in &before.variants {
            match after.variants.iter().find(|other| other.name == variant.name) {
                Some(other) => found.extend(self.variant(variant, other)),
                None => found.push(self.gone((before, variant), (after, &mut came))),
            }
        }
        for variant in came {
            let gained = self.one_of(Side::New, after, variant);
            let effects = (Effect::No, Effect::when(gained.is_some()));
            let mut came = Difference::new("union/variant-added", effects);
            came.gained = gained;
            found.push(came.spelled("", variant.name.clone()).at(None, variant.span));
        }
        found
    }

    /// A variant of one name in both; one without values takes and gives none.
    fn variant(&mut self, old: &Variant, new: &Variant) -> Vec<Difference> {
        let parts = self.records(old.record, new.record);
        if parts.is_empty() {
            return Vec::new();
        }
        let had = Values::new(self.old.types, self.position).record(old.record).is_some();
        let has = Values::new(self.new.types, self.position).record(new.record).is_some();
        let under = |one: &Difference| {
            let mut one = one.under(&old.name);
            one.narrows = if had { one.narrows } else { Effect::No };
            one.widens = if has { one.widens } else { Effect::No };
            one
        };
        parts.iter().map(under).collect()
    }

    /// A variant that is gone, or is told by another value of the tag.
    fn gone(
        &mut self,
        (before, variant): (&Union, &Variant),
        (after, came): (&Union, &mut Vec<&Variant>),
    ) -> Difference {
        let fields = |compare: &Self, one: &Variant, side| {
            let types = if side == Side::Old { compare.old.types } else { compare.new.types };
            types.record(one.record).fields.len()
        };
        let count = fields(self, variant, Side::Old);
        let same = came.iter().position(|other| {
            count > 0
                && fields(self, other, Side::New) == count
                && self.records(variant.record, other.record).is_empty()
        });
        let lost = self.one_of(Side::Old, before, variant);
        let narrows = Effect::when(lost.is_some());
        let mut found = match same.map(|at| came.remove(at)) {
            Some(other) => {
                let gained = self.one_of(Side::New, after, other);
                let effects = (narrows, Effect::when(gained.is_some()));
                let mut one = Difference::new("union/tag-value-changed", effects);
                one.gained = gained;
                one.spelled(variant.name.clone(), other.name.clone()).at(variant.span, other.span)
            }
            None => Difference::new("union/variant-removed", (narrows, Effect::No))
                .spelled(variant.name.clone(), "")
                .at(variant.span, None),
        };
        found.lost = lost;
        found
    }

    fn one_of(&self, side: Side, union: &Union, variant: &Variant) -> Option<Const> {
        let types = if side == Side::Old { self.old.types } else { self.new.types };
        Values::new(types, self.position).variant(union, variant)
    }

    /// A record that became a union.
    pub(super) fn introduced(
        &mut self,
        (record, old): (RecordId, &Type),
        (union, new): (UnionId, &Type),
    ) -> Difference {
        let (record, union) = (self.old.types.record(record), self.new.types.union(union));
        let effects = self.beside((union, Side::New), record);
        let mut found = Difference::new("union/introduced", effects)
            .spelled(self.was(old), self.is(new))
            .at(old.span, new.span);
        if !record.fields.iter().any(|field| field.name == union.tag) {
            found.lost = Values::new(self.old.types, self.position).some(old);
        }
        found
    }

    /// A union that became a record.
    pub(super) fn dropped(
        &mut self,
        (union, old): (UnionId, &Type),
        (record, new): (RecordId, &Type),
    ) -> Difference {
        let (union, record) = (self.old.types.union(union), self.new.types.record(record));
        let effects = self.beside((union, Side::Old), record);
        let mut found = Difference::new("union/dropped", effects)
            .spelled(self.was(old), self.is(new))
            .at(old.span, new.span);
        if !record.fields.iter().any(|field| field.name == union.tag) {
            found.gained = Values::new(self.new.types, self.position).some(new);
        }
        found
    }

    /// What a record and a union take from and give to each other: the record is compared with
    /// every variant that its field for the tag can name.
    fn beside(&mut self, (union, side): (&Union, Side), record: &Record) -> (Effect, Effect) {
        let (mut narrows, mut widens) = (Effect::No, Effect::No);
        let (own, others) = match side {
            Side::Old => (&mut widens, &mut narrows),
            Side::New => (&mut narrows, &mut widens),
        };
        let tag = record.fields.iter().find(|field| field.name == union.tag);
        *own = self.beyond(tag, union);
        let fields = record.fields.iter().filter(|field| field.name != union.tag).cloned();
        let rest = Record { name: None, fields: fields.collect(), span: record.span };
        let mut parts: Vec<Difference> = Vec::new();
        for variant in &union.variants {
            if !tag.is_some_and(|tag| names(tag, &variant.name)) {
                *others = Effect::Yes;
                continue;
            }
            parts.extend(match side {
                Side::Old => {
                    let variant = self.old.types.record(variant.record);
                    self.fields(variant, &rest)
                }
                Side::New => {
                    let variant = self.new.types.record(variant.record);
                    self.fields(&rest, variant)
                }
            });
        }
        for part in parts {
            narrows = narrows.max(part.narrows);
            widens = widens.max(part.widens);
        }
        (narrows, widens)
    }

    /// Whether the record has values whose tag is no variant's.
    fn beyond(&self, tag: Option<&Field>, union: &Union) -> Effect {
        let Some(tag) = tag.filter(|tag| !tag.optional && !tag.ty.nullable) else {
            return Effect::Yes;
        };
        match &tag.ty.kind {
            Kind::Scalar(scalar) => {
                let tags = Rule::Enum(union.tags());
                Effect::of(&outside(&scalar.rule, &tags, self.position))
            }
            Kind::Record(_)
            | Kind::List(..)
            | Kind::Map(_)
            | Kind::Union(_)
            | Kind::Json
            | Kind::Foreign(_) => Effect::Yes,
        }
    }
}

/// Whether a field of a record can hold this name of a variant.
fn names(tag: &Field, name: &str) -> bool {
    match &tag.ty.kind {
        Kind::Scalar(scalar) => scalar_accepts(scalar, &Const::Text(name.to_owned())).is_ok(),
        Kind::Json => true,
        Kind::Foreign(schema) => schema::accepts(schema, &Const::Text(name.to_owned())).is_ok(),
        Kind::Record(_) | Kind::List(..) | Kind::Map(_) | Kind::Union(_) => false,
    }
}
