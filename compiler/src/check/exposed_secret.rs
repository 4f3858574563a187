//! A secret of the environment in what callers get.

use crate::contract::work::Work;
use crate::contract::{Contract, VariableKind, visit};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

pub(super) fn check(contract: &Contract, diagnostics: &mut Diagnostics) {
    let endpoints = contract.versions.iter().flat_map(|version| &version.endpoints);
    let mut told = Vec::new();
    for work in endpoints.map(|endpoint| &endpoint.work) {
        for at in shown(work) {
            let Some(one) = work.environment.get(at) else { continue };
            let variable = contract.variables.iter().find(|variable| variable.name == one.name);
            let Some(variable) = variable.filter(|one| one.kind == VariableKind::Secret) else {
                continue;
            };
            // An endpoint that several versions have is written once.
            if told.contains(&one.span) {
                continue;
            }
            told.push(one.span);
            let message = format!("callers would be told `{}`, which is a secret", one.name);
            diagnostics.push(
                Diagnostic::new(Code::ExposedSecret, one.span, message)
                    .label("stands in an answer")
                    .see(variable.span, "a secret because of its name, or of where it is sent")
                    .help("leave it out, or give what callers may see a variable of its own"),
            );
        }
    }
}

/// The variables that answers, errors and stand-ins hold, as indices. What only
/// decides which answer is given is not shown.
fn shown(work: &Work) -> Vec<usize> {
    let mut found = Vec::new();
    let mut see = |read| {
        if let visit::Read::Env(at) = read {
            found.push(at);
        }
    };
    work.calls.iter().for_each(|call| visit::failure(call, &mut see));
    let bodies = work.answers.iter().filter_map(|answer| answer.body.as_ref());
    bodies.for_each(|body| visit::build(body, &mut see));
    work.reply.iter().for_each(|reply| visit::reply(reply, &mut see));
    found
}
