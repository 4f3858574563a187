//! A parameter that callers fill in for nothing.

use crate::contract::Contract;
use crate::contract::endpoint::Place;
use crate::contract::visit;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

pub(super) fn check(contract: &Contract, diagnostics: &mut Diagnostics) {
    for endpoint in contract.versions.iter().flat_map(|version| &version.endpoints) {
        let used = visit::params(&endpoint.work);
        for (at, param) in endpoint.params.iter().enumerate() {
            if used.contains(&at) {
                continue;
            }
            let place = match param.place {
                Place::Path(_) | Place::Part(..) | Place::Rest(_) => "path",
                Place::Query => "query",
                Place::Header => "header",
                Place::Cookie => "cookie",
            };
            let diagnostic = Diagnostic::new(
                Code::UnusedParameter,
                param.span,
                format!("`{}` is never used", param.name),
            )
            .label(format!("{place} parameter that reaches no call and no answer"));
            diagnostics.push(diagnostic.help("use it in a call or in the answer, or delete it"));
        }
    }
}
