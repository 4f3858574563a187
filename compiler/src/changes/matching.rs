//! Which endpoint of the new version is which of the old one.

use super::Side;
use super::sets::{Position, Texts};
use crate::contract::endpoint::{Param, ParamKind, RouteSegment};
use crate::contract::types::{Const, Rule};
use crate::contract::{Endpoint, Success};
use std::collections::HashMap;

/// How alike two endpoints are from which on one may have become the other.
const ALIKE: f64 = 0.75;

/// The endpoints of two versions.
pub(super) struct Matches<'c> {
    /// Those with one method and shape of the path.
    pub(super) same: Vec<(&'c Endpoint, &'c Endpoint)>,
    /// Those whose method or path changed.
    pub(super) moved: Vec<(&'c Endpoint, &'c Endpoint)>,
    pub(super) gone: Vec<&'c Endpoint>,
    pub(super) came: Vec<&'c Endpoint>,
}

/// Matches by method and shape of the path: names of parameters do not count. What is left over
/// is matched by what it is sent and answers.
pub(super) fn matches<'c>(old: Side<'c>, new: Side<'c>) -> Matches<'c> {
    let mut by_shape: HashMap<String, Vec<&Endpoint>> = HashMap::new();
    for endpoint in &new.version.endpoints {
        by_shape.entry(shape(new, endpoint)).or_default().push(endpoint);
    }
    let mut found =
        Matches { same: Vec::new(), moved: Vec::new(), gone: Vec::new(), came: Vec::new() };
    let mut taken: Vec<*const Endpoint> = Vec::new();
    for endpoint in &old.version.endpoints {
        let places = by_shape.get_mut(&shape(old, endpoint));
        let other = places.and_then(|places| {
            let key = old.key(endpoint);
            let at = places.iter().position(|other| new.key(other) == key).unwrap_or(0);
            (at < places.len()).then(|| places.remove(at))
        });
        match other {
            Some(other) => {
                taken.push(other);
                found.same.push((endpoint, other));
            }
            None => found.gone.push(endpoint),
        }
    }
    let taken: std::collections::HashSet<*const Endpoint> = taken.into_iter().collect();
    let is_free = |endpoint: &&Endpoint| !taken.contains(&std::ptr::from_ref(*endpoint));
    found.came = new.version.endpoints.iter().filter(is_free).collect();
    moved(&mut found, (old, new));
    found
}

/// `GET /products/{}`
fn shape(side: Side<'_>, endpoint: &Endpoint) -> String {
    let mut shape = endpoint.method.clone();
    for segment in endpoint.route.iter().skip(side.version.prefix.len()) {
        shape.push('/');
        match segment {
            RouteSegment::Literal(text) => shape.push_str(text),
            RouteSegment::Param(_) => shape.push_str("{}"),
            RouteSegment::Parts(parts, of) => {
                shape.push_str(&parts.join(&vec!["{}".to_owned(); of.len()]));
            }
            RouteSegment::Rest(_) => shape.push_str("{*}"),
        }
    }
    shape
}

fn moved<'c>(found: &mut Matches<'c>, (old, new): (Side<'c>, Side<'c>)) {
    // Of very many there is no telling, and no time to try.
    if found.gone.len() * found.came.len() > 10_000 {
        return;
    }
    let mut at = 0;
    while let Some(endpoint) = found.gone.get(at).copied() {
        let alike = found
            .came
            .iter()
            .enumerate()
            .map(|(index, other)| (index, likeness((old, endpoint), (new, other))));
        let best = alike.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, alike)| *alike >= ALIKE);
        match best {
            Some((index, _)) => {
                found.gone.remove(at);
                found.moved.push((endpoint, found.came.remove(index)));
            }
            None => at += 1,
        }
    }
}

/// From 0 to 1: how much two endpoints have in common.
fn likeness((old_side, old): (Side<'_>, &Endpoint), (new_side, new): (Side<'_>, &Endpoint)) -> f64 {
    let path = strsim::jaro_winkler(old_side.path(old), new_side.path(new));
    let answer = |side: Side<'_>, all: &[Success]| {
        let spelled = |one: &Success| {
            let ty = one.ty.as_ref();
            ty.map(|ty| crate::analyse::values::spelling(ty, &side.version.types))
        };
        all.iter().map(spelled).collect::<Vec<_>>()
    };
    let answers = answer(old_side, &old.success) == answer(new_side, &new.success);
    let operations = |endpoint: &Endpoint| {
        endpoint.work.calls.iter().map(|call| call.operation.clone()).collect::<Vec<_>>()
    };
    let work = !old.work.calls.is_empty() && operations(old) == operations(new);
    let method = old.method == new.method;
    let share = |holds: bool, weight: f64| if holds { weight } else { 0.0 };
    path * 0.5 + share(answers, 0.2) + share(work, 0.2) + share(method, 0.1)
}

