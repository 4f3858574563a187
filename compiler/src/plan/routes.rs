//! Which request leads where: routes folded into one tree, literal segments first.

use super::rules::Rules;
use crate::contract::endpoint::{Endpoint, ParamKind, RouteSegment};
use crate::contract::types::Rule;
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
pub(crate) fn plan(endpoints: &[Endpoint], rules: &mut Rules) -> Route {
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

fn guards(endpoint: &Endpoint, rules: &mut Rules) -> Vec<(usize, String)> {
    let segments = endpoint.route.iter().enumerate();
    segments
        .filter_map(|(at, segment)| {
            let RouteSegment::Param(param) = segment else { return None };
            let ParamKind::One(scalar) = &endpoint.params.get(*param)?.kind else { return None };
            if scalar.rule == Rule::Bool {
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
        };
        next.insert(rest, arrival);
    }

    /// A literal segment is also any segment: what a parameter leads to is reached behind it too,
    /// after what the literal leads to itself.
    fn settle(&mut self) {
        if let Some(param) = &self.param {
            for route in self.literals.values_mut() {
                route.merge(param);
            }
        }
        self.literals.values_mut().for_each(Route::settle);
        if let Some(param) = &mut self.param {
            param.settle();
        }
        // Guards matter only between endpoints of one method.
        let count = |arrivals: &[Arrival], method: &str| {
            arrivals.iter().filter(|arrival| arrival.method == method).count()
        };
        let all = self.here.clone();
        for arrival in &mut self.here {
            if count(&all, &arrival.method) == 1 {
                arrival.guards.clear();
            }
        }
    }

    fn merge(&mut self, other: &Route) {
        let literal: Vec<String> = self.here.iter().map(|a| a.method.clone()).collect();
        let new = other.here.iter().filter(|arrival| !literal.contains(&arrival.method));
        self.here.extend(new.cloned());
        for (text, route) in &other.literals {
            self.literals.entry(text.clone()).or_default().merge(route);
        }
        if let Some(route) = &other.param {
            self.param.get_or_insert_default().merge(route);
        }
    }
}
