//! What differs between two types, part by part, and what that does to their values.

mod fields;
mod keyed;
mod lists;
mod scalars;
#[cfg(test)]
mod tests;
mod unions;

use super::Side;
use super::known::{Mode, Records};
use super::sets::{Position, Within};
use super::values::Values;
use crate::analyse::values::spelling;
use crate::contract::schema::Schema;
use crate::contract::types::{Const, Kind, RecordId, Type, Types};
use crate::schema;
use gatewright_grammar::Span;
use std::rc::Rc;

/// Whether a difference takes or gives values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// It does not.
    No,
    /// It takes more than the limit to tell.
    Maybe,
    /// It does.
    Yes,
}

impl Effect {
    pub(crate) fn of(within: &Within) -> Self {
        match within {
            Within::Yes => Effect::No,
            Within::No(_) => Effect::Yes,
            Within::Unknown => Effect::Maybe,
        }
    }

    pub(crate) fn when(holds: bool) -> Self {
        if holds { Effect::Yes } else { Effect::No }
    }
}

/// One difference between two types.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    /// The rule that it falls under.
    pub(crate) rule: &'static str,
    /// Where, seen from the types compared: `reviews[].stars`; empty for themselves.
    pub(crate) path: String,
    /// Whether some value of the old type is none of the new one.
    pub(crate) narrows: Effect,
    /// Whether some value of the new type is none of the old one.
    pub(crate) widens: Effect,
    /// The part as it was; empty if there was none.
    pub(crate) was: String,
    /// The part as it is; empty if there is none.
    pub(crate) is: String,
    /// A value of the old part that the new one refuses.
    pub(crate) lost: Option<Const>,
    /// A value of the new part that the old one refused.
    pub(crate) gained: Option<Const>,
    pub(crate) old: Option<Span>,
    pub(crate) new: Option<Span>,
}

impl Difference {
    pub(crate) fn new(rule: &'static str, (narrows, widens): (Effect, Effect)) -> Self {
        Self {
            rule,
            path: String::new(),
            narrows,
            widens,
            was: String::new(),
            is: String::new(),
            lost: None,
            gained: None,
            old: None,
            new: None,
        }
    }

    /// A difference of two sets of values: the old outside of the new, and the other way round.
    pub(crate) fn of_sets(rule: &'static str, lost: &Within, gained: &Within) -> Self {
        let mut difference = Self::new(rule, (Effect::of(lost), Effect::of(gained)));
        difference.lost = lost.witness().cloned();
        difference.gained = gained.witness().cloned();
        difference
    }

    pub(crate) fn spelled(mut self, was: impl Into<String>, is: impl Into<String>) -> Self {
        (self.was, self.is) = (was.into(), is.into());
        self
    }

    pub(crate) fn at(mut self, old: impl Into<Option<Span>>, new: impl Into<Option<Span>>) -> Self {
        (self.old, self.new) = (old.into(), new.into());
        self
    }

    /// The same, seen from what holds the part as `step`: a field's name, or `[]`.
    fn under(&self, step: &str) -> Self {
        let mut difference = self.clone();
        difference.path = match (step, self.path.as_str()) {
            (step, "") => step.to_owned(),
            (step, rest) if rest.starts_with('[') => format!("{step}{rest}"),
            (step, rest) => format!("{step}.{rest}"),
        };
        difference
    }
}

/// A version's types, and whether records in requests refuse what they do not declare.
#[derive(Clone, Copy)]
pub(crate) struct Declared<'t> {
    pub(crate) types: &'t Types,
    pub(crate) ignores_unknown: bool,
}

/// Compares types of two versions in one position.
pub(crate) struct Compare<'t> {
    old: Declared<'t>,
    new: Declared<'t>,
    position: Position,
    records: Rc<Records>,
    /// Pairs that are being compared: where they lead to themselves they are taken to be equal.
    open: Vec<(RecordId, RecordId)>,
    /// How far down in `open` what is being compared has led back to.
    back: usize,
}

impl<'t> Compare<'t> {
    pub(crate) fn new(old: Declared<'t>, new: Declared<'t>, position: Position) -> Self {
        Self { old, new, position, records: Rc::default(), open: Vec::new(), back: usize::MAX }
    }

