//! A value of a declared type, or of what an endpoint reads.

use super::{count, scalar_value};
use crate::contract::types::{
    Const, Field, Kind, ListBounds, Map, RecordId, Rule, Type, Types, UnionId,
};
use crate::contract::work::{NodeId, Parent, Shape, Work};
use crate::schema;
use std::cell::Cell;
use std::collections::HashMap;

/// How deep records are shown inside those that are read as a whole, where they need not be there.
const DEEP: usize = 2;

/// How many parts a value may have. Lists in lists multiply, and so do records: behind this, lists
/// are shorter than their type asks for, and what is left is null.
const PARTS: usize = 50_000;

/// Makes values of the types of one version.
pub(crate) struct Samples<'t> {
    types: &'t Types,
    /// How many records each record holds in a row, at least.
    heights: HashMap<RecordId, usize>,
    /// How many parts the value that is being made may still have.
    room: Cell<usize>,
}

impl<'t> Samples<'t> {
    pub(crate) fn new(types: &'t Types) -> Self {
        Samples { types, heights: heights(types), room: Cell::new(PARTS) }
    }

    /// A value of a node, called `name` where it needs a text.
    pub(crate) fn node(&self, work: &Work, id: NodeId, name: &str) -> Const {
        self.room.set(PARTS);
        self.part(work, id, (name, &[]))
    }

    /// Takes `count` parts from the room; whether there was enough of it.
    fn take(&self, count: usize) -> bool {
        let left = self.room.get().checked_sub(count);
        self.room.set(left.unwrap_or(0));
        left.is_some()
    }

    /// A list of `element` that many times, or as often as there is room.
    fn list(&self, element: Const, count: usize) -> Const {
        let size = weight(&element);
        let count = count.min(1 + self.room.get() / size);
        self.take(size.saturating_mul(count.saturating_sub(1)));
        Const::List(vec![element; count])
    }

    /// The same for a part of values that are read as a whole: then it has their types, too.
    fn part(&self, work: &Work, id: NodeId, (name, outer): (&str, &[(&Type, usize)])) -> Const {
        let node = work.node(id);
        if let Some(example) = &node.example {
            return example.clone();
        }
        let forms = node.forms.iter().map(|form| (&form.ty, form.reads));
        let types: Vec<(&Type, usize)> = outer.iter().copied().chain(forms).collect();
        let parts = match &node.shape {
            Shape::Any if !types.is_empty() => Const::Null,
            Shape::Any | Shape::AnyScalar => Const::Text(name.to_owned()),
            Shape::Scalar(rules) => {
                let first = rules.first().map(|scalar| scalar_value(scalar, name));
                first.unwrap_or(Const::Null)
            }
            Shape::Record(fields) => {
                let field = |field: &NodeId| {
                    let Parent::Field(_, name) = &work.node(*field).parent else { return None };
                    let types = self.fields_called(name, &types);
                    Some((name.clone(), self.part(work, *field, (name, &types))))
                };
                Const::Record(fields.iter().filter_map(field).collect())
            }
            Shape::List { element, min, max, unique, .. } => {
                let bounds = ListBounds { min: *min, max: *max, unique: *unique };
                match count(&bounds) {
                    0 => Const::List(Vec::new()),
                    count => self.list(self.part(work, *element, (name, &[])), count),
                }
            }
        };
        // What is declared comes first: parts of it have its values.
        let whole = types.iter().map(|(ty, reads)| self.typed(ty, *reads, (name, 0)));
        let both = whole.chain([parts]).reduce(|first, second| super::merge(&first, &second));
        both.unwrap_or(Const::Null)
    }

