//! Two errors of one version that callers know by one name.

use crate::contract::Contract;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use std::collections::BTreeSet;

pub(super) fn check(contract: &Contract, diagnostics: &mut Diagnostics) {
    let mut told = BTreeSet::new();
    for version in &contract.versions {
        let answered = version.endpoints.iter().flat_map(|endpoint| &endpoint.errors);
        let answered: BTreeSet<usize> = answered.copied().collect();
        let answered: Vec<_> = answered.iter().filter_map(|at| version.errors.get(*at)).collect();
        for (at, new) in answered.iter().enumerate() {
            let kind = new.kind(&contract.api);
            let same = |old: &&&crate::contract::Problem| {
                old.kind(&contract.api) == kind && old.span != new.span
            };
            let Some(old) = answered.iter().take(at).find(same) else { continue };
            if !told.insert((old.span, new.span)) {
                continue;
            }
            let message = format!("callers cannot tell `{}` from `{}`", new.name, old.name);
            diagnostics.push(
                Diagnostic::new(Code::DuplicateName, new.span, message)
                    .label(format!("both are answered as `{kind}`"))
                    .see(old.span, "the other one")
                    .help("give one of them another name, or answer the same one in both places"),
            );
        }
    }
}
