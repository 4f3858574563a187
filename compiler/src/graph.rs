//! What an endpoint does, as a picture: its calls, what each waits for, and how long all of it can take.

mod dot;
mod svg;
mod text;

use crate::check::{duration, longest_of};
use crate::contract::terms::Cache;
use crate::contract::work::{Comparison, Cond, Fallback, Handler, Keep, NodeId, Operand, Parent};
use crate::contract::{Call, Checked, Condition, Contract, Endpoint, InFlight, Outcome, Version};

/// The calls of one endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// `GET /v1/products/{id}`
    pub endpoint: String,
    /// The budget in milliseconds; nothing if the environment sets it without a bound.
    pub budget: Option<u64>,
    /// For how long answers are used again: `cache 60s`.
    pub cache: Option<String>,
    /// How many requests are answered at once, to all endpoints together: `in flight 200 wait 50ms`.
    pub in_flight: Option<String>,
    /// Calls in the order of the text.
    pub calls: Vec<Step>,
}

/// A call in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// `item`; `_` for a result nobody reads.
    pub name: String,
    /// `catalog GET /items/{id}`
    pub operation: String,
    /// The calls it waits for, as indices into [`Graph::calls`].
    pub after: Vec<usize>,
    /// The latest it can start, in milliseconds behind the request.
    pub start: u64,
    /// The longest it can take with all its attempts, in milliseconds.
    pub longest: u64,
    /// Conditions, and what failures turn into: `when total > 100`, `on 404 fail NotFound`.
    pub notes: Vec<String>,
    /// Whether its failure can fail the endpoint.
    pub required: bool,
    /// Whether it is on the path that takes longest.
    pub critical: bool,
}

impl Step {
    /// The latest it can end, in milliseconds behind the request.
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.longest)
    }
}

impl Graph {
    /// The longest that all calls can take, in milliseconds.
    pub fn worst(&self) -> u64 {
        self.calls.iter().map(Step::end).max().unwrap_or(0)
    }

    /// What `call` waits for, and its notes.
    fn notes(&self, call: &Step) -> Vec<String> {
        let after = call.after.iter().filter_map(|at| self.calls.get(*at));
        let after: Vec<&str> = after.map(|one| one.name.as_str()).collect();
        let after = (!after.is_empty()).then(|| format!("after {}", after.join(", ")));
        after.into_iter().chain(call.notes.iter().cloned()).collect()
    }

    /// What the budget and the worst case are, in one line.
    fn summary(&self) -> String {
        let worst = duration(self.worst());
        let more = self.cache.iter().chain(&self.in_flight);
        let more: String = more.map(|one| format!(", {one}")).collect();
        let times = match self.budget {
            Some(budget) if self.worst() > budget => {
                format!("budget {}, exceeded: worst case {worst}", duration(budget))
            }
            Some(budget) => format!("budget {}, worst case {worst}", duration(budget)),
            None => format!("budget from the environment, worst case {worst}"),
        };
        times + &more
    }
}

/// The endpoints whose key, `GET /v1/products/{id}`, is among `wanted`, in the order of the contract;
/// all of them if nothing is wanted.
///
/// # Errors
///
/// The first of `wanted` that names no endpoint, with all that there are.
pub fn graphs(contract: &Checked, wanted: &[String]) -> Result<Vec<Graph>, (String, Vec<String>)> {
    let contract = contract.contract();
    let versions = contract.versions.iter();
    let all: Vec<(&Version, &Endpoint)> = versions
        .flat_map(|one| one.endpoints.iter().map(move |endpoint| (one, endpoint)))
        .collect();
    let known = || all.iter().map(|(_, endpoint)| key(endpoint));
    if let Some(unknown) = wanted.iter().find(|one| !known().any(|key| key == **one)) {
        return Err((unknown.clone(), known().collect()));
    }
    let chosen = all.iter().filter(|(_, one)| wanted.is_empty() || wanted.contains(&key(one)));
    Ok(chosen.map(|(version, endpoint)| graph(contract, version, endpoint)).collect())
}