    /// The types of the field that each of `types` calls `name`.
    fn fields_called<'s>(&'s self, name: &str, types: &[(&Type, usize)]) -> Vec<(&'s Type, usize)> {
        let of = |(ty, reads): &(&Type, usize)| match ty.kind {
            Kind::Record(id) => {
                let fields = &self.types.record(id).fields;
                let field = fields.iter().find(|field| field.name_as_of(*reads) == name)?;
                Some((&field.ty, *reads))
            }
            _ => None,
        };
        types.iter().filter_map(of).collect()
    }

    /// A value of the type of a result, its fields called as version `reads` does.
    pub(super) fn declared(&self, ty: &Type, reads: usize, name: &str) -> Const {
        self.room.set(PARTS);
        self.typed(ty, reads, (name, 0))
    }

    /// A value of a declared type at a depth, its fields called as version `reads` does.
    fn typed(&self, ty: &Type, reads: usize, (name, depth): (&str, usize)) -> Const {
        if !self.take(1) {
            return Const::Null;
        }
        if let (Some(example), Kind::Scalar(_) | Kind::Json | Kind::Foreign(_)) =
            (&ty.example, &ty.kind)
        {
            return example.clone();
        }
        match &ty.kind {
            Kind::Json => Const::Text(name.to_owned()),
            Kind::Foreign(schema) => schema::example(schema).unwrap_or(Const::Null),
            Kind::Scalar(scalar) => scalar_value(scalar, name),
            Kind::List(element, bounds) => {
                let deep = depth >= DEEP && has_records(element);
                let count = match deep {
                    true => usize::try_from(bounds.min).unwrap_or(1),
                    false => count(bounds),
                };
                if count == 0 {
                    return Const::List(Vec::new());
                }
                self.list(self.typed(element, reads, (name, depth)), count)
            }
            Kind::Map(map) => self.map(map, reads, (name, depth)),
            Kind::Record(id) => Const::Record(self.fields(*id, reads, depth + 1)),
            Kind::Union(id) => self.union(*id, reads, depth),
        }
    }

    fn fields(&self, id: RecordId, reads: usize, depth: usize) -> Vec<(String, Const)> {
        let fields = self.types.record(id).fields.iter();
        let shown = |field: &&Field| {
            let loose = field.optional || field.ty.nullable;
            depth < DEEP || !loose || !has_records(&field.ty)
        };
        let member = |field: &Field| {
            let name = field.name_as_of(reads).to_owned();
            let example = match field.ty.kind {
                Kind::Scalar(_) | Kind::Json | Kind::Foreign(_) => field.example.clone(),
                _ => None,
            };
            let value = example.unwrap_or_else(|| self.typed(&field.ty, reads, (&name, depth)));
            (name, value)
        };
        let absent = |field: &&Field| !shown(field) && field.ty.nullable && !field.optional;
        let nulls = fields.clone().filter(absent);
        let nulls = nulls.map(|field| (field.name_as_of(reads).to_owned(), Const::Null));
        fields.clone().filter(shown).map(member).chain(nulls).collect()
    }

    fn map(&self, map: &Map, reads: usize, (name, depth): (&str, usize)) -> Const {
        let deep = depth >= DEEP && has_records(&map.value);
        let wanted = if deep { map.bounds.min } else { map.bounds.min.max(1) };
        let wanted = wanted.min(map.bounds.max.unwrap_or(u64::MAX));
        let entry = |at: u64| {
            let key = self.key(map, at);
            (key, self.typed(&map.value, reads, (name, depth)))
        };
        Const::Record((0..wanted.min(100)).map(entry).collect())
    }

    /// The key of the entry at a place, another one at each.
    fn key(&self, map: &Map, at: u64) -> String {
        if let Rule::Enum(values) = &map.key.rule {
            let place = usize::try_from(at).unwrap_or(0);
            return values.values.get(place).map_or_else(String::new, |(_, wire)| wire.clone());
        }
        let name = if at == 0 { "key".to_owned() } else { format!("key{at}") };
        scalar_value(&map.key, &name).plain().unwrap_or_default()
    }

    /// The first variant; deep inside, the one that ends first.
    fn union(&self, id: UnionId, reads: usize, depth: usize) -> Const {
        let union = self.types.union(id);
        let height = |id: &RecordId| self.heights.get(id).copied().unwrap_or(usize::MAX);
        let chosen = match depth {
            0 => union.variants.first(),
            _ => union.variants.iter().min_by_key(|one| height(&one.record)),
        };
        let Some(variant) = chosen else { return Const::Null };
        let tag = (union.tag.clone(), Const::Text(variant.name.clone()));
        let fields = self.fields(variant.record, reads, depth + 1);
        Const::Record(std::iter::once(tag).chain(fields).collect())
    }
}

/// How many parts a value has.
fn weight(value: &Const) -> usize {
    match value {
        Const::List(items) => 1 + items.iter().map(weight).sum::<usize>(),
        Const::Record(members) => 1 + members.iter().map(|(_, one)| weight(one)).sum::<usize>(),
        _ => 1,
    }
}

/// Whether a value of the type holds records.
fn has_records(ty: &Type) -> bool {
    match &ty.kind {
        Kind::Record(_) | Kind::Union(_) => true,
        Kind::List(element, _) => has_records(element),
        Kind::Map(map) => has_records(&map.value),
        Kind::Scalar(_) | Kind::Json | Kind::Foreign(_) => false,
    }
}

/// How many records each record holds in a row, at least: none is endless.
fn heights(types: &Types) -> HashMap<RecordId, usize> {
    let mut known: HashMap<RecordId, usize> = HashMap::new();
    loop {
        let before = known.len();
        for (id, record) in types.records() {
            let needed = |field: &&Field| !field.optional && !field.ty.nullable;
            let fields = record.fields.iter().filter(needed);
            let all: Option<Vec<usize>> =
                fields.map(|field| height(&field.ty, types, &known)).collect();
            if let Some(all) = all {
                known.entry(id).or_insert(1 + all.into_iter().max().unwrap_or(0));
            }
        }
        if known.len() == before {
            return known;
        }
    }
}

fn height(ty: &Type, types: &Types, known: &HashMap<RecordId, usize>) -> Option<usize> {
    match &ty.kind {
        Kind::Record(id) => known.get(id).copied(),
        Kind::Union(id) => {
            types.union(*id).variants.iter().filter_map(|one| known.get(&one.record).copied()).min()
        }
        Kind::List(element, bounds) if bounds.min > 0 => height(element, types, known),
        Kind::Map(map) if map.bounds.min > 0 => height(&map.value, types, known),
        Kind::List(..) | Kind::Map(_) | Kind::Scalar(_) | Kind::Json | Kind::Foreign(_) => Some(0),
    }
}
