//! What no case shows: endpoints, calls, branches, returns and errors.

use super::{CallEnd, Trace};
use crate::contract::work::{Call, Condition, Outcome};
use crate::contract::{Checked, Contract, Endpoint, Version};
use crate::plan::problem_type;
use gatewright_grammar::Span;

/// What cases show of a contract.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// How many things there are to show.
    pub total: usize,
    /// Those that no case shows, in the order of the text.
    pub gaps: Vec<Gap>,
}

/// Something that no case shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap {
    /// `endpoint`, `call`, `on`, `else`, `return` or `error`.
    pub kind: &'static str,
    /// What it is: `GET /v2/products/{id}`, `on 404`.
    pub what: String,
    /// The endpoint it belongs to: `GET /v2/products/{id}`.
    pub endpoint: String,
    /// Where it stands.
    pub span: Span,
}

/// What `traces` show of `contract`. An endpoint counts in every version, because each has a route
/// of its own; what stands in it counts once, however many versions inherit it.
pub fn coverage(contract: &Checked, traces: &[Trace]) -> Coverage {
    let contract = contract.contract();
    let mut all: Vec<Point> = Vec::new();
    for (at, version) in contract.versions.iter().enumerate() {
        for (index, endpoint) in version.endpoints.iter().enumerate() {
            let own = traces.iter().filter(|trace| trace.endpoint == Some((at, index)));
            let own: Vec<&Trace> = own.collect();
            for point in points(contract, version, endpoint, &own) {
                match all.iter_mut().find(|old| old.is_same(&point)) {
                    Some(old) => old.shown |= point.shown,
                    None => all.push(point),
                }
            }
        }
    }
    let total = all.len();
    let mut gaps: Vec<Gap> =
        all.into_iter().filter(|point| !point.shown).map(|point| point.gap).collect();
    gaps.sort_by_key(|gap| gap.span);
    Coverage { total, gaps }
}

/// Something to show.
struct Point {
    gap: Gap,
    shown: bool,
}

impl Point {
    fn is_same(&self, other: &Point) -> bool {
        let (a, b) = (&self.gap, &other.gap);
        let same = a.kind == b.kind && a.span == b.span && a.what == b.what;
        same && (a.kind != "endpoint" || a.endpoint == b.endpoint)
    }
}

fn points(
    contract: &Contract,
    version: &Version,
    endpoint: &Endpoint,
    traces: &[&Trace],
) -> Vec<Point> {
    let name = format!("{} {}", endpoint.method, endpoint.template);
    let point = |kind: &'static str, what: String, span: Span, shown: bool| Point {
        gap: Gap { kind, what, endpoint: name.clone(), span },
        shown,
    };
    let mut found = vec![point("endpoint", name.clone(), endpoint.span, !traces.is_empty())];
    let success = |trace: &&&Trace| (200..300).contains(&trace.status);
    for one in &endpoint.success {
        let returned = traces.iter().any(|trace| trace.status == one.status);
        found.push(point("return", one.status.to_string(), one.span, returned));
    }
    for (at, call) in endpoint.work.calls.iter().enumerate() {
        let ends: Vec<CallEnd> = traces
            .iter()
            .flat_map(|trace| trace.calls.iter().filter(|(other, _)| *other == at))
            .map(|(_, end)| *end)
            .collect();
        let asked = call.operation.clone();
        found.push(point("call", asked, call.span, !ends.is_empty()));
        for (kind, what, shown) in branches(call, &ends) {
            found.push(point(kind, what, call.span, shown));
        }
        if call.fallback.is_some() {
            let skipped = call.when.is_some()
                && traces.iter().any(|trace| {
                    success(&trace) && trace.calls.iter().all(|(other, _)| *other != at)
                });
            let replaced = ends.iter().any(|end| handler(call, *end).is_none() && failed(*end));
            found.push(point(
                "else",
                format!("else of {}", call.operation),
                call.span,
                skipped || replaced,
            ));
        }
    }
    for problem in endpoint.errors.iter().filter_map(|at| version.errors.get(*at)) {
        let kind = problem_type(&contract.api, &problem.name);
        let shown = traces.iter().any(|trace| trace.problem.as_deref() == Some(kind.as_str()));
        found.push(point("error", problem.name.clone(), endpoint.span, shown));
    }
    found
}

/// The `on` branches of a call, and whether one of `ends` takes each.
fn branches(call: &Call, ends: &[CallEnd]) -> Vec<(&'static str, String, bool)> {
    let mut found = Vec::new();
    for (at, branch) in call.handlers.iter().enumerate() {
        let words: Vec<String> = branch.conditions.iter().map(|one| word(*one)).collect();
        let turns = match &branch.outcome {
            Outcome::Fail(..) => " fail",
            Outcome::StandIn(_) => "",
        };
        let what = format!("on {}{turns} of {}", words.join(", "), call.operation);
        found.push(("on", what, ends.iter().any(|end| handler(call, *end) == Some(at))));
    }
    found
}

/// The branch that decides about a call that ended so.
fn handler(call: &Call, end: CallEnd) -> Option<usize> {
    let decides = |conditions: &[Condition]| conditions.iter().any(|one| is(*one, end));
    call.handlers.iter().position(|handler| decides(&handler.conditions))
}

fn failed(end: CallEnd) -> bool {
    !matches!(end, CallEnd::Done | CallEnd::Dropped)
}

/// Whether a condition names this end.
pub(super) fn is(condition: Condition, end: CallEnd) -> bool {
    match (condition, end) {
        (Condition::Status(wanted), CallEnd::Status(status)) => wanted == status,
        (Condition::Class(class), CallEnd::Status(status)) => status / 100 == class,
        (Condition::Timeout, CallEnd::Timeout)
        | (Condition::Unreachable, CallEnd::Unreachable)
        | (Condition::Invalid, CallEnd::Invalid) => true,
        _ => false,
    }
}

/// A condition as it is written.
fn word(condition: Condition) -> String {
    match condition {
        Condition::Status(status) => status.to_string(),
        Condition::Class(class) => format!("{class}xx"),
        Condition::Timeout => "timeout".to_owned(),
        Condition::Unreachable => "unreachable".to_owned(),
        Condition::Invalid => "invalid".to_owned(),
    }
}
