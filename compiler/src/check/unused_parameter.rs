//! A parameter that callers fill in for nothing.

use crate::contract::endpoint::Place;
use crate::contract::visit::{self, Read};
use crate::contract::{Contract, Endpoint};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

pub(super) fn check(contract: &Contract, diagnostics: &mut Diagnostics) {
    for endpoint in contract.versions.iter().flat_map(|version| &version.endpoints) {
        let used = used(endpoint);
        for (at, param) in endpoint.params.iter().enumerate() {
            if used.contains(&at) {
                continue;
            }
            let place = match param.place {
                Place::Path(_) => "path",
                Place::Query => "query",
                Place::Header => "header",
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

fn used(endpoint: &Endpoint) -> Vec<usize> {
    let mut used = Vec::new();
    let mut see = |read: Read| {
        if let Read::Param(index) = read {
            used.push(index);
        }
    };
    for call in &endpoint.work.calls {
        visit::request(call, &mut see);
        visit::failure(call, &mut see);
    }
    if let Some(answer) = &endpoint.work.answer {
        visit::build(answer, &mut see);
    }
    endpoint.work.reply.iter().for_each(|(_, text)| visit::text(text, &mut see));
    used
}
