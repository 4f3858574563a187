//! A backend that is never called is a variable that must be set for nothing.

use crate::contract::{Contract, Setting};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use gatewright_grammar::Span;
use gatewright_grammar::tree::{File, ItemKind};

pub(super) fn check(contract: &Contract, files: &[File], diagnostics: &mut Diagnostics) {
    // An endpoint with errors is not in the contract, and its calls are not known.
    if diagnostics.has_errors() {
        return;
    }
    let endpoints = contract.versions.iter().flat_map(|version| &version.endpoints);
    let calls = endpoints.flat_map(|endpoint| &endpoint.work.calls);
    let called: Vec<usize> =
        calls.flat_map(|call| [Some(call.backend), call.copies]).flatten().collect();
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
        let message = format!("backend `{}` is never called", backend.name);
        let diagnostic = Diagnostic::new(Code::UnusedBackend, backend.span, message).label(label);
        diagnostics.push(match declaration(files, backend.span) {
            Some(span) => diagnostic.fix("delete it, or use it", span, ""),
            None => diagnostic.help("delete it, or use it"),
        });
    }
}

/// The whole declaration of the backend whose name stands at `name`.
fn declaration(files: &[File], name: Span) -> Option<Span> {
    let mut items = files.iter().flat_map(|file| &file.items);
    let found = items.find(|item| match &item.kind {
        ItemKind::Backend(backend) => backend.name.span == name,
        _ => false,
    });
    found.map(|item| item.span)
}
