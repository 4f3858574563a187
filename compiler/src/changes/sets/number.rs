//! Numbers as points of a grid between two bounds.

use super::Within;
use crate::analyse::compare_bounds;
use crate::contract::types::{Const, Limit, Number, NumberKind};
use std::cmp::Ordering;

/// The numbers of a type: multiples of `10^-scale`, or all, between two bounds.
#[derive(Clone, Copy)]
struct Numbers {
    /// How many digits stand behind the point at most; nothing: any number of them.
    scale: Option<u32>,
    min: Option<Limit>,
    max: Option<Limit>,
}

/// The numbers of `old` that are not in `new`.
pub(crate) fn outside(old: &Number, new: &Number) -> Within {
    let (old, new) = (Numbers::of(old), Numbers::of(new));
    let candidates = [
        old.lowest(),
        old.highest(),
        old.beside_lowest(),
        new.above(),
        new.below(),
        new.fraction(&old),
    ];
    let mut unknown = false;
    for candidate in candidates {
        match candidate {
            Candidate::Point(point) if old.has(&point) && !new.has(&point) => {
                return Within::No(Const::Number(text(&point)));
            }
            Candidate::TooLarge => unknown = true,
            Candidate::Point(_) | Candidate::None => {}
        }
    }
    if unknown { Within::Unknown } else { Within::Yes }
}

/// The lowest and the highest number of the type.
pub(super) fn ends(rule: &Number) -> Vec<Const> {
    let numbers = Numbers::of(rule);
    let ends = [numbers.lowest(), numbers.highest()].into_iter().filter_map(|end| match end {
        Candidate::Point(point) if numbers.has(&point) => Some(Const::Number(text(&point))),
        Candidate::Point(_) | Candidate::TooLarge | Candidate::None => None,
    });
    ends.collect()
}

/// Different numbers of the type, as many as there are up to `count`.
pub(super) fn several(rule: &Number, count: usize) -> Vec<Const> {
    let numbers = Numbers::of(rule);
    let zero = Limit { digits: 0, scale: numbers.scale.unwrap_or(0), inclusive: true };
    let start = match (numbers.has(&zero), numbers.lowest(), numbers.highest()) {
        (true, ..) => zero,
        (_, Candidate::Point(lowest), _) => lowest,
        (_, _, Candidate::Point(highest)) => highest,
        _ => return Vec::new(),
    };
    // Between two of those that are not on a grid there are others.
    let finest = if numbers.scale.is_some() { 0 } else { 6 };
    let mut found: Vec<Const> = Vec::new();
    for scale in (0..=finest).map(|more| numbers.grain() + more) {
        let Some(start) = scaled(&start, scale, 0) else { break };
        for sign in [1, -1] {
            for step in i128::from(sign == -1).. {
                let digits = start.saturating_add(step.saturating_mul(sign));
                let point = Limit { digits, scale, inclusive: true };
                if found.len() >= count || !numbers.has(&point) {
                    break;
                }
                let number = Const::Number(text(&point));
                if !found.contains(&number) {
                    found.push(number);
                }
            }
        }
    }
    found
}

enum Candidate {
    Point(Limit),
    /// There is none.
    None,
    /// It has more digits than can be counted here.
    TooLarge,
}

impl Numbers {
    fn of(rule: &Number) -> Self {
        let whole = |digits: i128| Limit { digits, scale: 0, inclusive: true };
        let (scale, least, most) = match rule.kind {
            NumberKind::Int => {
                let most = (1_i128 << 53) - 1;
                (Some(0), Some(whole(-most)), Some(whole(most)))
            }
            NumberKind::Int64 => {
                (Some(0), Some(whole(i128::from(i64::MIN))), Some(whole(i128::from(i64::MAX))))
            }
            NumberKind::Number => (None, None, None),
            NumberKind::Decimal(precision, scale) => {
                let most = 10_i128.checked_pow(u32::from(precision)).map(|most| most - 1);
                let limit = |digits| Limit { digits, scale: u32::from(scale), inclusive: true };
                let (least, most) = (most.map(|most| limit(-most)), most.map(limit));
                (Some(u32::from(scale)), least, most)
            }
        };
        let lower = |a: Limit, b: Limit| match compare_bounds(&a, &b) {
            Ordering::Less => false,
            Ordering::Equal => !a.inclusive,
            Ordering::Greater => true,
        };
        let min = match (rule.min, least) {
            (Some(a), Some(b)) => Some(if lower(a, b) { a } else { b }),
            (a, b) => a.or(b),
        };
        let upper = |a: Limit, b: Limit| match compare_bounds(&a, &b) {
            Ordering::Greater => false,
            Ordering::Equal => !a.inclusive,
            Ordering::Less => true,
        };
        let max = match (rule.max, most) {
            (Some(a), Some(b)) => Some(if upper(a, b) { a } else { b }),
            (a, b) => a.or(b),
        };
        Self { scale, min, max }
    }

