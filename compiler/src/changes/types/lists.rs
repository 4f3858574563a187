//! Lists: their elements, lengths, and whether elements repeat.

use super::{Compare, Difference, Effect};
use crate::analyse::values::list_spelling;
use crate::changes::sets::Within;
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
        let found: Vec<Difference> =
            self.types(old, new).iter().map(|one| one.under("[]")).collect();
        if found.is_empty() && was == is {
            return found;
        }
        let before = self.longest(self.old.types, old, was);
        let after = self.longest(self.new.types, new, is);
        self.of_length(
            found,
            (before, after),
            |compare| {
                let mut old_values = Values::new(compare.old.types, compare.position);
                let lost = outside(&mut old_values, (old, was, before), is);
                let mut new_values = Values::new(compare.new.types, compare.position);
                (lost, outside(&mut new_values, (new, is, after), was))
            },
            (was, is),
        )
    }

    /// Adds to what differs between elements what differs between lengths; `longest` is how many
    /// elements there can be, and `sides` compares the bounds.
    pub(super) fn of_length(
        &self,
        mut found: Vec<Difference>,
        (before, after): (Option<u64>, Option<u64>),
        sides: impl FnOnce(&Self) -> (Within, Within),
        (was, is): (&ListBounds, &ListBounds),
    ) -> Vec<Difference> {
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
        let (lost, gained) = sides(self);
        let effects = (Effect::of(&lost), Effect::of(&gained));
        let rules: Vec<(&'static str, (Effect, Effect))> = match effects {
            (Effect::No, Effect::No) => Vec::new(),
            (_, Effect::No) => vec![("constraint/tightened", effects)],
            (Effect::No, _) => vec![("constraint/loosened", effects)],
            (narrows, widens) => vec![
                ("constraint/tightened", (narrows, Effect::No)),
                ("constraint/loosened", (Effect::No, widens)),
            ],
        };
        let spelled = |bounds: &ListBounds| match list_spelling(bounds).as_str() {
            "" => "any length".to_owned(),
            text => text.trim_matches(['(', ')']).to_owned(),
        };
        found.extend(rules.into_iter().map(|(rule, effects)| {
            let mut one = Difference::new(rule, effects).spelled(spelled(was), spelled(is));
            one.lost = lost.witness().filter(|_| effects.0 == Effect::Yes).cloned();
            one.gained = gained.witness().filter(|_| effects.1 == Effect::Yes).cloned();
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
            count if bounds.unique && count < limit && !values.is_partial() => Some(count as u64),
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
) -> Within {
    let repeated = (own.min.max(2), other.unique && !own.unique);
    let Some(length) = length((own, longest), other, repeated) else { return Within::Yes };
    match values.elements(element, own, length) {
        Some(list) => Within::No(Const::List(list)),
        // There are not so many different elements, or they were not found.
        None if values.is_partial() => Within::Unknown,
        None => Within::Yes,
    }
}

/// A length that `own` allows and `other` does not; or one at which elements can repeat, if that
/// is a difference.
pub(super) fn length(
    (own, longest): (&ListBounds, Option<u64>),
    other: &ListBounds,
    (twice, repeats): (u64, bool),
) -> Option<u64> {
    let is_own = |length: u64| length >= own.min && longest.is_none_or(|most| length <= most);
    let is_other = |length: u64| length >= other.min && other.max.is_none_or(|most| length <= most);
    let lengths = [own.min, other.max.map_or(own.min, |most| most.saturating_add(1)).max(own.min)];
    let found = lengths.into_iter().find(|length| is_own(*length) && !is_other(*length));
    found.or_else(|| Some(twice).filter(|twice| repeats && is_own(*twice)))
}
