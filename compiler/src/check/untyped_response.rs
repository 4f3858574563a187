//! `json` in an answer promises nothing.

use super::walk;
use crate::contract::types::Kind;
use crate::contract::{Contract, Version};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

pub(super) fn check(contract: &Contract, diagnostics: &mut Diagnostics) {
    for version in &contract.versions {
        each(version, diagnostics);
    }
}

fn each(version: &Version, diagnostics: &mut Diagnostics) {
    for endpoint in &version.endpoints {
        walk::sent(version, endpoint, &mut |ty, field| {
            if !matches!(ty.kind, Kind::Json) {
                return;
            }
            let what = match field {
                Some(field) => format!("`{}` can be anything", field.name),
                None => format!("`{} {}` can answer anything", endpoint.method, endpoint.template),
            };
            diagnostics.push(
                Diagnostic::new(Code::UntypedResponse, ty.span, what)
                    .label("`json` promises nothing to callers")
                    .note("whatever the backend sends reaches them, members you do not know of too")
                    .help("declare what callers may rely on: `{ id: text, … }`"),
            );
        });
    }
}