/// The graphs as aligned text.
pub fn text(graphs: &[Graph]) -> String {
    text::text(graphs)
}

/// The graphs in the language of Graphviz, one cluster per endpoint.
pub fn dot(graphs: &[Graph]) -> String {
    dot::dot(graphs)
}

/// The graphs as a drawing that needs nothing beside it.
pub fn svg(graphs: &[Graph]) -> String {
    svg::svg(graphs)
}

fn key(endpoint: &Endpoint) -> String {
    format!("{} {}", endpoint.method, endpoint.template)
}

fn graph(contract: &Contract, version: &Version, endpoint: &Endpoint) -> Graph {
    let around = Around { contract, version, endpoint };
    let calls = &endpoint.work.calls;
    let mut steps: Vec<Step> = calls.iter().map(|call| around.step(call)).collect();
    // Calls wait for others in any order of the text, never in a circle.
    for _ in 0..steps.len() {
        for at in 0..steps.len() {
            let ends = |step: &Step| {
                step.after.iter().filter_map(|one| steps.get(*one)).map(Step::end).max()
            };
            let start = steps.get(at).and_then(ends).unwrap_or(0);
            if let Some(step) = steps.get_mut(at) {
                step.start = start;
            }
        }
    }
    critical(&mut steps);
    let cache = endpoint.terms.cache.map(kept);
    let (endpoint, budget) = (key(endpoint), endpoint.timeout.most());
    let in_flight = contract.in_flight.map(at_once);
    Graph { endpoint, budget, cache, in_flight, calls: steps }
}

/// Marks the path that takes longest, from its end to its begin.
fn critical(steps: &mut [Step]) {
    let worst = steps.iter().map(Step::end).max().unwrap_or(0);
    let mut at = steps.iter().position(|step| step.end() == worst);
    while let Some(one) = at {
        let Some(step) = steps.get_mut(one) else { return };
        step.critical = true;
        let (start, after) = (step.start, step.after.clone());
        at = after.into_iter().find(|before| {
            start > 0 && steps.get(*before).is_some_and(|before| before.end() == start)
        });
    }
}

/// `cache private 30s stale 5min`
fn kept(cache: Cache) -> String {
    let private = if cache.private { "private " } else { "" };
    let stale = (cache.stale > 0).then(|| format!(" stale {}", duration(cache.stale)));
    format!("cache {private}{}{}", duration(cache.fresh), stale.unwrap_or_default())
}

/// `in flight 200 wait 50ms`
fn at_once(bound: InFlight) -> String {
    let wait = (bound.wait > 0).then(|| format!(" wait {}", duration(bound.wait)));
    format!("in flight {}{}", bound.most, wait.unwrap_or_default())
}

/// What surrounds a call.
struct Around<'c> {
    contract: &'c Contract,
    version: &'c Version,
    endpoint: &'c Endpoint,
}

