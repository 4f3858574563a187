//! What a gateway relies on of a backend: what it asks, and what it reads of the answers.

mod pact;
mod schema;
mod shape;

use crate::analyse::values::{list_spelling, rule_spelling, spelling};
use crate::contract::types::{ListBounds, Rule, Types};
use crate::contract::work::{
    Call, Condition, Form, NodeId, Outcome, Parent, PathPart, QueryPart, Shape, Work,
};
use crate::contract::{Backend, Contract, Endpoint, Setting, Version};
pub use pact::{Pact, pact};
pub use schema::schema;
pub(crate) use shape::lines;
use shape::{Names, Shapes};
use std::fmt::Write as _;

/// What is needed of one backend.
#[derive(Debug)]
pub struct Needs<'c> {
    contract: &'c Contract,
    /// The backend.
    pub backend: &'c Backend,
    /// What it is asked, in the order of the text.
    pub operations: Vec<Operation<'c>>,
}

/// A request that a backend is asked.
#[derive(Debug)]
pub struct Operation<'c> {
    /// Method and path, `{}` for what differs: `GET /items/{}`.
    pub key: String,
    /// Who asks it.
    pub calls: Vec<Asked<'c>>,
}

/// A call of an endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'c> {
    /// The version.
    pub version: &'c Version,
    /// The endpoint.
    pub endpoint: &'c Endpoint,
    /// The call.
    pub call: &'c Call,
}

/// A value that is read of a result.
struct Part {
    path: String,
    what: String,
    /// Who needs it to be there.
    needed: Vec<String>,
}

/// What stands for a result as such, and not for a part of it.
const WHOLE: &str = "the whole";

/// What the gateway relies on of the backend called `name`, in all versions or in one; nothing if
/// there is no such backend.
pub fn needs<'c>(contract: &'c Contract, name: &str, version: Option<&str>) -> Option<Needs<'c>> {
    let at = contract.backends.iter().position(|backend| backend.name == name)?;
    let backend = contract.backends.get(at)?;
    let mut operations: Vec<Operation<'c>> = Vec::new();
    for one in &contract.versions {
        if version.is_some_and(|label| one.label != label) {
            continue;
        }
        for endpoint in &one.endpoints {
            for call in endpoint.work.calls.iter().filter(|call| call.backend == at) {
                let asked = Asked { version: one, endpoint, call };
                let key = key(call);
                match operations.iter_mut().find(|operation| operation.key == key) {
                    Some(operation) => operation.calls.push(asked),
                    None => operations.push(Operation { key, calls: vec![asked] }),
                }
            }
        }
    }
    Some(Needs { contract, backend, operations })
}

fn key(call: &Call) -> String {
    let part = |part: &PathPart| match part {
        PathPart::Literal(text) => text.clone(),
        PathPart::Value(_) => "{}".to_owned(),
        PathPart::Rest(_) => "{*}".to_owned(),
    };
    let path: String = call.path.iter().map(part).collect();
    format!("{} {}", call.method, if path.is_empty() { "/" } else { &path })
}

impl Asked<'_> {
    /// `GET /v1/products/{id}`
    pub(crate) fn by(&self) -> String {
        format!("{} {}", self.endpoint.method, self.endpoint.template)
    }

    /// The names of what is sent beside the path.
    fn sends(&self) -> Vec<String> {
        let query = self.call.query.iter().map(|part| match part {
            QueryPart::Literal(text) => format!("query {text}"),
            QueryPart::Value(name, _) | QueryPart::Each(name, _) | QueryPart::Text(name, _) => {
                format!("query {name}")
            }
        });
        let headers = self.call.headers.iter().map(|(name, _)| format!("header {name}"));
        let body = self.call.body.iter().map(|_| "a body".to_owned());
        query.chain(headers).chain(body).collect()
    }

    /// Statuses that have a meaning: `404 is NotFound`.
    fn statuses(&self) -> Vec<String> {
        let mut found = Vec::new();
        for handler in &self.call.handlers {
            let becomes = match &handler.outcome {
                Outcome::Fail(at, _) => {
                    self.version.errors.get(*at).map_or("an error", |one| one.name.as_str())
                }
                Outcome::StandIn(_) => "a value that stands in",
            };
            for condition in &handler.conditions {
                if let Condition::Status(_) | Condition::Class(_) = condition {
                    found.push(format!("{condition} is {becomes}"));
                }
            }
        }
        found
    }
}

/// For people: an operation after the other, with what is sent, needed and told apart.
pub fn text(needs: &Needs<'_>) -> String {
    let backend = needs.backend;
    let address = match &backend.address {
        Setting::Fixed(url) => format!("\"{url}\""),
        Setting::Env { name, .. } => format!("env {name}"),
    };
    let owner = backend.owner.as_ref().map_or_else(String::new, |owner| format!(", owner {owner}"));
    let mut out = format!("{} at {address}{owner}\n", backend.name);
    if needs.operations.is_empty() {
        out.push_str("\nnothing calls it\n");
    }
    for operation in &needs.operations {
        let _ = writeln!(out, "\n{}", operation.key);
        let calls = || operation.calls.iter();
        out += &line("asked by", calls().map(|asked| asked.by()));
        out += &line("sends", calls().flat_map(|asked| asked.sends()));
        out += &line("where", calls().flat_map(|asked| asked.statuses()));
        let parts = parts(operation, &mut short);
        if !parts.is_empty() {
            out.push_str("  reads\n");
        }
        let width = parts.iter().map(|part| part.path.chars().count()).max().unwrap_or(0);
        for part in &parts {
            let needed = match part.needed.len() {
                0 => "may be missing".to_owned(),
                count if count == operation.calls.len() => "needed".to_owned(),
                _ => format!("needed by {}", part.needed.join(", ")),
            };
            let _ = writeln!(out, "    {:width$}  {}; {needed}", part.path, part.what);
        }
    }
    out
}

