//! Segments that are texts with parameters between them, beside each other.

use super::{Meeting, Route, escape, params, regex, scalar};
use crate::contract::endpoint::{Param, RouteSegment, Shape};
use crate::pattern;

/// A segment, its parameters as indices, and the route whose they are.
type Of<'r> = (&'r Shape, &'r [usize], &'r Route);

/// Whether a literal is one of the texts of a segment.
pub(super) fn accepts(shape: &Shape, of: &[usize], route: &Route, text: &str) -> bool {
    shape.split(text).is_some_and(|values| {
        let params = of.iter().map(|at| route.params.get(*at));
        params.zip(values).all(|(param, value)| param.is_some_and(|one| super::accepts(one, value)))
    })
}

/// Whether a text is a value of the parameter that stands in the place of a segment.
pub(super) fn meets(of: Of<'_>, param: &Param) -> bool {
    match (typed(of), super::table(&scalar(param).rule)) {
        (Some(a), Some(b)) => pattern::common(&a, &b).is_some(),
        _ => true,
    }
}

/// How two such segments relate. One is more literal if its texts are all texts of the other.
pub(super) fn meet(a: Of<'_>, b: Of<'_>) -> Meeting {
    if a.0 == b.0 {
        return pairwise(a, b);
    }
    let common = match (typed(a), typed(b)) {
        (Some(a), Some(b)) => match pattern::common(&a, &b) {
            None => return Meeting::Apart,
            Some(common) => common,
        },
        _ => "…".to_owned(),
    };
    match (is_within(a.0, b.0), is_within(b.0, a.0)) {
        (true, _) => Meeting::FirstIsLiteral,
        (_, true) => Meeting::SecondIsLiteral,
        _ => Meeting::Both(common),
    }
}

/// Segments that look the same: their values are compared one by one.
fn pairwise(a: Of<'_>, b: Of<'_>) -> Meeting {
    let mut values = Vec::new();
    let mut equal = true;
    for (first, second) in a.1.iter().zip(b.1) {
        let (Some(first), Some(second)) = (a.2.params.get(*first), b.2.params.get(*second)) else {
            return Meeting::Apart;
        };
        match params(first, second) {
            Meeting::Apart => return Meeting::Apart,
            Meeting::Both(text) => {
                equal = false;
                values.push(text);
            }
            _ => values.push("…".to_owned()),
        }
    }
    if equal { Meeting::Equal } else { Meeting::Both(a.0.join(&values)) }
}

/// The texts of a segment with the types of its parameters.
fn typed((shape, of, route): Of<'_>) -> Option<pattern::Table> {
    let params = of.iter().map(|at| route.params.get(*at).map(|one| regex(&scalar(one).rule)));
    table(shape, params.collect::<Option<Vec<_>>>()?)
}

fn table(shape: &Shape, values: Vec<String>) -> Option<pattern::Table> {
    let quoted = Shape {
        before: escape(&shape.before),
        between: shape.between.iter().map(|text| escape(text)).collect(),
        after: escape(&shape.after),
    };
    let values: Vec<String> = values.into_iter().map(|value| format!("(?:{value})")).collect();
    pattern::table(&quoted.join(&values)).ok()
}

/// The texts of a segment whatever its parameters are.
fn untyped(shape: &Shape) -> Option<pattern::Table> {
    table(shape, vec!["(?s:.)+".to_owned(); shape.between.len() + 1])
}

/// Whether every text that looks like `a` looks like `b`.
pub(crate) fn is_within(a: &Shape, b: &Shape) -> bool {
    match (untyped(a), untyped(b)) {
        (Some(a), Some(b)) => pattern::is_within(&a, &b),
        _ => false,
    }
}

/// Whether a text looks like both.
pub(crate) fn overlap(a: &Shape, b: &Shape) -> bool {
    match (untyped(a), untyped(b)) {
        (Some(a), Some(b)) => pattern::common(&a, &b).is_some(),
        _ => true,
    }
}

/// A text that looks like this segment.
pub(super) fn example(segment: Option<&RouteSegment>) -> Option<String> {
    let Some(RouteSegment::Parts(shape, of)) = segment else { return None };
    Some(shape.join(&vec!["…".to_owned(); of.len()]))
}
