//! Lists: their elements, lengths, and whether elements repeat.

use super::{Compare, Difference, Effect};
use crate::analyse::values::list_spelling;
use crate::changes::values::Values;
use crate::contract::types::{Const, ListBounds, Type, Types};

/// How many different elements are counted at most.
const MOST_COUNTED: usize = 64;

impl Compare<'_> {
    pub(super) fn lists(
        &mut self,
        (old, was): (&Type, &ListBounds),
        (new, is): (&Type, &ListBounds),
    ) -> Vec<Difference> {
        let mut found: Vec<Difference> =
            self.types(old, new).iter().map(|one| one.under("[]")).collect();
        if found.is_empty() && was == is {
            return found;
        }
        let before = self.longest(self.old.types, old, was);
        let after = self.longest(self.new.types, new, is);
        for one in &mut found {
            one.narrows = if before == Some(0) { Effect::No } else { one.narrows };
            one.widens = if after == Some(0) { Effect::No } else { one.widens };
        }
        if before == Some(0) && after == Some(0) {
            found.clear();
        }
        if was == is {
            return found;
        }
        let mut old_values = Values::new(self.old.types, self.position);
        let lost = outside(&mut old_values, (old, was, before), is);
        let mut new_values = Values::new(self.new.types, self.position);
        let gained = outside(&mut new_values, (new, is, after), was);
        let effects = (Effect::when(lost.is_some()), Effect::when(gained.is_some()));
        let rules: &[(&'static str, (Effect, Effect))] = match effects {
            (Effect::No, Effect::No) => &[],
            (_, Effect::No) => &[("constraint/tightened", effects)],
            (Effect::No, _) => &[("constraint/loosened", effects)],
            _ => &[
                ("constraint/tightened", (Effect::Yes, Effect::No)),
                ("constraint/loosened", (Effect::No, Effect::Yes)),
            ],
        };
        let spelled = |bounds: &ListBounds| match list_spelling(bounds).as_str() {
            "" => "any length".to_owned(),
            text => text.trim_matches(['(', ')']).to_owned(),
        };
        found.extend(rules.iter().map(|(rule, effects)| {
            let mut one = Difference::new(rule, *effects).spelled(spelled(was), spelled(is));
            one.lost = lost.clone().filter(|_| effects.0 == Effect::Yes);
            one.gained = gained.clone().filter(|_| effects.1 == Effect::Yes);
            one
        }));
        found
    }

    /// The length of the longest list: that of the bounds, or as many as there are elements.
    fn longest(&self, types: &Types, element: &Type, bounds: &ListBounds) -> Option<u64> {
        let mut values = Values::new(types, self.position);
        let limit = if bounds.unique { MOST_COUNTED } else { 1 };
        let count = values.several(element, limit).len();
        let all = match count {
            0 => Some(0),
            count if bounds.unique && count < limit => Some(count as u64),
            _ => None,
        };
        [all, bounds.max].into_iter().flatten().min()
    }
}

/// A list by the bounds `own` that violates `other`, elements aside.
fn outside(
    values: &mut Values<'_>,
    (element, own, longest): (&Type, &ListBounds, Option<u64>),
    other: &ListBounds,
) -> Option<Const> {
    let is_own = |length: u64| length >= own.min && longest.is_none_or(|most| length <= most);
    let is_other = |length: u64| length >= other.min && other.max.is_none_or(|most| length <= most);
    let lengths = [own.min, other.max.map_or(own.min, |most| most.saturating_add(1))];
    let length = lengths.into_iter().find(|length| is_own(*length) && !is_other(*length));
    if let Some(length) = length {
        return values.elements(element, own, length).map(Const::List);
    }
    let twice = own.min.max(2);
    if other.unique && !own.unique && is_own(twice) {
        return values.elements(element, own, twice).map(Const::List);
    }
    None
}
