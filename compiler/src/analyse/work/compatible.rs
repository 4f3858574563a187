//! Whether every value of one scalar is a value of another.

use crate::analyse::bounds::compare;
use crate::contract::types::{Enumeration, Number, NumberKind, Rest, Rule, Scalar, Text};
use std::cmp::Ordering;

/// How a value that keeps one rule stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It always keeps it.
    Yes,
    /// It may keep it: the gateway looks.
    Check,
    /// It never can.
    No,
}

/// How values of `have` stand to `want`.
pub(crate) fn fit(have: &Scalar, want: &Scalar) -> Fit {
    if have.rule.plain() == want.rule.plain() {
        return Fit::Yes;
    }
    // How JSON holds a value does not matter to what it may be.
    match (have.rule.plain(), want.rule.plain()) {
        (Rule::Text(have), Rule::Text(want)) => text(have, want),
        (Rule::Number(have), Rule::Number(want)) => number(have, want),
        (Rule::Enum(_), Rule::Text(want)) if *want == Text::default() => Fit::Yes,
        (Rule::Enum(have), Rule::Enum(want)) => one_of(have, want),
        (Rule::Text(_), Rule::Enum(_)) | (Rule::Enum(_), Rule::Text(_)) => Fit::Check,
        _ => Fit::No,
    }
}

fn text(have: &Text, want: &Text) -> Fit {
    let pattern = want.pattern.is_none() || want.pattern == have.pattern;
    let format = want.format.is_none() || want.format == have.format;
    let longest = want.max.is_none_or(|want| have.max.is_some_and(|have| have <= want));
    if pattern && format && longest && have.min >= want.min { Fit::Yes } else { Fit::Check }
}

fn number(have: &Number, want: &Number) -> Fit {
    let kind = match (have.kind, want.kind) {
        (NumberKind::Decimal(p, s), NumberKind::Decimal(q, t)) => s <= t && p - s <= q - t,
        (NumberKind::Int | NumberKind::Int64, NumberKind::Number | NumberKind::Int64)
        | (NumberKind::Decimal(..), NumberKind::Number) => true,
        (have, want) => have == want,
    };
    let low = want.min.is_none_or(|want| {
        have.min.is_some_and(|have| match compare(&have, &want) {
            Ordering::Greater => true,
            Ordering::Equal => want.inclusive || !have.inclusive,
            Ordering::Less => false,
        })
    });
    let high = want.max.is_none_or(|want| {
        have.max.is_some_and(|have| match compare(&have, &want) {
            Ordering::Less => true,
            Ordering::Equal => want.inclusive || !have.inclusive,
            Ordering::Greater => false,
        })
    });
    if kind && low && high { Fit::Yes } else { Fit::Check }
}

fn one_of(have: &Enumeration, want: &Enumeration) -> Fit {
    let known = |wire: &String| want.values.iter().any(|(_, other)| other == wire);
    let all = have.values.iter().all(|(_, wire)| known(wire));
    if want.rest == Rest::Open || (all && have.rest != Rest::Open) { Fit::Yes } else { Fit::Check }
}
