//! Values of types, to show that there are any.

use super::sets::{self, Position};
use crate::contract::types::{
    Const, Kind, ListBounds, Map, Record, RecordId, Rule, Type, Types, Union, UnionId, Variant,
};
use crate::schema;

/// How many elements or entries a value is made of at most.
const MOST_MADE: u64 = 10_000;

/// Makes values of the types of one version.
pub(crate) struct Values<'t> {
    types: &'t Types,
    position: Position,
    /// The records that are being made: one that needs itself has no value.
    open: Vec<RecordId>,
    /// Whether there may be more different values than were made.
    partial: bool,
}

impl<'t> Values<'t> {
    pub(crate) fn new(types: &'t Types, position: Position) -> Self {
        Self { types, position, open: Vec::new(), partial: false }
    }

    /// Some value of `ty`, null only if there is no other; nothing if there is none.
    pub(crate) fn some(&mut self, ty: &Type) -> Option<Const> {
        let value = match &ty.kind {
            Kind::Json => Some(Const::Bool(true)),
            Kind::Foreign(schema) => schema::example(schema),
            Kind::Scalar(scalar) => sets::inhabitant(&scalar.rule, self.position),
            Kind::Record(id) => self.record(*id),
            Kind::List(element, bounds) => self.list(element, bounds),
            Kind::Map(map) => self.map(map),
            Kind::Union(id) => self.union(*id),
        };
        value.or_else(|| ty.nullable.then_some(Const::Null))
    }

    /// Whether `ty` has a value. Nothing is made where that is known without.
    pub(crate) fn is_there(&mut self, ty: &Type) -> bool {
        if ty.nullable {
            return true;
        }
        match &ty.kind {
            // Whether there is one is not always found out; a schema without values says nothing.
            Kind::Json | Kind::Foreign(_) => true,
            Kind::Scalar(scalar) => match &scalar.rule {
                // Patterns that match nothing are refused before they come here.
                Rule::Text(text) if text.min == 0 && text.max.is_none() => true,
                rule => sets::inhabitant(rule, self.position).is_some(),
            },
            Kind::Record(id) if self.open.contains(id) => false,
            Kind::Record(id) => {
                self.open.push(*id);
                let fields = &self.types.record(*id).fields;
                let there = fields.iter().all(|field| field.optional || self.is_there(&field.ty));
                self.open.pop();
                there
            }
            Kind::Map(map) => self.map(map).is_some(),
            Kind::Union(id) => self.union(*id).is_some(),
            Kind::List(_, bounds) if bounds.min == 0 => true,
            Kind::List(element, bounds) if !bounds.unique => self.is_there(element),
            Kind::List(element, bounds) => self.list(element, bounds).is_some(),
        }
    }

    /// The record with its required fields alone.
    pub(crate) fn record(&mut self, id: RecordId) -> Option<Const> {
        if self.open.contains(&id) {
            return None;
        }
        self.open.push(id);
        let members = self.members(self.types.record(id));
        self.open.pop();
        members.map(Const::Record)
    }

    fn members(&mut self, record: &Record) -> Option<Vec<(String, Const)>> {
        let required = record.fields.iter().filter(|field| !field.optional);
        required.map(|field| Some((field.name.clone(), self.some(&field.ty)?))).collect()
    }

    /// The map with the fewest entries.
    fn map(&mut self, map: &Map) -> Option<Const> {
        let count = usize::try_from(map.bounds.min.min(MOST_MADE)).ok()?;
        if count == 0 {
            return Some(Const::Record(Vec::new()));
        }
        let keys = sets::several(&map.key.rule, count, self.position);
        let value = self.some(&map.value)?;
        let keys: Vec<String> = keys.iter().filter_map(Const::plain).collect();
        let entries = keys.into_iter().map(|key| (key, value.clone()));
        let entries: Vec<(String, Const)> = entries.collect();
        (entries.len() == count).then_some(Const::Record(entries))
    }

    /// A value of the first variant that has one.
    fn union(&mut self, id: UnionId) -> Option<Const> {
        let union = self.types.union(id);
        union.variants.iter().find_map(|variant| self.variant(union, variant))
    }

    /// A value of one variant.
    pub(crate) fn variant(&mut self, union: &Union, variant: &Variant) -> Option<Const> {
        self.record(variant.record).map(|value| tagged(union, variant, value))
    }

    fn list(&mut self, element: &Type, bounds: &ListBounds) -> Option<Const> {
        self.elements(element, bounds, bounds.min).map(Const::List)
    }

    /// A list of `count` elements, different ones where the bounds say so.
    pub(crate) fn elements(
        &mut self,
        element: &Type,
        bounds: &ListBounds,
        count: u64,
    ) -> Option<Vec<Const>> {
        let count = usize::try_from(count.min(MOST_MADE)).ok()?;
        if count == 0 {
            return Some(Vec::new());
        }
        if !bounds.unique {
            return self.some(element).map(|one| vec![one; count]);
        }
        let values = self.several(element, count);
        (values.len() == count).then_some(values)
    }

    /// Whether there may be more different values than were made so far.
    pub(crate) fn is_partial(&self) -> bool {
        self.partial
    }

