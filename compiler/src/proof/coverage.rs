//! What no case shows: endpoints, calls, branches, returns and errors.

use super::{CallEnd, Trace};
use crate::contract::work::{Call, Condition, Outcome};
use crate::contract::{Checked, Contract, Endpoint, Version};
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
    /// Version, endpoint, call and branch, as indices, in the last version that has it.
    pub(super) at: (usize, usize, Option<usize>, Option<usize>),
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
            let of = Of { version, endpoint, at: (at, index) };
            for point in points(contract, &of, &own) {
                match all.iter_mut().find(|old| old.is_same(&point)) {
                    Some(old) => {
                        old.shown |= point.shown;
                        old.gap.at = point.gap.at;
                        old.gap.endpoint = point.gap.endpoint;
                    }
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

/// An endpoint with its place.
struct Of<'c> {
    version: &'c Version,
    endpoint: &'c Endpoint,
    at: (usize, usize),
}

impl Of<'_> {
    fn name(&self) -> String {
        format!("{} {}", self.endpoint.method, self.endpoint.template)
    }

    fn point(
        &self,
        (kind, what): (&'static str, String),
        span: Span,
        (call, branch): (Option<usize>, Option<usize>),
        shown: bool,
    ) -> Point {
        let at = (self.at.0, self.at.1, call, branch);
        Point { gap: Gap { kind, what, endpoint: self.name(), span, at }, shown }
    }
}

fn points(contract: &Contract, of: &Of<'_>, traces: &[&Trace]) -> Vec<Point> {
    let Of { version, endpoint, .. } = of;
    let whole = (None, None);
    let first = of.point(("endpoint", of.name()), endpoint.span, whole, !traces.is_empty());
    let mut found = vec![first];
    for one in &endpoint.success {
        let shown = traces.iter().any(|trace| trace.status == one.status);
        found.push(of.point(("return", one.status.to_string()), one.span, whole, shown));
    }
    for (at, call) in endpoint.work.calls.iter().enumerate() {
        found.extend(of_call(of, (at, call), traces));
    }
    for problem in endpoint.errors.iter().filter_map(|at| version.errors.get(*at)) {
        let kind = problem.kind(&contract.api);
        let shown = traces.iter().any(|trace| trace.problem.as_deref() == Some(kind.as_str()));
        found.push(of.point(("error", problem.name.clone()), endpoint.span, whole, shown));
    }
    found
}

/// A call and its branches.
fn of_call(of: &Of<'_>, (at, call): (usize, &Call), traces: &[&Trace]) -> Vec<Point> {
    let own = |trace: &&Trace| {
        let ends = trace.calls.iter().find(|(other, _)| *other == at);
        ends.map(|(_, end)| *end)
    };
    let ends: Vec<CallEnd> = traces.iter().filter_map(own).collect();
    let made = (Some(at), None);
    let asked = ("call", call.operation.clone());
    let mut found = vec![of.point(asked, call.span, made, !ends.is_empty())];
    for (index, (what, shown)) in branches(call, &ends).into_iter().enumerate() {
        found.push(of.point(("on", what), call.span, (Some(at), Some(index)), shown));
    }
    if call.fallback.is_some() {
        let success = |trace: &&Trace| (200..300).contains(&trace.status);
        let left_out = |trace: &&Trace| success(trace) && own(trace).is_none();
        let skipped = call.when.is_some() && traces.iter().any(left_out);
        let replaced = ends.iter().any(|end| handler(call, *end).is_none() && failed(*end));
        let what = ("else", format!("else of {}", call.operation));
        found.push(of.point(what, call.span, made, skipped || replaced));
    }
    found
}

/// The `on` branches of a call, and whether one of `ends` takes each.
fn branches(call: &Call, ends: &[CallEnd]) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    for (at, branch) in call.handlers.iter().enumerate() {
        let words: Vec<String> = branch.conditions.iter().map(ToString::to_string).collect();
        let turns = match &branch.outcome {
            Outcome::Fail(..) => " fail",
            Outcome::StandIn(_) => "",
        };
        let what = format!("on {}{turns} of {}", words.join(", "), call.operation);
        found.push((what, ends.iter().any(|end| handler(call, *end) == Some(at))));
    }
    found
}

/// The branch that decides about a call that ended so.
pub(super) fn handler(call: &Call, end: CallEnd) -> Option<usize> {
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
