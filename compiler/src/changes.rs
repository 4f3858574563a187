//! What changed between two contracts, and whom it hurts.
//!
//! Endpoints are matched by method and shape of the path, types are compared as sets of JSON
//! values in the position where they stand, and every difference falls under a [`Rule`].

mod access;
mod around;
mod cases;
pub mod changelog;
mod endpoints;
mod known;
mod matching;
mod params;
mod registry;
pub mod render;
mod sets;
mod terms;
mod types;
mod values;
mod work;

use crate::contract::{Contract, Endpoint, Version};
use gatewright_grammar::Span;
use known::Known;
pub use registry::{Judged, Mirror, RULES, Rule, Shown};
pub use sets::Position;
use sha2::{Digest, Sha256};
use types::Difference;
pub(crate) use types::{Compare, Declared, Effect};

/// How bad a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nobody notices.
    Invisible,
    /// There is more than before, and nothing old changes.
    Additive,
    /// It depends on data or callers that the contract does not tell about.
    Risky,
    /// Somebody who kept to the old contract can stop working.
    Breaking,
}

impl Verdict {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Invisible => "invisible",
            Verdict::Additive => "additive",
            Verdict::Risky => "risky",
            Verdict::Breaking => "breaking",
        }
    }
}

/// Whom a change concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Those who call the gateway.
    Callers,
    /// Those who run this backend.
    Backend(String),
    /// Those who run the gateway.
    Operators,
}

/// One change.
#[derive(Clone, Debug)]
pub struct Change {
    /// The rule that it falls under.
    pub rule: &'static Rule,
    /// How bad it is here.
    pub verdict: Verdict,
    /// Whom it concerns.
    pub whom: Whom,
    /// The endpoint, `GET /products/{id}`, without the version's prefix; nothing for changes that
    /// are of no endpoint.
    pub endpoint: Option<String>,
    /// Where in it: `request.lines[].sku`, `200.price`, `query size`; may be empty.
    pub place: String,
    /// What it was; nothing for what is new.
    pub was: Option<String>,
    /// What it is; nothing for what is gone.
    pub is: Option<String>,
    /// Why, and a value that shows it.
    pub notes: Vec<String>,
    /// Consumers of the old version that rely on it: names with a way to reach them.
    pub hurts: Vec<String>,
    /// Where the old contract says it.
    pub old: Option<Span>,
    /// Where the new contract says it.
    pub new: Option<Span>,
}

impl Change {
    fn new(id: &str, verdict: Option<Verdict>) -> Self {
        let rule = Rule::named(id).expect("rules are named as they are registered");
        let (whom, usual) = match rule.judged {
            Judged::Backend(verdict) => (Whom::Backend(String::new()), verdict),
            Judged::Operator(verdict) => (Whom::Operators, verdict),
            Judged::Caller(verdict) => (Whom::Callers, verdict),
            Judged::Position(_) | Judged::Sets => (Whom::Callers, Verdict::Risky),
        };
        Self {
            rule,
            verdict: verdict.unwrap_or(usual),
            whom,
            endpoint: None,
            place: String::new(),
            was: None,
            is: None,
            notes: Vec::new(),
            hurts: Vec::new(),
            old: None,
            new: None,
        }
    }

    /// The difference of two types at `position`; `place` is what holds them.
    fn of_types(difference: &Difference, position: Position, place: &str) -> Self {
        let mut change = Self::new(difference.rule, None);
        let verdict = |effect: Effect| match effect {
            Effect::No => Verdict::Invisible,
            Effect::Maybe => Verdict::Risky,
            Effect::Yes => Verdict::Breaking,
        };
        let (narrows, widens) = (verdict(difference.narrows), verdict(difference.widens));
        change.verdict = change.rule.verdict(position, narrows, widens);
        let asked = matches!(position, Position::Param | Position::Request);
        if difference.rule == "field/removed" && asked && difference.narrows == Effect::No {
            change.verdict = Verdict::Risky;
            change.notes.push("it is ignored from here on".to_owned());
        }
        change.place = match (place, difference.path.as_str()) {
            (place, "") => place.to_owned(),
            (place, path) if path.starts_with('[') => format!("{place}{path}"),
            (place, path) => format!("{place}.{path}"),
        };
        let said = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        (change.was, change.is) = (said(&difference.was), said(&difference.is));
        let shown = match position {
            Position::Response => difference.gained.as_ref().map(|v| (v, "can be answered now")),
            Position::Param | Position::Request | Position::Read => {
                difference.lost.as_ref().map(|v| (v, "is refused now"))
            }
        };
        if let Some((value, what)) = shown {
            let json: String = value.json().chars().take(60).collect();
            change.notes.push(format!("{json} {what}"));
        }
        if change.verdict == Verdict::Risky && matches!(change.rule.judged, Judged::Sets) {
            change.notes.push("whether all values stay cannot be told".to_owned());
        }
        (change.old, change.new) = (difference.old, difference.new);
        change
    }

