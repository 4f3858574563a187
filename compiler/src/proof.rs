//! Proofs: what a case needs while it runs, whether it holds, and what no case shows.
//!
//! Nothing here listens or waits. Whoever runs a case passes on what backends were asked, does as
//! [`Play::reaction`] says, and gets a [`Verdict`] for what the gateway answered.

mod blame;
pub(crate) mod compare;
mod coverage;
mod draft;
mod items;
pub(crate) mod json;
mod play;
#[cfg(test)]
mod tests;

pub use coverage::{Coverage, Gap, coverage};
pub use draft::{Rehearsal, rehearsals};
pub use play::{Answered, Asked, Ending, Play, Reaction, Ticket};

use crate::contract::{Checked, Contract, Setting, Variable, VariableKind, Want};
use crate::diagnostic::Diagnostic;
use gatewright_grammar::Span;

/// A case as it is listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// What it shows.
    pub title: String,
    /// Whether it may be asked of a gateway that serves.
    pub smoke: bool,
    /// The title where it stands.
    pub span: Span,
}

/// How a case ended.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Why it does not hold; nothing: it holds.
    pub failure: Option<Diagnostic>,
    /// The machine was too busy: a call ran out of time that the case meant to be answered.
    pub starved: bool,
    /// What the gateway did.
    pub trace: Trace,
}

/// What a gateway did in one case.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The endpoint, as indices of its version and in that.
    pub(crate) endpoint: Option<(usize, usize)>,
    /// Calls that were made, as indices, and how each ended.
    pub(crate) calls: Vec<(usize, CallEnd)>,
    /// The status that was answered; 0 if nothing was.
    pub(crate) status: u16,
    /// The `type` of the problem that was answered.
    pub(crate) problem: Option<String>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallEnd {
    /// With a result.
    Done,
    /// With a status that is not 2xx.
    Status(u16),
    /// It took too long.
    Timeout,
    /// The connection did not last.
    Unreachable,
    /// Its result was refused.
    Invalid,
    /// The gateway did not wait for it.
    Dropped,
}

/// The cases of a contract in the order of the text.
pub fn cases(contract: &Checked) -> Vec<Listed> {
    let listed = |case: &crate::contract::Case| Listed {
        title: case.title.clone(),
        smoke: case.smoke,
        span: case.span,
    };
    contract.contract().cases.iter().map(listed).collect()
}

/// The same contract with every backend at an address from the environment, so that mocks can
/// stand in for all of them. An address that stands in the text becomes the variable
/// `GATEWRIGHT_MOCK_` and the backend's name in capitals.
pub fn mockable(contract: &Checked) -> Checked {
    let mut contract = contract.contract().clone();
    let mut added = Vec::new();
    for backend in &mut contract.backends {
        let Setting::Fixed(_) = &backend.address else { continue };
        let name = format!("GATEWRIGHT_MOCK_{}", backend.name.to_ascii_uppercase());
        added.push(Variable {
            name: name.clone(),
            kind: VariableKind::Url,
            default: None,
            bounds: None,
            wants: Vec::new(),
            about: format!("address of the mock of `{}`", backend.name),
            span: backend.span,
        });
        backend.address = Setting::Env { name, most: None };
    }
    contract.variables.extend(added);
    // A mock of the store would count nothing that one gateway alone does not.
    if let Some(store) = &mut contract.store {
        store.refuse = false;
    }
    Checked(contract)
}

/// The variables that lead to the backends, in their order; [`mockable`] gives every one its own
/// unless two share one.
pub fn addresses(contract: &Checked) -> Vec<(String, String)> {
    let variable = |backend: &crate::contract::Backend| match &backend.address {
        Setting::Env { name, .. } => name.clone(),
        Setting::Fixed(_) => String::new(),
    };
    let backends = &contract.contract().backends;
    backends.iter().map(|backend| (backend.name.clone(), variable(backend))).collect()
}

/// A value that the kind and the bounds of a variable allow: its least, or one of the kind.
pub fn plausible(variable: &Variable) -> String {
    if let Some((least, _)) = &variable.bounds {
        return least.clone();
    }
    let named = variable.name.to_ascii_lowercase();
    let ruled = variable.wants.iter().find_map(|want| match want {
        Want::Rule(scalar) => crate::samples::scalar_value(scalar, &named).plain(),
        Want::Origins => Some("http://localhost".to_owned()),
        // Nobody is there: gateways count for themselves.
        Want::Store => Some("redis://127.0.0.1:1".to_owned()),
        Want::Field | Want::Segment => None,
    });
    if let Some(value) = ruled {
        return value;
    }
    match variable.kind {
        VariableKind::Url => "http://localhost",
        VariableKind::Duration => "1s",
        VariableKind::Int | VariableKind::Number => "1",
        VariableKind::Bool => "false",
        VariableKind::Text | VariableKind::Secret => "mock",
    }
    .to_owned()
}

/// The value of a variable while `case` runs; nothing if the contract has no such variable.
fn setting(contract: &Contract, case: &crate::contract::Case, name: &str) -> Option<String> {
    if let Some((_, value)) = case.env.iter().find(|(other, _)| other == name) {
        return Some(value.clone());
    }
    let variable = contract.variables.iter().find(|variable| variable.name == name)?;
    Some(variable.default.clone().unwrap_or_else(|| plausible(variable)))
}