    /// The same, with what is known of the types of two versions by now.
    pub(super) fn of(
        (old, new): (Side<'t>, Side<'t>),
        ignores: (bool, bool),
        position: Position,
    ) -> Self {
        let mode = Mode { position, ignores, is_loose: false };
        let declared = |side: Side<'t>, ignores_unknown| Declared {
            types: &side.version.types,
            ignores_unknown,
        };
        let own = Self::new(declared(old, ignores.0), declared(new, ignores.1), position);
        own.knowing(new.known.map(|known| known.records(mode)))
    }

    /// With the records that were compared before, if any were.
    pub(super) fn knowing(self, records: Option<Rc<Records>>) -> Self {
        Self { records: records.unwrap_or_default(), ..self }
    }

    /// What differs between `old` and `new`, in the order of the old type, then of the new one.
    pub(crate) fn types(&mut self, old: &Type, new: &Type) -> Vec<Difference> {
        let mut found = Vec::new();
        let json = |ty: &Type| matches!(ty.kind, Kind::Json);
        if old.nullable != new.nullable && !json(old) && !json(new) {
            found.push(self.nullable(old, new));
        }
        found.extend(self.kinds(old, new));
        found
    }

    fn nullable(&self, old: &Type, new: &Type) -> Difference {
        let rule = if new.nullable { "field/became-nullable" } else { "field/became-not-null" };
        let effects = (Effect::when(old.nullable), Effect::when(new.nullable));
        let mut difference = Difference::new(rule, effects)
            .spelled(self.was(old), self.is(new))
            .at(old.span, new.span);
        *(if new.nullable { &mut difference.gained } else { &mut difference.lost }) =
            Some(Const::Null);
        difference
    }

    /// The kinds of two types, null aside.
    fn kinds(&mut self, old: &Type, new: &Type) -> Vec<Difference> {
        let mut found = match (&old.kind, &new.kind) {
            (Kind::Json, Kind::Json) => Vec::new(),
            (Kind::Foreign(a), Kind::Foreign(b)) => self.foreign((a, old), (b, new)),
            (Kind::Scalar(a), Kind::Scalar(b)) => {
                let mut found = named((&a.name, &b.name), (old.span, new.span));
                let parts = scalars::compare((&a.rule, &b.rule), self.position);
                found.extend(parts.into_iter().map(|one| one.at(old.span, new.span)));
                found
            }
            (Kind::Record(a), Kind::Record(b)) => {
                let (before, after) = (self.old.types.record(*a), self.new.types.record(*b));
                let mut found = named((&before.name, &after.name), (old.span, new.span));
                found.extend(self.records(*a, *b).iter().cloned());
                found
            }
            (Kind::List(a, more), Kind::List(b, less)) => {
                let lists = self.lists((a, more), (b, less));
                lists.into_iter().map(|one| one.or_at(old.span, new.span)).collect()
            }
            (Kind::Map(a), Kind::Map(b)) => {
                let maps = self.maps(a, b);
                maps.into_iter().map(|one| one.or_at(old.span, new.span)).collect()
            }
            (Kind::Union(a), Kind::Union(b)) => self.unions(*a, *b),
            (Kind::Json, _) => vec![self.untyped("type/narrowed", old, new)],
            (_, Kind::Json) => vec![self.untyped("type/widened", old, new)],
            (Kind::Record(a), Kind::Union(b)) => vec![self.introduced((*a, old), (*b, new))],
            (Kind::Union(a), Kind::Record(b)) => vec![self.dropped((*a, old), (*b, new))],
            (
                Kind::Scalar(_)
                | Kind::Record(_)
                | Kind::List(..)
                | Kind::Map(_)
                | Kind::Union(_)
                | Kind::Foreign(_),
                _,
            ) => vec![self.replaced(old, new)],
        };
        if found.is_empty() {
            return found;
        }
        let (had, has) = (self.has_values(true, old), self.has_values(false, new));
        if !had || !has {
            for one in &mut found {
                one.narrows = if had { one.narrows } else { Effect::No };
                one.widens = if has { one.widens } else { Effect::No };
            }
        }
        found
    }

    fn untyped(&self, rule: &'static str, old: &Type, new: &Type) -> Difference {
        let refused = |ty: &Type| match &ty.kind {
            _ if !ty.nullable => Const::Null,
            Kind::Record(_) | Kind::List(..) | Kind::Map(_) | Kind::Union(_) => Const::Bool(true),
            Kind::Foreign(schema) => schema::refused(schema),
            Kind::Scalar(_) | Kind::Json => Const::List(Vec::new()),
        };
        let narrows = rule == "type/narrowed";
        let mut difference = Difference::new(rule, (Effect::when(narrows), Effect::when(!narrows)))
            .spelled(self.was(old), self.is(new))
            .at(old.span, new.span);
        match narrows {
            true => difference.lost = Some(refused(new)),
            false => difference.gained = Some(refused(old)),
        }
        difference
    }

    /// Two schemas. What is not found out counts as a change that may take values, or give some.
    fn foreign(&self, (a, old): (&Schema, &Type), (b, new): (&Schema, &Type)) -> Vec<Difference> {
        let effect = |from: &Schema, to: &Schema| match schema::included(from, to) {
            true => (Effect::No, None),
            false => match schema::outside(from, to) {
                Some(value) => (Effect::Yes, Some(value)),
                None => (Effect::Maybe, None),
            },
        };
        let ((narrows, lost), (widens, gained)) = (effect(a, b), effect(b, a));
        if (narrows, widens) == (Effect::No, Effect::No) {
            return Vec::new();
        }
        let tightened = narrows >= widens;
        let rule = if tightened { "foreign/tightened" } else { "foreign/loosened" };
        let difference = Difference::new(rule, (narrows, widens))
            .spelled(self.was(old), self.is(new))
            .at(old.span, new.span);
        vec![Difference { lost, gained, ..difference }]
    }

    fn replaced(&self, old: &Type, new: &Type) -> Difference {
        let mut difference = Difference::new("type/replaced", (Effect::Yes, Effect::Yes))
            .spelled(self.was(old), self.is(new))
            .at(old.span, new.span);
        difference.lost = Values::new(self.old.types, self.position).some(old);
        difference.gained = Values::new(self.new.types, self.position).some(new);
        difference
    }

    /// Whether a type has a value that is not null.
    fn has_values(&mut self, is_old: bool, ty: &Type) -> bool {
        let types = if is_old { self.old.types } else { self.new.types };
        let plain = Type { nullable: false, ..ty.clone() };
        let mut values = Values::new(types, self.position);
        match &ty.kind {
            Kind::Record(id) => {
                let mut inhabited = self.records.inhabited.borrow_mut();
                *inhabited.entry((is_old, *id)).or_insert_with(|| values.is_there(&plain))
            }
            Kind::Scalar(_)
            | Kind::List(..)
            | Kind::Json
            | Kind::Map(_)
            | Kind::Union(_)
            | Kind::Foreign(_) => values.is_there(&plain),
        }
    }

    pub(super) fn was(&self, ty: &Type) -> String {
        spelling(ty, self.old.types)
    }

    pub(super) fn is(&self, ty: &Type) -> String {
        spelling(ty, self.new.types)
    }
}

/// A type that has another name, got one or lost it: values stay the same.
fn named(
    (old, new): (&Option<String>, &Option<String>),
    (was, is): (Span, Span),
) -> Vec<Difference> {
    let rule = match (old, new) {
        (Some(a), Some(b)) if a != b => "type/renamed",
        (Some(_), None) | (None, Some(_)) => "type/inlined",
        (Some(_), Some(_)) | (None, None) => return Vec::new(),
    };
    let word = |name: &Option<String>| name.clone().unwrap_or_else(|| "written in place".into());
    let one = Difference::new(rule, (Effect::No, Effect::No)).spelled(word(old), word(new));
    vec![one.at(was, is)]
}

impl Difference {
    /// At these places, unless its own are known.
    fn or_at(mut self, old: Span, new: Span) -> Self {
        if self.old.is_none() && self.new.is_none() {
            (self.old, self.new) = (Some(old), Some(new));
        }
        self
    }
}
