//! Which request leads where: routes folded into one tree, literal segments first.

use super::rules::Rules;
use crate::analyse::shapes::{is_within, overlap};
use crate::contract::endpoint::{Endpoint, ParamKind, RouteSegment, Shape};
use crate::contract::types::{Rule, Text};
use std::collections::BTreeMap;

/// What remains to be matched of a path.
#[derive(Clone, Debug, Default)]
pub struct Route {
    /// Endpoints whose path ends here, one per method unless guards tell them apart.
    pub here: Vec<Arrival>,
    /// What follows a literal segment.
    pub literals: BTreeMap<String, Route>,
    /// What follows segments that hold parameters and texts, in the order in which they are tried.
    pub parts: Vec<Part>,
    /// What follows any other segment.
    pub param: Option<Box<Route>>,
    /// Endpoints that take all that follows, if there is anything and nothing else takes it.
    pub rest: Vec<Arrival>,
}

/// What follows a segment that holds parameters and texts.
#[derive(Clone, Debug)]
pub struct Part {
    /// What the segment looks like.
    pub shape: Shape,
    /// The static of that.
    pub ident: String,
    /// What follows.
    pub next: Route,
}

/// An endpoint at the end of a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// The endpoint, as an index into the version's.
    pub endpoint: usize,
    /// Its method.
    pub method: String,
    /// Segments and the statics of what they must look like: the way to this place does not say so.
    pub shapes: Vec<(usize, String)>,
    /// The rules that parameters must keep for it.
    pub guards: Vec<Guard>,
}

/// A rule that a parameter of a path must keep.
#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    /// The segment.
    pub segment: usize,
    /// The static of its shape and the number of the value, for one that is only a part of it.
    pub part: Option<(String, usize)>,
    /// The static of the rule.
    pub rule: String,
}

/// The routes of a version.
pub(crate) fn plan(endpoints: &[Endpoint], rules: &mut Rules<'_>) -> Route {
    let mut root = Route::default();
    for (at, endpoint) in endpoints.iter().enumerate() {
        let arrival = Arrival {
            endpoint: at,
            method: endpoint.method.clone(),
            shapes: Vec::new(),
            guards: guards(endpoint, rules),
        };
        root.insert(&endpoint.route, arrival, rules);
    }
    root.settle(0);
    root
}

fn guards(endpoint: &Endpoint, rules: &mut Rules<'_>) -> Vec<Guard> {
    let mut guards = Vec::new();
    for (segment, one) in endpoint.route.iter().enumerate() {
        let params: Vec<(usize, Option<(String, usize)>)> = match one {
            RouteSegment::Param(param) => vec![(*param, None)],
            RouteSegment::Parts(shape, of) => {
                let shape = rules.shape(shape);
                let numbered = of.iter().enumerate();
                numbered.map(|(at, param)| (*param, Some((shape.clone(), at)))).collect()
            }
            RouteSegment::Literal(_) | RouteSegment::Rest(_) => Vec::new(),
        };
        for (param, part) in params {
            let kind = endpoint.params.get(param).map(|param| &param.kind);
            let Some(ParamKind::One(scalar)) = kind else { continue };
            // Every text is accepted, or the two of a boolean's are as good as any.
            if scalar.rule != Rule::Bool && scalar.rule != Rule::Text(Text::default()) {
                guards.push(Guard { segment, part, rule: rules.scalar(scalar) });
            }
        }
    }
    guards
}

impl Route {
    fn insert(&mut self, segments: &[RouteSegment], arrival: Arrival, rules: &mut Rules<'_>) {
        let Some((first, rest)) = segments.split_first() else {
            self.here.push(arrival);
            return;
        };
        let next = match first {
            RouteSegment::Literal(text) => self.literals.entry(text.clone()).or_default(),
            RouteSegment::Parts(shape, _) => self.part(shape, || rules.shape(shape)),
            RouteSegment::Param(_) => self.param.get_or_insert_default(),
            RouteSegment::Rest(_) => {
                self.rest.push(arrival);
                return;
            }
        };
        next.insert(rest, arrival, rules);
    }

