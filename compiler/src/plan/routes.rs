//! Which request leads where: routes folded into one tree, literal segments first.

use super::rules::Rules;
use crate::contract::endpoint::{Endpoint, ParamKind, RouteSegment};
use crate::contract::types::{Rule, Text};
use std::collections::BTreeMap;

/// What remains to be matched of a path.
#[derive(Clone, Debug, Default)]
pub struct Route {
    /// Endpoints whose path ends here, one per method unless guards tell them apart.
    pub here: Vec<Arrival>,
    /// What follows a literal segment.
    pub literals: BTreeMap<String, Route>,
    /// What follows any other segment.
    pub param: Option<Box<Route>>,
    /// Endpoints that take all that follows, if there is anything and nothing else takes it.
    pub rest: Vec<Arrival>,
}

/// An endpoint at the end of a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// The endpoint, as an index into the version's.
    pub endpoint: usize,
    /// Its method.
    pub method: String,
    /// Segments and the statics of the rules they must keep for it.
    pub guards: Vec<(usize, String)>,
}

/// The routes of a version.
pub(crate) fn plan(endpoints: &[Endpoint], rules: &mut Rules<'_>) -> Route {
    let mut root = Route::default();
    for (at, endpoint) in endpoints.iter().enumerate() {
        let arrival = Arrival {
            endpoint: at,
            method: endpoint.method.clone(),
            guards: guards(endpoint, rules),
        };
        root.insert(&endpoint.route, arrival);
    }
    root.settle();
    root
}

fn guards(endpoint: &Endpoint, rules: &mut Rules<'_>) -> Vec<(usize, String)> {
    let segments = endpoint.route.iter().enumerate();
    segments
        .filter_map(|(at, segment)| {
            let RouteSegment::Param(param) = segment else { return None };
            let ParamKind::One(scalar) = &endpoint.params.get(*param)?.kind else { return None };
            // Every text is accepted, or the two of a boolean's are as good as any.
            if scalar.rule == Rule::Bool || scalar.rule == Rule::Text(Text::default()) {
                return None;
            }
            Some((at, rules.scalar(scalar)))
        })
        .collect()
}

impl Route {
    fn insert(&mut self, segments: &[RouteSegment], arrival: Arrival) {
        let Some((first, rest)) = segments.split_first() else {
            self.here.push(arrival);
            return;
        };
        let next = match first {
            RouteSegment::Literal(text) => self.literals.entry(text.clone()).or_default(),
            RouteSegment::Param(_) => self.param.get_or_insert_default(),
            RouteSegment::Rest(_) => {
                self.rest.push(arrival);
                return;
            }
        };
        next.insert(rest, arrival);
    }

    /// A literal segment is also any segment: what a parameter leads to is reached behind it too,
    /// after what the literal leads to itself. What takes the rest of a path is reached behind
    /// everything, after all of it.
    fn settle(&mut self) {
        if let Some(param) = &self.param {
            for route in self.literals.values_mut() {
                route.merge(param);
            }
        }
        for next in self.literals.values_mut().chain(self.param.as_deref_mut()) {
            yield_to(&mut next.here, &self.rest);
            yield_to(&mut next.rest, &self.rest);
            next.settle();
        }
        clear(&mut self.here);
        clear(&mut self.rest);
    }

    fn merge(&mut self, other: &Route) {
        let add = |to: &mut Vec<Arrival>, from: &[Arrival]| {
            let literal: Vec<String> = to.iter().map(|a| a.method.clone()).collect();
            to.extend(from.iter().filter(|new| !literal.contains(&new.method)).cloned());
        };
        add(&mut self.here, &other.here);
        add(&mut self.rest, &other.rest);
        for (text, route) in &other.literals {
            self.literals.entry(text.clone()).or_default().merge(route);
        }
        if let Some(route) = &other.param {
            self.param.get_or_insert_default().merge(route);
        }
    }
}

/// Adds the endpoints of `rest` that are reached in spite of those in `arrivals`: where none has
/// its method, or all that have it also ask for something.
fn yield_to(arrivals: &mut Vec<Arrival>, rest: &[Arrival]) {
    for new in rest {
        let mut same = arrivals.iter().filter(|old| old.method == new.method);
        if same.all(|old| !old.guards.is_empty()) {
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
