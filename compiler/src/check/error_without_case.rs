//! A declared error that no case shows: nobody knows whether callers ever get it.

use crate::contract::cases::ProblemName;
use crate::contract::{Contract, Endpoint, Version};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;

/// Only where cases are written at all.
pub(super) fn check(contract: &Contract, diagnostics: &mut Diagnostics) {
    if contract.cases.is_empty() || diagnostics.has_errors() {
        return;
    }
    let mut seen: Vec<Span> = Vec::new();
    // Nobody may rely on a draft.
    for version in contract.versions.iter().filter(|version| !version.draft) {
        for endpoint in &version.endpoints {
            if seen.contains(&endpoint.span) {
                continue;
            }
            seen.push(endpoint.span);
            let errors = endpoint.errors.iter().filter_map(|at| version.errors.get(*at));
            let missing: Vec<&str> = errors
                .map(|problem| problem.name.as_str())
                .filter(|name| !is_shown(contract, endpoint, name))
                .collect();
            if !missing.is_empty() {
                diagnostics.push(finding(version, endpoint, &missing));
            }
        }
    }
}

/// Whether a case of the endpoint, in any version that has it, ends with this error.
fn is_shown(contract: &Contract, endpoint: &Endpoint, name: &str) -> bool {
    contract.cases.iter().any(|case| {
        let Some((version, at)) = case.endpoint else { return false };
        let Some(version) = contract.versions.get(version) else { return false };
        let same = version.endpoints.get(at).is_some_and(|other| other.span == endpoint.span);
        let Some(ProblemName::Declared(index)) = case.reply.problem else { return false };
        same && version.errors.get(index).is_some_and(|problem| problem.name == name)
    })
}

fn finding(version: &Version, endpoint: &Endpoint, missing: &[&str]) -> Diagnostic {
    let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
    let names = names.join(" and ");
    let message = format!("no case shows when {names} is answered");
    let first = missing.first().copied().unwrap_or_default();
    let problem = version.errors.iter().find(|problem| problem.name == first);
    let status = problem.map_or(0, |problem| problem.status);
    let diagnostic = Diagnostic::new(Code::ErrorWithoutCase, endpoint.span, message)
        .label(format!("promises {names}"));
    let diagnostic = match problem {
        Some(problem) => diagnostic.see(problem.span, "declared here"),
        None => diagnostic,
    };
    diagnostic.help(format!("write a case that ends with `then {status} {first}`, or let `gatewright test --write` draft it"))
}