/// A line with every word once; nothing if there are none.
fn line(name: &str, words: impl Iterator<Item = String>) -> String {
    let mut all: Vec<String> = Vec::new();
    for word in words {
        if !all.contains(&word) {
            all.push(word);
        }
    }
    if all.is_empty() { String::new() } else { format!("  {name} {}\n", all.join(", ")) }
}

/// A value that is read of the results of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    /// Where it stands: `price.amount`; empty for the whole.
    pub(crate) path: String,
    /// What it must be, in the language.
    pub(crate) what: String,
    /// Whether it must be there.
    pub(crate) is_needed: bool,
    /// Who needs it to be there: `GET /v1/products/{id}`.
    pub(crate) needed_by: Vec<String>,
}

impl Read {
    /// `price.amount: decimal(12,2)`; with `?` where it may be missing.
    pub(crate) fn row(&self) -> String {
        let may = if self.is_needed { "" } else { "?" };
        let path = if self.path.is_empty() { WHOLE } else { &self.path };
        format!("{path}{may}: {}", self.what)
    }
}

/// What is read of the results of an operation, by path.
pub(crate) fn reads(operation: &Operation<'_>) -> Vec<Read> {
    read_as(operation, &mut Shapes::default())
}

/// The same, with the declarations that types lead to in `shapes`.
fn read_as(operation: &Operation<'_>, shapes: &mut Shapes) -> Vec<Read> {
    let whole = |path: String| if path == WHOLE { String::new() } else { path };
    let mut spell = |label: &str, types: &Types, one: Spelled<'_>| match one {
        Spelled::Form(form) => shapes.ty(Names { label, types, reads: form.reads }, &form.ty),
        Spelled::Rule(one) => shape::rule(one),
    };
    let mut found: Vec<Read> = parts(operation, &mut spell)
        .into_iter()
        .map(|part| Read {
            path: whole(part.path),
            what: part.what,
            is_needed: !part.needed.is_empty(),
            needed_by: part.needed,
        })
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// What is spelled: a declared type that is read as a whole, or what a scalar must be.
enum Spelled<'w> {
    Form(&'w Form),
    Rule(&'w Rule),
}

/// How it is spelled, given the version's label and types.
type Spell<'s> = dyn FnMut(&str, &Types, Spelled<'_>) -> String + 's;

/// In short, for people.
fn short(_: &str, types: &Types, one: Spelled<'_>) -> String {
    match one {
        Spelled::Form(form) => spelling(&form.ty, types),
        Spelled::Rule(rule) => rule_spelling(rule),
    }
}

/// What all calls read, in the order of first mention.
fn parts(operation: &Operation<'_>, spell: &mut Spell<'_>) -> Vec<Part> {
    let mut found: Vec<Part> = Vec::new();
    for asked in &operation.calls {
        let mut own = Vec::new();
        if let Some(root) = asked.endpoint.work.answered(asked.call) {
            let mut spell =
                |one: Spelled<'_>| spell(&asked.version.label, &asked.version.types, one);
            walk((&asked.endpoint.work, &mut spell), root, "", &mut own);
        }
        for (path, what, needed) in own {
            let by = needed.then(|| asked.by());
            match found.iter_mut().find(|part| part.path == path) {
                Some(part) => {
                    part.needed.extend(by.filter(|by| !part.needed.contains(by)));
                    if !part.what.split(" and ").any(|one| one == what) {
                        part.what = format!("{} and {what}", part.what);
                    }
                }
                None => found.push(Part { path, what, needed: by.into_iter().collect() }),
            }
        }
    }
    found
}

/// Collects path, type and whether it must be there.
fn walk(
    (work, spell): (&Work, &mut dyn FnMut(Spelled<'_>) -> String),
    id: NodeId,
    path: &str,
    found: &mut Vec<(String, String, bool)>,
) {
    let node = work.node(id);
    let path = match &node.parent {
        Parent::Field(_, name) if path.is_empty() => name.clone(),
        Parent::Field(_, name) => format!("{path}.{name}"),
        Parent::Element(_) if path.is_empty() => String::new(),
        Parent::Element(_) => format!("{path}[]"),
        Parent::Call(_) | Parent::Body | Parent::Claims(_) | Parent::ErrorBody(..) => {
            path.to_owned()
        }
    };
    // What is read by a declared type as a whole is that type, whatever is read of it besides.
    let form = node.forms.first().map(|form| spell(Spelled::Form(form)));
    let what = match &node.shape {
        _ if form.is_some() => form,
        Shape::Any => Some("json".to_owned()),
        Shape::AnyScalar => Some("text, number or boolean".to_owned()),
        Shape::Scalar(rules) => {
            let rules = rules.iter().map(|one| spell(Spelled::Rule(&one.rule)));
            Some(rules.collect::<Vec<_>>().join(" and "))
        }
        // What is read of it says that it is one.
        Shape::Record(_) => None,
        Shape::List { min, max, unique, .. } => {
            let bounds = ListBounds { min: *min, max: *max, unique: *unique };
            Some(format!("list{}", list_spelling(&bounds)))
        }
    };
    let shown = if path.is_empty() { WHOLE.to_owned() } else { path.clone() };
    found.extend(what.map(|what| (shown, what, !node.absent_ok && !node.null_ok)));
    match &node.shape {
        Shape::Any | Shape::AnyScalar | Shape::Scalar(_) => {}
        Shape::Record(fields) => {
            fields.iter().for_each(|field| walk((work, spell), *field, &path, found));
        }
        Shape::List { element, .. } => walk((work, spell), *element, &path, found),
    }
}
