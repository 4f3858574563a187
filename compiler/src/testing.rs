//! Contracts in memory, for the tests beside the code.

use crate::contract::{Contract, Endpoint};
use crate::diagnostic::Diagnostic;
use crate::source::Sources;
use crate::{Analysis, analyse};

/// What stands before a text that has no `api` block.
const PRELUDE: &str = "api shop { }\nbackend one at \"http://one\" { timeout 300ms }\n\
    backend two at \"http://two\" { timeout 300ms }\n";

fn analysed(text: &str) -> Analysis {
    let mut sources = Sources::new();
    if !text.trim_start().starts_with("api ") {
        sources.add("shop.api", PRELUDE);
    }
    sources.add("test.api", text);
    analyse(&sources)
}

/// The findings about a contract, but for backends that it does not call.
pub(crate) fn findings(text: &str) -> Vec<Diagnostic> {
    let mut found = analysed(text).diagnostics;
    found.retain(|one| one.code != crate::diagnostic::Code::UnusedBackend);
    found
}

/// The same as text: `unknown-type: there is no type called `Skuu``.
pub(crate) fn messages(text: &str) -> Vec<String> {
    let found = findings(text);
    found.iter().map(|one| format!("{}: {}", one.code.name(), one.message)).collect()
}

/// A contract without errors; warnings are fine.
pub(crate) fn check(text: &str) -> Contract {
    let analysis = analysed(text);
    let found = analysis.diagnostics.clone();
    let checked = analysis.into_checked();
    checked.unwrap_or_else(|| panic!("{found:#?}\n{text}")).0
}

/// The endpoint that is left when everything else of a version is written around it.
pub(crate) fn endpoint(text: &str) -> Endpoint {
    let contract = check(&format!("version 1 {{ {text} }}"));
    let mut endpoints = contract.versions.into_iter().flat_map(|version| version.endpoints);
    endpoints.next().expect("an endpoint that is built")
}

/// What is found in an endpoint.
pub(crate) fn in_endpoint(text: &str) -> Vec<String> {
    messages(&format!("version 1 {{ {text} }}"))
}
