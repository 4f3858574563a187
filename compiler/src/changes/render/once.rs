//! What one line of both texts changes in many places is told once.

use super::{Verdict, is_shown, verdicts};
use crate::changes::{Change, Whom};
use gatewright_grammar::Span;
use std::collections::HashMap;

/// How many endpoints are named that a change reaches beside the first.
const NAMED: usize = 3;

/// A change with the other places that it is noticed at.
pub(super) struct Told {
    /// As it is at the first place, with everybody who is hurt anywhere.
    pub(super) change: Change,
    /// Other places of the same endpoint.
    here: Vec<String>,
    /// Other endpoints.
    elsewhere: Vec<String>,
}

/// What makes two changes one: the same difference, caused at the same place.
#[derive(PartialEq, Eq, Hash)]
struct Cause<'c> {
    rule: &'static str,
    verdict: &'static str,
    backend: Option<&'c str>,
    was: Option<&'c str>,
    is: Option<&'c str>,
    at: (Option<Span>, Option<Span>),
    /// What has no place of its own is only the same within its endpoint.
    endpoint: Option<&'c str>,
}

impl<'c> Cause<'c> {
    fn of(change: &'c Change) -> Self {
        let is_placed = change.old.is_some() || change.new.is_some();
        Self {
            rule: change.rule.id,
            verdict: change.verdict.word(),
            backend: match &change.whom {
                Whom::Callers => None,
                Whom::Backend(name) => Some(name),
                Whom::Operators => Some(""),
            },
            was: change.was.as_deref(),
            is: change.is.as_deref(),
            at: (change.old, change.new),
            endpoint: change.endpoint.as_deref().filter(|_| !is_placed),
        }
    }
}

/// The changes that are shown, in their order, each cause once.
pub(super) fn once(changes: &[Change]) -> Vec<Told> {
    let mut found: Vec<Told> = Vec::new();
    let mut known: HashMap<Cause<'_>, usize> = HashMap::new();
    for change in changes.iter().filter(is_shown) {
        let at = *known.entry(Cause::of(change)).or_insert(found.len());
        let Some(told) = found.get_mut(at) else {
            let change = change.clone();
            found.push(Told { change, here: Vec::new(), elsewhere: Vec::new() });
            continue;
        };
        if told.change.endpoint == change.endpoint {
            told.here.push(change.place.clone());
        } else if let Some(endpoint) = &change.endpoint
            && told.elsewhere.last() != Some(endpoint)
        {
            told.elsewhere.push(endpoint.clone());
        }
        for name in &change.hurts {
            if !told.change.hurts.contains(name) {
                told.change.hurts.push(name.clone());
            }
        }
    }
    found
}

impl Told {
    /// A change that is told at each of its places.
    pub(super) fn alone(change: &Change) -> Self {
        Self { change: change.clone(), here: Vec::new(), elsewhere: Vec::new() }
    }

    /// Where else it is noticed: `` `200.parts[].title`; GET /a, GET /b and 12 more ``.
    pub(super) fn also(&self) -> Option<String> {
        let named = |all: &[String], quote: &str| {
            let names: Vec<String> =
                all.iter().take(NAMED).map(|one| format!("{quote}{one}{quote}")).collect();
            let more = all.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{}{more}", names.join(", "))
        };
        let parts = [(self.here.as_slice(), "`"), (self.elsewhere.as_slice(), "")];
        let said: Vec<String> = parts
            .into_iter()
            .filter(|(all, _)| !all.is_empty())
            .map(|(all, quote)| named(all, quote))
            .collect();
        (!said.is_empty()).then(|| said.join("; "))
    }
}

/// `2 breaking, 1 risky, 4 invisible`: every cause counts once.
pub(super) fn summary(told: &[Told], changes: &[Change]) -> String {
    let hidden = changes.iter().filter(|change| !is_shown(change)).map(|_| Verdict::Invisible);
    let all: Vec<Verdict> = told.iter().map(|one| one.change.verdict).chain(hidden).collect();
    verdicts(&all)
}