/// A path that `old` answered and that `new` answers first: it is as literal everywhere, and more
/// literal somewhere. Without the version's prefix.
pub(super) fn taken(
    (old_side, old): (Side<'_>, &Endpoint),
    (new_side, new): (Side<'_>, &Endpoint),
) -> Option<String> {
    let before = old.route.get(old_side.version.prefix.len()..)?;
    let after = new.route.get(new_side.version.prefix.len()..)?;
    if old.method != new.method || before.len() != after.len() {
        return None;
    }
    let mut path = String::new();
    let mut is_more = false;
    for (old_segment, new_segment) in before.iter().zip(after) {
        let text = match (old_segment, new_segment) {
            (RouteSegment::Literal(a), RouteSegment::Literal(b)) if a == b => a.clone(),
            (RouteSegment::Param(at), RouteSegment::Literal(text)) => {
                is_more = true;
                old.params.get(*at).filter(|param| accepts(param, text)).map(|_| text.clone())?
            }
            (RouteSegment::Param(a), RouteSegment::Param(b)) => {
                both(old.params.get(*a)?, new.params.get(*b)?)?
            }
            (RouteSegment::Parts(shape, of), RouteSegment::Literal(text)) => {
                is_more = true;
                let values = shape.split(text)?;
                let fits = of.iter().zip(values).all(|(at, value)| {
                    old.params.get(*at).is_some_and(|param| accepts(param, value))
                });
                fits.then(|| text.clone())?
            }
            (RouteSegment::Param(at), RouteSegment::Parts(shape, of)) => {
                is_more = true;
                let text = spelled(shape, of, new)?;
                old.params.get(*at).filter(|param| accepts(param, &text)).map(|_| text.clone())?
            }
            (RouteSegment::Parts(a, old_of), RouteSegment::Parts(b, new_of)) if a == b => {
                let pairs = old_of.iter().zip(new_of);
                let texts = pairs.map(|(a, b)| both(old.params.get(*a)?, new.params.get(*b)?));
                a.join(&texts.collect::<Option<Vec<_>>>()?)
            }
            (RouteSegment::Parts(a, old_of), RouteSegment::Parts(b, new_of)) => {
                is_more = true;
                let text = spelled(b, new_of, new)?;
                let fits = old_of.iter().zip(a.split(&text)?).all(|(at, value)| {
                    old.params.get(*at).is_some_and(|param| accepts(param, value))
                });
                fits.then_some(text)?
            }
            (
                RouteSegment::Literal(_)
                | RouteSegment::Param(_)
                | RouteSegment::Parts(..)
                | RouteSegment::Rest(_),
                RouteSegment::Literal(_)
                | RouteSegment::Param(_)
                | RouteSegment::Parts(..)
                | RouteSegment::Rest(_),
            ) => return None,
        };
        path.push('/');
        path.push_str(&text);
    }
    is_more.then_some(path)
}

/// A segment with examples of its parameters.
fn spelled(
    shape: &crate::contract::endpoint::Shape,
    of: &[usize],
    endpoint: &Endpoint,
) -> Option<String> {
    let values = of.iter().map(|at| {
        let param = endpoint.params.get(*at)?;
        both(param, param)
    });
    Some(shape.join(&values.collect::<Option<Vec<_>>>()?))
}

fn rule(param: &Param) -> &Rule {
    match &param.kind {
        ParamKind::One(scalar) | ParamKind::Many(scalar, _) => &scalar.rule,
    }
}

fn accepts(param: &Param, text: &str) -> bool {
    super::sets::reads(rule(param), text)
}

/// A text that both parameters accept.
fn both(old: &Param, new: &Param) -> Option<String> {
    let examples = [&old.example, &new.example].into_iter().flatten().filter_map(Const::plain);
    let mut found = examples.filter(|text| accepts(old, text) && accepts(new, text));
    if let Some(text) = found.next() {
        return Some(text);
    }
    match (Texts::of(rule(old), Position::Param), Texts::of(rule(new), Position::Param)) {
        (Some(a), Some(b)) => a.common(&b),
        (None, _) | (_, None) => {
            let tried = super::sets::several(rule(old), 4, Position::Param);
            tried.iter().filter_map(Const::plain).find(|text| accepts(new, text))
        }
    }
}
