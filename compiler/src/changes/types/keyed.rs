//! Maps: their keys, values and sizes.

use super::{Compare, Difference, lists, scalars};
use crate::changes::sets::{self, Within};
use crate::changes::values::Values;
use crate::contract::types::{Kind, Map, Type, Types};
use gatewright_grammar::Span;

/// How many different keys are counted at most.
const MOST_COUNTED: usize = 64;

impl Compare<'_> {
    pub(super) fn maps(&mut self, old: &Map, new: &Map) -> Vec<Difference> {
        let keys = scalars::compare((&old.key.rule, &new.key.rule), self.position);
        let keys = keys.iter().map(|one| one.under("[key]"));
        let values = self.types(&old.value, &new.value);
        let found = keys.chain(values.iter().map(|one| one.under("[]"))).collect();
        let before = self.most(self.old.types, old);
        let after = self.most(self.new.types, new);
        let sides = |compare: &Self| {
            let lost = outside(compare.old.types, (old, before), (new, compare));
            (lost, outside(compare.new.types, (new, after), (old, compare)))
        };
        self.of_length(found, (before, after), sides, (&old.bounds, &new.bounds))
    }

    /// The size of the largest map: that of the bounds, or as many as there are keys.
    fn most(&self, types: &Types, map: &Map) -> Option<u64> {
        let (keys, more) = sets::counted(&map.key.rule, MOST_COUNTED, self.position);
        let values = Values::new(types, self.position).is_there(&map.value);
        let all = match (keys.len(), values) {
            (_, false) => Some(0),
            (keys, true) if keys < MOST_COUNTED && !more => Some(keys as u64),
            (_, true) => None,
        };
        [all, map.bounds.max].into_iter().flatten().min()
    }
}

/// A map by its bounds that violates those of `other`, keys and values aside.
fn outside(
    types: &Types,
    (own, most): (&Map, Option<u64>),
    (other, compare): (&Map, &Compare<'_>),
) -> Within {
    let length = lists::length((&own.bounds, most), &other.bounds, (0, false));
    let Some(length) = length else { return Within::Yes };
    let mut map = own.clone();
    (map.bounds.min, map.bounds.max) = (length, Some(length));
    let kind = Kind::Map(Box::new(map));
    let exact = Type { kind, nullable: false, example: None, span: Span::default() };
    match Values::new(types, compare.position).some(&exact) {
        Some(value) => Within::No(value),
        None => Within::Unknown,
    }
}