    /// Different values of `ty`, as many as there are up to `count`; fewer only if that is said.
    pub(crate) fn several(&mut self, ty: &Type, count: usize) -> Vec<Const> {
        let mut found = match &ty.kind {
            Kind::Json => {
                let numbers = (0..count).map(|number| Const::Number(number.to_string()));
                numbers.collect()
            }
            Kind::Foreign(schema) => {
                self.partial = true;
                schema::example(schema).into_iter().take(count).collect()
            }
            Kind::Scalar(scalar) => {
                let (found, more) = sets::counted(&scalar.rule, count, self.position);
                self.partial |= more;
                found
            }
            Kind::Record(id) => self.records(*id, count),
            Kind::List(element, bounds) => self.lists(element, bounds, count),
            Kind::Map(map) => self.maps(map, count),
            Kind::Union(id) => {
                let union = self.types.union(*id);
                let each = union.variants.iter().flat_map(|variant| {
                    let values = self.records(variant.record, count).into_iter();
                    values.map(|value| tagged(union, variant, value))
                });
                each.take(count).collect()
            }
        };
        if ty.nullable && found.len() < count && !matches!(ty.kind, Kind::Json) {
            found.push(Const::Null);
        }
        found
    }

    /// Maps that differ in their size, in a key or in a value.
    fn maps(&mut self, map: &Map, count: usize) -> Vec<Const> {
        let least = usize::try_from(map.bounds.min.min(MOST_MADE)).unwrap_or(0);
        let most = map.bounds.max.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(0));
        let wanted = least.saturating_add(count);
        let (keys, more) = sets::counted(&map.key.rule, wanted, self.position);
        self.partial |= more;
        let keys: Vec<String> = keys.iter().filter_map(Const::plain).collect();
        let values = self.several(&map.value, count);
        if values.is_empty() {
            return if least == 0 { vec![Const::Record(Vec::new())] } else { Vec::new() };
        }
        let mut found = Vec::new();
        let mut open: Vec<(usize, Vec<(String, Const)>)> = vec![(0, Vec::new())];
        while let Some((at, mut entries)) = open.pop() {
            if found.len() >= count {
                break;
            }
            let Some(key) = keys.get(at).filter(|_| entries.len() < most) else {
                if entries.len() >= least {
                    found.push(Const::Record(entries));
                }
                continue;
            };
            // Each of these leads to a map of its own, so there need not be more than are wanted.
            let room = count.saturating_sub(open.len());
            if room > 0 && entries.len() + keys.len() - at > least {
                open.push((at + 1, entries.clone()));
            }
            let others = values.iter().skip(1).take(room).map(|value| {
                let with = |value: &Const| (key.clone(), value.clone());
                let more = entries.iter().cloned().chain(std::iter::once(with(value)));
                (at + 1, more.collect())
            });
            open.extend(others.collect::<Vec<_>>());
            if let Some(value) = values.first() {
                entries.push((key.clone(), value.clone()));
                open.push((at + 1, entries));
            }
        }
        found
    }

    /// Records that differ in some field.
    fn records(&mut self, id: RecordId, count: usize) -> Vec<Const> {
        if self.open.contains(&id) {
            self.partial = true;
            return Vec::new();
        }
        self.open.push(id);
        let mut found: Vec<Vec<(String, Const)>> = vec![Vec::new()];
        for field in &self.types.record(id).fields {
            let values = self.several(&field.ty, count);
            let mut more = Vec::new();
            for members in &found {
                if field.optional {
                    more.push(members.clone());
                }
                for value in &values {
                    let mut members = members.clone();
                    members.push((field.name.clone(), value.clone()));
                    more.push(members);
                }
                if more.len() >= count {
                    break;
                }
            }
            more.truncate(count);
            found = more;
        }
        self.open.pop();
        found.into_iter().map(Const::Record).collect()
    }

    /// Lists of different lengths, or of different elements.
    fn lists(&mut self, element: &Type, bounds: &ListBounds, count: usize) -> Vec<Const> {
        let values = self.several(element, count.max(bounds.min.min(MOST_MADE) as usize));
        // Other orders and mixtures of the same elements are lists, too.
        self.partial |= values.len() > 1;
        let mut found = Vec::new();
        let most = bounds.max.unwrap_or(u64::MAX).min(bounds.min + count as u64);
        for length in bounds.min.min(MOST_MADE)..=most {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            match (bounds.unique, values.first()) {
                _ if length == 0 => found.push(Const::List(Vec::new())),
                (true, _) => {
                    let windows = values.windows(length).map(|window| Const::List(window.to_vec()));
                    found.extend(windows);
                }
                (false, Some(first)) => found.extend(values.iter().map(|last| {
                    let mut list = vec![first.clone(); length];
                    if let Some(slot) = list.last_mut() {
                        *slot = last.clone();
                    }
                    Const::List(list)
                })),
                (false, None) => {}
            }
        }
        found.truncate(count);
        found
    }
}

/// A variant's record with its tag.
fn tagged(union: &Union, variant: &Variant, value: Const) -> Const {
    let Const::Record(members) = value else { return value };
    let tag = (union.tag.clone(), Const::Text(variant.name.clone()));
    Const::Record(std::iter::once(tag).chain(members).collect())
}
