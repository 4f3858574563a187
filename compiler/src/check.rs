//! Rules that only report: a contract they find fault with can still be built.

mod alike_errors;
pub(crate) mod allow;
mod budget_exceeded;
mod cleartext_address;
mod closed_enum_from_backend;
mod deep_derivation;
mod deprecated_without_date;
mod error_without_case;
mod exposed_secret;
mod exposed_text;
mod int64_for_javascript;
mod long_timeout;
mod mixed_naming;
mod no_timeout;
mod unbounded_input;
mod unsafe_chain;
mod untyped_parameter;
mod untyped_response;
mod unused_backend;
mod unused_failure;
mod unused_field;
mod unused_parameter;
mod unused_type;
mod walk;

pub(crate) use budget_exceeded::{most as longest_of, time as duration};

use crate::contract::types::Types;
use crate::contract::{Backend, Contract, Endpoint, Problem};
use crate::diagnostic::Diagnostics;
use crate::source::Sources;
use gatewright_grammar::Span;
use gatewright_grammar::tree::{self, File};

/// The rules about a contract as a whole.
pub(crate) fn all(
    contract: &Contract,
    files: &[File],
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) {
    text(files, diagnostics);
    unused_backend::check(contract, files, diagnostics);
    unused_type::check(contract, files, sources, diagnostics);
    no_timeout::check(contract, diagnostics);
    unused_parameter::check(contract, diagnostics);
    unused_field::check(contract, diagnostics);
    error_without_case::check(contract, diagnostics);
    untyped_response::check(contract, diagnostics);
    int64_for_javascript::check(contract, diagnostics);
    unbounded_input::check(contract, diagnostics);
    closed_enum_from_backend::check(contract, files, diagnostics);
    cleartext_address::check(contract, files, diagnostics);
    alike_errors::check(contract, diagnostics);
    exposed_secret::check(contract, diagnostics);
    mixed_naming::check(contract, sources, diagnostics);
}

/// The rules that look at the text alone.
fn text(files: &[File], diagnostics: &mut Diagnostics) {
    deep_derivation::check(files, diagnostics);
    deprecated_without_date::check(files, diagnostics);
    long_timeout::check(files, diagnostics);
}

/// What an endpoint can mention, and where its parts are declared.
pub(crate) struct Places<'t> {
    pub(crate) tree: &'t tree::Endpoint,
    /// The clause that sets the budget.
    pub(crate) budget: Option<Span>,
    pub(crate) backends: &'t [Backend],
    pub(crate) types: &'t Types,
    pub(crate) errors: &'t [Problem],
}

/// The rules about one endpoint.
pub(crate) fn endpoint(endpoint: &Endpoint, places: &Places<'_>, diagnostics: &mut Diagnostics) {
    budget_exceeded::check(places.backends, endpoint, places, diagnostics);
    unused_failure::check(places.errors, endpoint, places, diagnostics);
    exposed_text::check((places.types, places.errors), endpoint, places, diagnostics);
    untyped_parameter::check(endpoint, places, diagnostics);
    unsafe_chain::check(endpoint, places, diagnostics);
}
