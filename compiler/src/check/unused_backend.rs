//! A backend that is never called is a variable that must be set for nothing.

use crate::contract::{Contract, Setting};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

pub(super) fn check(contract: &Contract, diagnostics: &mut Diagnostics) {
    // An endpoint with errors is not in the contract, and its calls are not known.
    if diagnostics.has_errors() || diagnostics.has(Code::NotBuiltYet) {
        return;
    }
    let endpoints = contract.versions.iter().flat_map(|version| &version.endpoints);
    let called: Vec<usize> =
        endpoints.flat_map(|endpoint| &endpoint.work.calls).map(|call| call.backend).collect();
    for (at, backend) in contract.backends.iter().enumerate() {
        if called.contains(&at) {
            continue;
        }
        let label = match &backend.address {
            Setting::Env { name, .. } => {
                format!("the gateway would still refuse to start without {name}")
            }
            Setting::Fixed(_) => "nothing would be lost without it".to_owned(),
        };
        diagnostics.push(
            Diagnostic::new(
                Code::UnusedBackend,
                backend.span,
                format!("backend `{}` is never called", backend.name),
            )
            .label(label)
            .help("delete it, or use it"),
        );
    }
}
