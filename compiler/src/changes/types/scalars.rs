//! Scalars: which rule a difference falls under.

use super::{Difference, Effect};
use crate::analyse::values::rule_spelling;
use crate::changes::sets::{self, Position, Within, outside};
use crate::contract::types::{Const, Enumeration, Number, NumberKind, Rest, Rule, Text};

/// What differs between two scalars.
pub(super) fn compare((old, new): (&Rule, &Rule), position: Position) -> Vec<Difference> {
    if old == new {
        return Vec::new();
    }
    if let (Rule::Enum(old), Rule::Enum(new)) = (old, new) {
        return enums(old, new, position);
    }
    let (lost, gained) = (outside(old, new, position), outside(new, old, position));
    let spelled = |one: Difference| one.spelled(rule_spelling(old), rule_spelling(new));
    if let (Rule::Number(a), Rule::Number(b)) = (old, new)
        && a.kind == b.kind
        && lost.may_fail()
        && gained.may_fail()
    {
        return bounds(a, b).into_iter().map(spelled).collect();
    }
    if !lost.may_fail() && !gained.may_fail() {
        return Vec::new();
    }
    vec![spelled(Difference::of_sets(rule((old, new), &lost, &gained), &lost, &gained))]
}

fn rule((old, new): (&Rule, &Rule), lost: &Within, gained: &Within) -> &'static str {
    let set = match (lost.may_fail(), gained.may_fail()) {
        (true, true) => "type/replaced",
        (true, false) => "type/narrowed",
        (false, _) => "type/widened",
    };
    match (old, new) {
        (Rule::Number(a), Rule::Number(b)) if a.kind == b.kind => constraint(lost),
        (Rule::Number(a), Rule::Number(b)) if lowered(a, b) && set == "type/narrowed" => {
            "type/precision-lowered"
        }
        (Rule::Text(_), Rule::Enum(_)) => "enum/introduced",
        (Rule::Enum(_), Rule::Text(_)) => "enum/dropped",
        (Rule::Text(a), Rule::Text(b)) if a.format == b.format => text((a, b), lost, gained),
        (Rule::AsText(a), Rule::AsText(b)) => rule((a, b), lost, gained),
        (Rule::AsText(a), b) | (b, Rule::AsText(a)) if **a == *b => "type/encoding-changed",
        (Rule::Text(_) | Rule::Number(_) | Rule::Bool | Rule::Enum(_) | Rule::AsText(_), _) => set,
    }
}

/// One of both is a subset of the other.
fn constraint(lost: &Within) -> &'static str {
    if lost.may_fail() { "constraint/tightened" } else { "constraint/loosened" }
}

fn lowered(old: &Number, new: &Number) -> bool {
    match (old.kind, new.kind) {
        (NumberKind::Decimal(p, s), NumberKind::Decimal(q, t)) => t < s || q < p,
        (NumberKind::Int64, NumberKind::Int) => true,
        (NumberKind::Int | NumberKind::Int64 | NumberKind::Number | NumberKind::Decimal(..), _) => {
            false
        }
    }
}

fn text((old, new): (&Text, &Text), lost: &Within, gained: &Within) -> &'static str {
    match (&old.pattern, &new.pattern) {
        (None, Some(_)) => "constraint/pattern-added",
        (Some(_), None) => "constraint/pattern-removed",
        (Some(a), Some(b)) if a != b => match (lost.may_fail(), gained.may_fail()) {
            (false, true) => "constraint/pattern-loosened",
            _ => "constraint/pattern-changed",
        },
        (None, None) | (Some(_), Some(_)) if gained.may_fail() && lost.may_fail() => {
            "constraint/tightened"
        }
        (None, None) | (Some(_), Some(_)) => constraint(lost),
    }
}

/// Two ranges of one kind, neither in the other: one end takes values, the other gives some.
fn bounds(old: &Number, new: &Number) -> Vec<Difference> {
    let found = (sets::number_outside(old, new), sets::number_outside(new, old));
    let (mut taken, mut given) = (
        Difference::of_sets("constraint/tightened", &found.0, &found.1),
        Difference::of_sets("constraint/loosened", &found.0, &found.1),
    );
    (taken.widens, taken.gained) = (Effect::No, None);
    (given.narrows, given.lost) = (Effect::No, None);
    vec![taken, given]
}

fn enums(old: &Enumeration, new: &Enumeration, position: Position) -> Vec<Difference> {
    let (was_open, is_open) = (sets::is_open(old, position), sets::is_open(new, position));
    let mut found = Vec::new();
    for (name, wire) in &old.values {
        if new.values.iter().any(|(_, other)| other == wire) {
            continue;
        }
        let renamed = new
            .values
            .iter()
            .find(|(other, text)| other == name && !old.values.iter().any(|(_, old)| old == text));
        let narrows = Effect::when(!is_open);
        let mut one = match renamed {
            Some((_, text)) => {
                let mut one =
                    Difference::new("enum/value-renamed", (narrows, Effect::when(!was_open)))
                        .spelled(wire.clone(), text.clone());
                one.gained = Some(Const::Text(text.clone())).filter(|_| !was_open);
                one
            }
            None => Difference::new("enum/value-removed", (narrows, Effect::No))
                .spelled(wire.clone(), ""),
        };
        one.lost = Some(Const::Text(wire.clone())).filter(|_| !is_open);
        found.push(one);
    }
    for (name, wire) in &new.values {
        let known = old.values.iter().any(|(_, other)| other == wire);
        let renamed = old
            .values
            .iter()
            .any(|(other, text)| other == name && !new.values.iter().any(|(_, new)| new == text));
        if !known && !renamed {
            let widens = Effect::when(!was_open);
            let mut one =
                Difference::new("enum/value-added", (Effect::No, widens)).spelled("", wire.clone());
            one.gained = Some(Const::Text(wire.clone())).filter(|_| !was_open);
            found.push(one);
        }
    }
    found.extend(rest((old, new), (was_open, is_open)));
    if found.is_empty() && old.values != new.values {
        let words = |values: &Enumeration| {
            values.values.iter().map(|(_, wire)| wire.as_str()).collect::<Vec<_>>().join(" ")
        };
        if words(old) != words(new) {
            let one = Difference::new("enum/reordered", (Effect::No, Effect::No));
            found.push(one.spelled(words(old), words(new)));
        }
    }
    found
}

fn rest(
    (old, new): (&Enumeration, &Enumeration),
    (was_open, is_open): (bool, bool),
) -> Option<Difference> {
    let word = |values: &Enumeration| match &values.rest {
        Rest::Closed => "closed".to_owned(),
        Rest::Open => "open: ...".to_owned(),
        Rest::Becomes(text) => format!("else {text}"),
    };
    if old.rest == new.rest {
        return None;
    }
    let other = |values: &Enumeration| {
        let mut text = "something-else".to_owned();
        while values.values.iter().any(|(_, wire)| *wire == text) {
            text.push('-');
        }
        Const::Text(text)
    };
    let mut one = match (was_open, is_open) {
        (false, true) => Difference::new("enum/opened", (Effect::No, Effect::Yes)),
        (true, false) => Difference::new("enum/closed", (Effect::Yes, Effect::No)),
        (false, false) | (true, true) => {
            Difference::new("enum/fallback-changed", (Effect::No, Effect::No))
        }
    };
    match (was_open, is_open) {
        (false, true) => one.gained = Some(other(old)),
        (true, false) => one.lost = Some(other(new)),
        (false, false) | (true, true) => {}
    }
    Some(one.spelled(word(old), word(new)))
}
