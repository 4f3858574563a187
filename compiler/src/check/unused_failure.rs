//! An error that callers are promised, and that nothing answers.

use super::Places;
use crate::contract::work::Outcome;
use crate::contract::{Endpoint, Problem};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::tree::{Base, RespKind};

pub(super) fn check(
    errors: &[Problem],
    endpoint: &Endpoint,
    places: &Places<'_>,
    diagnostics: &mut Diagnostics,
) {
    let raised: Vec<usize> = endpoint
        .work
        .calls
        .iter()
        .flat_map(|call| &call.handlers)
        .filter_map(|handler| match &handler.outcome {
            Outcome::Fail(error, _) => Some(*error),
            Outcome::StandIn(_) => None,
        })
        .collect();
    for response in &places.tree.responses {
        let RespKind::Type(ty) = &response.kind else { continue };
        let Base::Name(name) = &ty.base else { continue };
        let declared = endpoint.errors.iter().copied();
        let known = declared
            .filter_map(|at| Some((at, errors.get(at)?)))
            .find(|(_, problem)| problem.name == name.text);
        let Some((at, problem)) = known else { continue };
        if raised.contains(&at) {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(
                Code::UnusedFailure,
                response.span,
                format!("nothing here answers `{}`", problem.name),
            )
            .label("callers prepare for an error that never comes")
            .help(format!(
                "say when: `on {} fail {}` behind the call that finds out, or delete it",
                problem.status, problem.name
            )),
        );
    }
}