    fn has(&self, point: &Limit) -> bool {
        let above = self.min.is_none_or(|min| match compare_bounds(point, &min) {
            Ordering::Less => false,
            Ordering::Equal => min.inclusive,
            Ordering::Greater => true,
        });
        let below = self.max.is_none_or(|max| match compare_bounds(point, &max) {
            Ordering::Greater => false,
            Ordering::Equal => max.inclusive,
            Ordering::Less => true,
        });
        above && below && self.scale.is_none_or(|scale| trimmed(point).scale <= scale)
    }

    /// The digits behind the point of numbers between the bounds of this type.
    fn grain(&self) -> u32 {
        let finest = [self.min, self.max].iter().flatten().map(|bound| bound.scale).max();
        self.scale.unwrap_or_else(|| finest.unwrap_or(0) + 1)
    }

    /// The lowest number, or one near an open bound.
    fn lowest(&self) -> Candidate {
        match self.min {
            None => Candidate::None,
            Some(min) => self.near(&min, 1),
        }
    }

    /// The highest number, or one near an open bound.
    fn highest(&self) -> Candidate {
        match self.max {
            None => Candidate::None,
            Some(max) => self.near(&max, -1),
        }
    }

    /// The first number of the grid from `bound` on, upwards or downwards.
    fn near(&self, bound: &Limit, step: i128) -> Candidate {
        let scale = self.grain();
        let Some(digits) = scaled(bound, scale, step) else { return Candidate::TooLarge };
        let mut point = Limit { digits, scale, inclusive: true };
        if compare_bounds(&point, bound) == Ordering::Equal && !bound.inclusive {
            point.digits += step;
        }
        Candidate::Point(point)
    }

    /// The number behind the lowest.
    fn beside_lowest(&self) -> Candidate {
        match self.lowest() {
            Candidate::Point(point) => {
                Candidate::Point(Limit { digits: point.digits.saturating_add(1), ..point })
            }
            other => other,
        }
    }

    /// The whole number above the highest.
    fn above(&self) -> Candidate {
        self.max.map_or(Candidate::None, |max| match scaled(&max, 0, -1) {
            Some(digits) => {
                Candidate::Point(Limit { digits: digits + 1, scale: 0, inclusive: true })
            }
            None => Candidate::TooLarge,
        })
    }

    /// The whole number below the lowest.
    fn below(&self) -> Candidate {
        self.min.map_or(Candidate::None, |min| match scaled(&min, 0, 1) {
            Some(digits) => {
                Candidate::Point(Limit { digits: digits - 1, scale: 0, inclusive: true })
            }
            None => Candidate::TooLarge,
        })
    }

    /// A number of `old` with more digits than this type has.
    fn fraction(&self, old: &Numbers) -> Candidate {
        let Some(scale) = self.scale else { return Candidate::None };
        if old.scale.is_some_and(|old| old <= scale) {
            return Candidate::None;
        }
        let zero = Limit { digits: 0, scale: 0, inclusive: true };
        let start = if old.has(&zero) { Candidate::Point(zero) } else { old.lowest() };
        let start = match start {
            Candidate::None => old.highest(),
            other => other,
        };
        let Candidate::Point(start) = start else { return start };
        let scale =
            (scale + 1).max(start.scale).max(old.grain().min(old.scale.unwrap_or(u32::MAX)));
        let Some(digits) = scaled(&start, scale, 1) else { return Candidate::TooLarge };
        for step in [1, -1, 0] {
            let point = Limit { digits: digits + step, scale, inclusive: true };
            if old.has(&point) && !self.has(&point) {
                return Candidate::Point(point);
            }
        }
        Candidate::None
    }
}

/// The digits of the multiple of `10^-scale` nearest to `bound`, at or behind it in the direction
/// of `step`.
fn scaled(bound: &Limit, scale: u32, step: i128) -> Option<i128> {
    if scale >= bound.scale {
        let factor = 10_i128.checked_pow(scale - bound.scale)?;
        return bound.digits.checked_mul(factor);
    }
    let factor = 10_i128.checked_pow(bound.scale - scale)?;
    let down = bound.digits.div_euclid(factor);
    let exact = bound.digits.rem_euclid(factor) == 0;
    Some(if step > 0 && !exact { down + 1 } else { down })
}

/// The same number without zeros at the end of its fraction.
fn trimmed(point: &Limit) -> Limit {
    let mut point = *point;
    while point.scale > 0 && point.digits % 10 == 0 {
        point.digits /= 10;
        point.scale -= 1;
    }
    point
}

fn text(point: &Limit) -> String {
    crate::analyse::values::limit_text(&trimmed(point))
}