    /// What follows a segment of this shape. What looks like another shape too stands before it.
    fn part(&mut self, shape: &Shape, ident: impl FnOnce() -> String) -> &mut Route {
        let known = self.parts.iter().position(|part| part.shape == *shape);
        let at = known.unwrap_or_else(|| {
            let wider = self.parts.iter().position(|part| is_within(shape, &part.shape));
            let at = wider.unwrap_or(self.parts.len());
            let (shape, next) = (shape.clone(), Route::default());
            self.parts.insert(at, Part { shape, ident: ident(), next });
            at
        });
        &mut self.parts.get_mut(at).expect("the place was found or made").next
    }

    /// A literal segment is also any segment: what a parameter leads to is reached behind it too,
    /// after what the literal leads to itself. What takes the rest of a path is reached behind
    /// everything, after all of it. `depth` is how many segments lead here.
    fn settle(&mut self, depth: usize) {
        let parts = self.parts.clone();
        for (text, route) in &mut self.literals {
            let looks = parts.iter().filter(|part| part.shape.split(text).is_some());
            looks.for_each(|part| route.merge(&part.next));
        }
        for (at, part) in self.parts.iter_mut().enumerate() {
            for other in parts.iter().skip(at + 1).filter(|one| overlap(&part.shape, &one.shape)) {
                let mut next = other.next.clone();
                if !is_within(&part.shape, &other.shape) {
                    next.only(&(depth, other.ident.clone()));
                }
                part.next.merge(&next);
            }
        }
        let parts = self.parts.iter_mut().map(|part| &mut part.next);
        if let Some(param) = &self.param {
            self.literals.values_mut().chain(parts).for_each(|route| route.merge(param));
        }
        let parts = self.parts.iter_mut().map(|part| &mut part.next);
        let all = self.literals.values_mut().chain(parts).chain(self.param.as_deref_mut());
        for next in all {
            yield_to(&mut next.here, &self.rest);
            yield_to(&mut next.rest, &self.rest);
            next.settle(depth + 1);
        }
        clear(&mut self.here);
        clear(&mut self.rest);
    }

    /// Says of everything below that a segment must look so.
    fn only(&mut self, shape: &(usize, String)) {
        for arrival in self.here.iter_mut().chain(&mut self.rest) {
            arrival.shapes.push(shape.clone());
        }
        let parts = self.parts.iter_mut().map(|part| &mut part.next);
        let all = self.literals.values_mut().chain(parts).chain(self.param.as_deref_mut());
        all.for_each(|next| next.only(shape));
    }

    fn merge(&mut self, other: &Route) {
        yield_to(&mut self.here, &other.here);
        yield_to(&mut self.rest, &other.rest);
        for (text, route) in &other.literals {
            self.literals.entry(text.clone()).or_default().merge(route);
        }
        for part in &other.parts {
            self.part(&part.shape, || part.ident.clone()).merge(&part.next);
        }
        if let Some(route) = &other.param {
            self.param.get_or_insert_default().merge(route);
        }
    }
}

/// Adds the endpoints of `others` that are reached in spite of those in `arrivals`: where none has
/// its method, or all that have it also ask for something that it does not.
fn yield_to(arrivals: &mut Vec<Arrival>, others: &[Arrival]) {
    for new in others {
        let asks = |old: &Arrival| {
            !old.shapes.is_empty() || old.guards.iter().any(|guard| !new.guards.contains(guard))
        };
        if arrivals.iter().filter(|old| old.method == new.method).all(asks) {
            arrivals.push(new.clone());
        }
    }
}

/// Guards matter only between endpoints of one method.
fn clear(arrivals: &mut [Arrival]) {
    let methods: Vec<String> = arrivals.iter().map(|arrival| arrival.method.clone()).collect();
    for arrival in arrivals {
        if methods.iter().filter(|method| **method == arrival.method).count() == 1 {
            arrival.guards.clear();
        }
    }
}