impl Around<'_> {
    fn step(&self, call: &Call) -> Step {
        let backend = self.contract.backends.get(call.backend);
        let backend = backend.map_or("", |backend| backend.name.as_str());
        Step {
            name: call.name.clone(),
            operation: format!("{backend} {}", call.operation),
            after: call.after.clone(),
            start: 0,
            longest: longest_of(&self.contract.backends, call),
            notes: self.notes(call),
            required: call.required,
            critical: false,
        }
    }

    fn notes(&self, call: &Call) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(each) = &call.each {
            notes.push(format!("for each of at most {}, 16 at once", each.max));
        }
        if let Some(Keep { fresh, stale }) = call.cache {
            let stale = (stale > 0).then(|| format!(" stale {}", duration(stale)));
            notes.push(format!("cache {}{}", duration(fresh), stale.unwrap_or_default()));
        }
        if call.streams {
            notes.push("a stream, timed to its begin".to_owned());
        }
        if let Some(within) = call.within {
            notes.push(format!("within {}", duration(within)));
        }
        if let Some(copies) = call.copies.and_then(|at| self.contract.backends.get(at)) {
            notes.push(format!("copy to {}", copies.name));
        }
        let backend = self.contract.backends.get(call.backend);
        notes.extend(backend.and_then(|backend| backend.in_flight).map(at_once));
        if let Some(when) = &call.when {
            notes.push(format!("when {}", self.condition(when)));
        }
        notes.extend(call.handlers.iter().map(|handler| self.handler(handler)));
        if let Some(fallback) = &call.fallback {
            notes.push(format!("else {}", stand_in(fallback)));
        }
        notes
    }

    fn handler(&self, handler: &Handler) -> String {
        let words: Vec<String> = handler.conditions.iter().map(ToString::to_string).collect();
        let every = [Condition::Timeout, Condition::Unreachable, Condition::Invalid];
        let head = match every.iter().all(|one| handler.conditions.contains(one)) {
            true => "else".to_owned(),
            false => format!("on {}", words.join(", ")),
        };
        match &handler.outcome {
            Outcome::Fail(error, _) => {
                let error = self.version.errors.get(*error);
                format!("{head} fail {}", error.map_or("", |error| error.name.as_str()))
            }
            Outcome::StandIn(fallback) => format!("{head} {}", stand_in(fallback)),
        }
    }

    fn condition(&self, cond: &Cond) -> String {
        match cond {
            Cond::Is(one) => self.operand(one),
            Cond::Null(one, true) => format!("{} == null", self.operand(one)),
            Cond::Null(one, false) => format!("{} != null", self.operand(one)),
            Cond::Same(a, b, equal) => {
                let op = if *equal { "==" } else { "!=" };
                format!("{} {op} {}", self.operand(a), self.operand(b))
            }
            Cond::Numbers(a, op, b) => {
                let op = match op {
                    Comparison::Equal => "==",
                    Comparison::NotEqual => "!=",
                    Comparison::AtLeast => ">=",
                    Comparison::AtMost => "<=",
                    Comparison::Greater => ">",
                    Comparison::Less => "<",
                };
                format!("{} {op} {}", self.operand(a), self.operand(b))
            }
        }
    }

    fn operand(&self, operand: &Operand) -> String {
        match operand {
            Operand::Param(at) | Operand::Item(at) => {
                self.endpoint.params.get(*at).map_or_else(String::new, |param| param.name.clone())
            }
            Operand::Node(node) => self.path(*node),
            Operand::Env(at) => {
                let variable = self.endpoint.work.environment.get(*at);
                variable.map_or_else(String::new, |one| format!("env {}", one.name))
            }
            Operand::Const(constant) => constant.json(),
            Operand::Or(all) => {
                all.iter().map(|one| self.operand(one)).collect::<Vec<_>>().join(" or ")
            }
            Operand::Each { value, .. } => self.path(*value),
        }
    }

    fn path(&self, node: NodeId) -> String {
        match &self.endpoint.work.node(node).parent {
            Parent::Call(call) => {
                let call = self.endpoint.work.calls.get(*call);
                call.map_or_else(String::new, |call| call.name.clone())
            }
            Parent::Body => "body".to_owned(),
            Parent::Claims(at) => {
                let claims = self.endpoint.work.claims.get(*at);
                claims.map_or_else(String::new, |claims| claims.name.clone())
            }
            Parent::ErrorBody(..) => "error".to_owned(),
            Parent::Field(up, name) => format!("{}.{name}", self.path(*up)),
            Parent::Element(up) => format!("{}[]", self.path(*up)),
        }
    }
}

fn stand_in(fallback: &Fallback) -> String {
    match fallback {
        Fallback::Null => "null".to_owned(),
        Fallback::Const(constant) => {
            let json = constant.json();
            if json.chars().count() <= 40 { json } else { "a value".to_owned() }
        }
        Fallback::Built(_) => "a value".to_owned(),
    }
}