    fn spelled(mut self, was: impl Into<Option<String>>, is: impl Into<Option<String>>) -> Self {
        (self.was, self.is) = (was.into(), is.into());
        self
    }

    fn place(mut self, place: impl Into<String>) -> Self {
        self.place = place.into();
        self
    }

    fn at(mut self, old: impl Into<Option<Span>>, new: impl Into<Option<Span>>) -> Self {
        (self.old, self.new) = (old.into(), new.into());
        self
    }

    fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    fn backend(mut self, name: &str) -> Self {
        self.whom = Whom::Backend(name.to_owned());
        self
    }

    /// What stays the same when texts move: 16 digits made of rule, endpoint, place, old and new.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let part = |text: Option<&str>| text.unwrap_or("-").to_owned();
        for text in [
            self.rule.id.to_owned(),
            part(self.endpoint.as_deref()),
            self.place.clone(),
            part(self.was.as_deref()),
            part(self.is.as_deref()),
        ] {
            hash.update(text.as_bytes());
            hash.update([0]);
        }
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// One version of a contract, to be compared.
#[derive(Clone, Copy)]
pub struct Side<'c> {
    /// The contract.
    pub contract: &'c Contract,
    /// One of its versions.
    pub version: &'c Version,
    known: Option<&'c Known>,
}

impl<'c> Side<'c> {
    /// A version of a contract.
    pub fn of(contract: &'c Contract, version: &'c Version) -> Self {
        Self { contract, version, known: None }
    }

    /// With what is found out about the pair that it is one of.
    fn knowing<'k>(self, known: &'k Known) -> Side<'k>
    where
        'c: 'k,
    {
        Side { contract: self.contract, version: self.version, known: Some(known) }
    }

    /// The path of an endpoint without the version's prefix.
    fn path(&self, endpoint: &'c Endpoint) -> &'c str {
        let prefix = self.version.prefix.iter().map(|segment| segment.len() + 1).sum::<usize>();
        endpoint.template.get(prefix..).unwrap_or(&endpoint.template)
    }

    /// `GET /products/{id}`, without the version's prefix.
    pub(crate) fn key(&self, endpoint: &'c Endpoint) -> String {
        let path = self.path(endpoint);
        format!("{} {}", endpoint.method, if path.is_empty() { "/" } else { path })
    }
}

/// What changed from the old contract to the new one: versions of one label are compared, others
/// came or went. Worst first.
pub fn contracts(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut found = around::contracts(old, new);
    if is_lock(old) || is_lock(new) {
        // A lock does not say what stands around its versions.
        let around = ["wire/", "ops/", "people/", "proof/", "docs/"];
        found.retain(|change| !around.iter().any(|area| change.rule.id.starts_with(area)));
    }
    for version in &new.versions {
        let base = old.versions.iter().find(|other| other.label == version.label);
        // Nobody may rely on a draft, so what becomes of it hurts nobody.
        if let Some(base) = base.filter(|base| !base.draft) {
            let sides = (Side::of(old, base), Side::of(new, version));
            let several = new.versions.len() > 1;
            for mut change in endpoints::versions(sides.0, sides.1) {
                if several && change.endpoint.is_some() {
                    change.endpoint =
                        change.endpoint.map(|key| format!("{key} (version {})", version.label));
                }
                found.push(change);
            }
        }
    }
    sorted(found)
}

/// What changed about how requests name a version.
pub(crate) fn selection(old: &Contract, new: &Contract) -> Option<Change> {
    around::selection(old, new)
}

/// Whether nothing is known but what is published.
fn is_lock(contract: &Contract) -> bool {
    contract.versions.iter().any(|version| version.promised)
}

/// What changed from one version to another. Worst first.
pub fn versions(old: Side<'_>, new: Side<'_>) -> Vec<Change> {
    let mut found = around::backends(old.contract, new.contract);
    found.extend(endpoints::versions(old, new));
    sorted(found)
}

/// By endpoint in the order of its worst change, and within it the worst first.
fn sorted(mut changes: Vec<Change>) -> Vec<Change> {
    let mut worst: std::collections::HashMap<Option<String>, Verdict> = Default::default();
    for change in &changes {
        let slot = worst.entry(change.endpoint.clone()).or_insert(Verdict::Invisible);
        *slot = (*slot).max(change.verdict);
    }
    changes.sort_by_cached_key(|change| {
        let group = worst.get(&change.endpoint).copied().unwrap_or(Verdict::Invisible);
        let last = change.endpoint.is_none();
        (std::cmp::Reverse(group), last, change.endpoint.clone(), std::cmp::Reverse(change.verdict))
    });
    changes
}
